"""All that the agent has started: which processes these are, and how they are ended."""

import os
import sys
import time

from .cgroup import Cgroup
from .leftovers import Leftovers
from .process_table import (
    Process,
    children_from_proc,
    process_from_proc,
    processes_from_proc,
    processes_from_ps,
    with_variable_from_ps,
)
from .signals import signal

RUN_VARIABLE = b"CCSCHED_RUN_ID"
"""In the environment of every process of a run, unless it has taken care to be without."""
FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.1
"""Seconds between two looks whether what was told to end is gone."""
KILL_PATIENCE = 10.0
"""Seconds of SIGKILL after which processes are given up: another user's cannot be signalled."""
CHASE = 0.05
"""Seconds at a time in which children are killed as they come, without a look at anything else."""


class Descendants:
    """All that the agent has started and that still runs, in whichever session or group."""

    def __init__(self, root: int, adopts: bool) -> None:
        """``adopts``: orphans become children of the root, so that none can get out of sight."""
        self.adopts = adopts
        self.agent = -1
        self.cgroup = Cgroup(None)
        """Where the agent runs, and all that it starts."""
        self.run = b""
        """The value of the run's variable, by which orphans are found that nobody adopts."""
        self.seen = True
        """Whether the last look showed anything; if not, nothing is known of who runs."""
        self._root = root
        self._known: dict[int, bytes] = {}

    def running(self) -> list[Process]:
        """Those that run now, as far as it can be seen."""
        try:
            table = processes_from_proc() if sys.platform == "linux" else processes_from_ps()
            orphans = [] if self.adopts else self._orphans(table)
        except OSError:  # no file or process to be had just now; the caller looks again
            self.seen = False
            return []
        self.seen = True
        children: dict[int, list[Process]] = {}
        groups: dict[int, list[Process]] = {}
        for row in table:
            children.setdefault(row.parent, []).append(row)
            groups.setdefault(row.group, []).append(row)
        own_group = os.getpgid(self._root)
        found = {}
        reached = [*children.get(self._root, ()), *orphans]
        while reached:
            row = reached.pop()
            if row.pid not in found and row.pid != self._root:
                found[row.pid] = row
                reached += children.get(row.pid, ())
                # Its group are descendants, too: one comes into a group by birth, or from within its session.
                reached += groups.pop(row.group, ()) if row.group != own_group else ()
        self._known = {row.pid: row.start for row in found.values()}
        return list(found.values())

    def _orphans(self, table: list[Process]) -> list[Process]:
        """Those that can be told to be of this run even if their parents have ended."""
        known = [row for row in table if row.group == self.agent or self._known.get(row.pid) == row.start]
        if self.run and sys.platform != "linux":
            known += with_variable_from_ps(table, RUN_VARIABLE + b"=" + self.run)
        return known

    def tell(self, rows: list[Process]) -> None:
        """Ask processes to end."""
        for row in rows:
            if self._now(row):
                _signal(row.pid, signal.SIGTERM)
                _signal(row.pid, signal.SIGCONT)  # a stopped process would not see it before

    def kill(self, rows: list[Process]) -> None:
        """End processes, each with all of its group at once: what it has forked in the meantime is in there, too."""
        spared = {0, 1, os.getpgid(self._root)}
        for row in rows:
            if now := self._now(row):
                _signal(now.pid, signal.SIGKILL)
                if now.group not in spared:
                    spared.add(now.group)
                    _signal(-now.group, signal.SIGKILL)
        self.cgroup.kill()

    def chase(self) -> None:
        """Kill orphans as they come: some replace themselves faster than the process table can be read."""
        killed: set[int] = set()
        give_up_at = time.monotonic() + CHASE
        while time.monotonic() < give_up_at:
            # A child of ours keeps its pid until we have reaped it, so that no other process can be hit.
            fresh = [pid for pid in children_from_proc() if pid not in killed]
            if not fresh:
                return
            for pid in fresh:
                _signal(pid, signal.SIGKILL)
            killed.update(fresh)

    def _now(self, row: Process) -> Process | None:
        """A process as it is now; None if it has ended, also if its pid has a new owner."""
        if sys.platform != "linux":
            return row
        now = process_from_proc(row.pid)
        return now if now and now.start == row.start else None


class Ending:
    """SIGTERM to all that run, and SIGKILL to those that still do when their grace is over."""

    def __init__(self, descendants: Descendants, leftovers: Leftovers) -> None:
        self.look_at: float | None = None
        """When there is something to do again; None before the beginning."""
        self._kill_at = 0.0
        self._give_up_at = 0.0
        self._descendants = descendants
        self._leftovers = leftovers
        self._killed: dict[int, bytes] = {}
        self._pause = FIRST_PAUSE

    def begin(self, rows: list[Process], now: float, grace: float) -> None:
        """Tell processes to end within a grace, in seconds; one that was given before is not made longer."""
        kill_at = now + grace
        self._kill_at = kill_at if self.look_at is None else min(kill_at, self._kill_at)
        self._give_up_at = self._kill_at + KILL_PATIENCE
        self.look_at = self._kill_at
        self._descendants.tell(rows)

    def go_on(self, now: float) -> list[Process]:
        """Kill all that still run, if it is time to; who they are."""
        rows = self._descendants.running()
        if now >= self._kill_at:
            self._kill(rows, now)
        self.look_soon(now)
        return rows

    def _kill(self, rows: list[Process], now: float) -> None:
        self._leftovers.add([row for row in rows if row.pid != self._descendants.agent], "SIGKILL")
        self._descendants.kill(rows)
        if self._descendants.adopts:
            self._descendants.chase()
        is_hidden = self._descendants.adopts and self._descendants.seen and not rows
        if is_hidden or any(self._killed.get(row.pid) != row.start for row in rows):
            # They have become more, or others: no reason to think that they cannot be ended.
            self._give_up_at = now + KILL_PATIENCE
            self._pause = FIRST_PAUSE
        self._killed = {row.pid: row.start for row in rows}

    def is_in_vain(self, now: float) -> bool:
        """Whether those that run have been killed for long, and nothing came of it."""
        return now >= self._give_up_at

    def look_soon(self, now: float) -> None:
        """Go on before the grace is over: what is gone by then need not be waited for."""
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self.look_at = now + self._pause
        if now < self._kill_at:
            self.look_at = min(self.look_at, self._kill_at)


def _signal(target: int, signum: int) -> None:
    try:
        os.kill(target, signum)
    except (ProcessLookupError, PermissionError):
        return
