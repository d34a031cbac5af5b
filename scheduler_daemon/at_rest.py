"""What can be done with a home while no daemon runs: back it up, and restore it also where its record is damaged.

Everything here is called by who holds the home.
"""

import contextlib
import sys
from pathlib import Path

from scheduler_daemon.home import Home
from scheduler_daemon.run.supervisor.process_table import process_from_proc, processes_from_ps
from scheduler_daemon.store import backup
from scheduler_daemon.store.archive import NoBackup
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.replacement import put_in_place
from scheduler_daemon.store.restoration import make_ready


class NotDone(Exception):
    """It was not done; the message says why and what to do."""


def back_up(home: Home, file: Path) -> str:
    """Write a backup, without logs; what to tell the person.

    Raises:
        NotDone: when it cannot be made.
    """
    try:
        made = backup.back_up(home, file)
    except backup.AlreadyThere as error:
        raise NotDone(f"{error}; remove it first, or name another") from error
    except (backup.Refused, StoreUnavailable, OSError) as error:
        raise NotDone(str(error)) from error
    return f"backed up {home.path} to {file}: {_counted(made.counts)}"


def restore(home: Home, file: Path) -> str:
    """Put a backup in the place of the record, sound or not; what to tell the person.

    Raises:
        NotDone: when the file is no backup, or a run lives.
    """
    try:
        put_in_place(home)
        if living := _living(home):
            raise NotDone(
                f"the backup knows nothing of runs that are under way: {', '.join(living)}; wait for their end, "
                "or end them with: kill PID"
            )
        ready = make_ready(home, file)
        ready.replacement.announce()
        kept = put_in_place(home)
    except (NoBackup, StoreUnavailable, OSError) as error:
        raise NotDone(str(error)) from error
    return (
        f"restored {home.path} from {file}: {_counted(ready.contents.counts)}\n"
        f"what was there before is in {kept}\n"
        f"now start the daemon: {home.ccschedd()}, or as you have it started otherwise"
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name.removesuffix('s') if number == 1 else name}" for name, number in counts.items())


def _living(home: Home) -> list[str]:
    """The supervisors that live, as ``RUN (pid PID)``."""
    found = []
    for claim in home.run_folder("").glob("**/claim"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(claim.read_text())
            if b"ccsched-supervisor" in _command(pid):
                found.append(f"{claim.relative_to(home.run_folder('')).parts[0]} (pid {pid})")
    return found


def _command(pid: int) -> bytes:
    if sys.platform == "linux":
        row = process_from_proc(pid)
    else:
        row = next((each for each in processes_from_ps() if each.pid == pid), None)
    return row.command() if row else b""
