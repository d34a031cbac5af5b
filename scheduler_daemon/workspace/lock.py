"""One git at a time for each directory, also across a daemon that was killed."""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler_daemon.workspace import WorkspaceRefused

_LONGEST_KEY = 2**16


class WorkspaceBusy(WorkspaceRefused):
    """Something of ours still works in the directory."""


@contextmanager
def hold(lock_folder: Path, key: str, timeout: float = 30.0) -> Iterator[int]:
    """Hold the lock of the directory ``key`` names, waiting at most ``timeout`` seconds for it.

    Yields the lock's file descriptor. A git that inherits it keeps the lock after this process was
    killed, so the next daemon looks at the directory only when that git is done.

    Raises:
        WorkspaceBusy: another process, or a git it left behind, has held the lock all the time.
    """
    lock_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = lock_folder / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline, pause = time.monotonic() + timeout, 0.005
        while not _taken(descriptor):
            if time.monotonic() + pause > deadline:
                raise WorkspaceBusy(
                    f"another git is still at work for {key} after {timeout:.0f} seconds; "
                    f"see who it is with `fuser {path}`, and try again when it has ended"
                )
            # flock cannot wait with a time limit.
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)
        _write_down(descriptor, key)
        try:
            yield descriptor
        finally:
            # Closing is not enough: a process that a hook left behind may have the descriptor too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def known(lock_folder: Path) -> list[str]:
    """Every directory that was ever locked, as its key names it, sorted."""
    found = set()
    for path in lock_folder.glob("*.lock"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            found.add(file.read(_LONGEST_KEY).decode("utf-8", "surrogateescape"))
    return sorted(found - {""})


def _write_down(descriptor: int, key: str) -> None:
    """Let the lock file say whose it is: of a job that was deleted nothing else tells where it worked."""
    # A full disk takes no name, and the lock holds without one.
    with contextlib.suppress(OSError):
        if os.fstat(descriptor).st_size == 0:
            os.pwrite(descriptor, key.encode("utf-8", "surrogateescape"), 0)
