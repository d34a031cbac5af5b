"""Ends what a run has left behind whose supervisor is gone, and could not do so itself."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from scheduler_daemon.run.delegation import own_cgroup
from scheduler_daemon.run.supervisor.cgroup import Cgroup
from scheduler_daemon.run.supervisor.descendants import RUN_VARIABLE
from scheduler_daemon.run.supervisor.process_table import (
    Process,
    process_from_proc,
    processes_from_proc,
    processes_from_ps,
    with_variable_from_ps,
)

PATIENCE = 5.0
"""Seconds of SIGKILL after which what is left is given up."""
_PAUSE = 0.02
_COMMAND_LENGTH = 200


def end_strays(run_id: object, cgroup: str | None) -> list[str]:
    """Kill all that is in the run's cgroup or has its id in the environment, and all that these have started.

    Not us, and nothing that we have started: if it was this run that started us, all these are of other runs.

    Returns their pids and command lines. It blocks until they are gone, some seconds at the most.
    """
    own = Cgroup(os.fsencode(cgroup) if cgroup and not _within(cgroup) else None)
    ended: dict[tuple[int, bytes], str] = {}
    give_up_at = time.monotonic() + PATIENCE
    while (found := [*_members(own), *_of_run(str(run_id))]) and time.monotonic() < give_up_at:
        for row in found:
            command = row.command().decode(errors="replace")[:_COMMAND_LENGTH]
            ended.setdefault((row.pid, row.start), f"{command} (pid {row.pid}, SIGKILL)")
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(row.pid, signal.SIGKILL)
        own.kill()
        time.sleep(_PAUSE)
    own.remove()
    return list(ended.values())


def _within(cgroup: str) -> bool:
    """Whether we are in this cgroup ourselves, or below it."""
    ours = own_cgroup()
    return ours is not None and ours.is_relative_to(cgroup)


def _members(cgroup: Cgroup) -> list[Process]:
    return [row for pid in cgroup.members() if (row := process_from_proc(pid))]


def _of_run(run_id: str) -> list[Process]:
    variable = RUN_VARIABLE + b"=" + run_id.encode()
    try:
        if sys.platform == "linux":
            table = processes_from_proc()
            marked = [row for row in table if variable in _environment(row.pid)]
        else:
            table = processes_from_ps()
            marked = with_variable_from_ps(table, variable)
    except OSError:
        return []
    us = [row for row in table if row.pid == os.getpid()]
    ours = us if os.environ.get(RUN_VARIABLE.decode()) != run_id else _with_descendants(us, table)
    spared = {row.pid for row in ours}
    others = [row for row in table if row.pid not in spared]
    return _with_descendants([row for row in marked if row.pid not in spared], others)


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or gone
        return []


def _with_descendants(rows: Iterable[Process], table: list[Process]) -> list[Process]:
    children: dict[int, list[Process]] = {}
    for row in table:
        children.setdefault(row.parent, []).append(row)
    found: dict[int, Process] = {}
    reached = list(rows)
    while reached:
        row = reached.pop()
        if row.pid not in found:
            found[row.pid] = row
            reached += children.get(row.pid, ())
    return list(found.values())
