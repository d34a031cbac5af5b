"""Do the tasks hear of the changes that they wait for, and is there room for more watches?"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from scheduler_daemon.examination.finding import Check, Finding, failed, ok, skipped, warning
from scheduler_daemon.examination.subject import Subject

GROUP = "machine"
_LIMITS = Path("/proc/sys/fs/inotify")
_FULL = 0.8
"""Of what a user may have; beyond it, somebody should look."""
_MORE = {"max_user_watches": 1048576, "max_user_instances": 1024}
_INSTANCE = "anon_inode:inotify"


def of_watches(subject: Subject) -> list[Check]:
    """The checks of what tasks watch."""
    enabled = {task.id: task for task in subject.enabled()}

    def watches() -> list[Finding]:
        found: list[Finding] = []
        for task_id, status in subject.watches.items():
            task = enabled.get(task_id)
            if task is None:
                continue
            told = f"{subject.named(task)}: {task.schedule.watch_path}"
            fix = f"ccsched tasks get {str(task_id)[:8]}"
            match status.kind:
                case "native":
                    found.append(ok(told))
                case "polling":
                    found.append(warning(f"{told} is looked at every few seconds: {status.reason}", fix))
                case "waiting":
                    found.append(warning(f"{told}: {status.reason}", fix))
                case _:
                    found.append(failed(f"{told} cannot be watched: {status.reason}", fix))
        return found or [skipped("no task watches files")]

    def inotify() -> list[Finding]:
        if sys.platform != "linux" or not any(task_id in enabled for task_id in subject.watches):
            return [skipped("no task watches files, or the system has no such limits")]
        used = dict(zip(_MORE, _used(os.getuid()), strict=True))
        allowed = {name: int((_LIMITS / name).read_text()) for name in _MORE}
        return room(used, allowed)

    return [Check(GROUP, "file watches", watches), Check(GROUP, "inotify", inotify)]


def room(used: dict[str, int], allowed: dict[str, int]) -> list[Finding]:
    """What is to be said of what a user's processes have of inotify, and may have, by the limit's name."""
    return [
        warning(
            f"{used[name]} of {allowed[name]} {name.removeprefix('max_user_')} are in use",
            f"sudo sysctl fs.inotify.{name}={_MORE[name]}",
        )
        for name in used
        if used[name] > _FULL * allowed[name]
    ] or [
        ok(
            f"{used['max_user_watches']} of {allowed['max_user_watches']} watches and "
            f"{used['max_user_instances']} of {allowed['max_user_instances']} instances in use"
        )
    ]


def _used(user: int) -> tuple[int, int]:
    """Watches and instances of all processes of a user; see proc_pid_fdinfo(5)."""
    watches = instances = 0
    for process in Path("/proc").glob("[0-9]*"):
        # Processes come and go, and some are closed to us.
        with contextlib.suppress(OSError):
            if process.stat().st_uid == user:
                for count in _of_process(process):
                    instances += 1
                    watches += count
    return watches, instances


def _of_process(process: Path) -> Iterator[int]:
    """How many watches each of its instances has."""
    with os.scandir(process / "fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if os.readlink(entry.path) == _INSTANCE:  # noqa: PTH115
                    yield (process / "fdinfo" / entry.name).read_bytes().count(b"inotify wd:")
