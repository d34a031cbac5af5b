"""Which process holds a home: the lock that says so, and the file with its process id for those who want one.

Standard library only, for the client asks it too.
"""

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from scheduler_daemon.home import Home

_LOOK = 0.02
"""Seconds between two tries."""
_GLANCE = 0.2
"""Seconds in which who only looks whether a lock is held has let it go."""
_NAMED = 1.0
"""Seconds in which who has taken a lock has written its process id."""


class OutOfSight(Exception):
    """A daemon holds the home, and which process it is cannot be seen from here; the message says what to do."""


class InTheWay(Exception):
    """Where the process id is to be written there is something else; the message says what to do."""


def hold(lock: int) -> bool:
    """Take the lock of an open file, which is held until the file is closed; False where another process has it."""
    deadline = time.monotonic() + _GLANCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK)
        else:
            return True


def holder(home: Home) -> int | None:
    """The process id of the daemon that holds a home; None where there is none.

    The lock file's content is believed only while the lock is held, and only of a process that has the file open: a
    daemon that was killed leaves its process id there, and by then it may be another's.

    Raises:
        OutOfSight: one holds it, in another container for example.
        OSError: the lock cannot be looked at.
    """
    try:
        lock = os.open(home.lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        deadline = time.monotonic() + _NAMED
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                return None
            said = os.pread(lock, 20, 0).strip()
            if said.isdigit() and _has_open(int(said), lock):
                return int(said)
            if time.monotonic() > deadline:
                raise OutOfSight(
                    f"A daemon holds {home.path}, and it is no process that can be seen from here.\n"
                    "Ask for it where it was started, in its container for example."
                )
            time.sleep(_LOOK)
    finally:
        os.close(lock)


@contextlib.contextmanager
def pid_file(path: Path) -> Iterator[None]:
    """Have this process's id in a file, in place of one that was left there, and remove it at the end.

    Raises:
        InTheWay: there is something else than a file of one's own.
        OSError: the file cannot be written.
    """
    if path.is_symlink():
        raise InTheWay(f"{path} is in the way: it is a symbolic link; remove it and start again")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise InTheWay(f"{path} is in the way: it is no file of yours; move it away and start again")
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                if os.path.samestat(path.lstat(), found):
                    path.unlink()
    finally:
        os.close(file)


def _has_open(pid: int, file: int) -> bool:
    """Whether a process has an open file open as well; where the system does not show it, whether it is a daemon."""
    if not Path("/proc/self/fd").is_dir():
        return True
    wanted = os.fstat(file)
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(Path(entry.path).stat(), wanted):
                        return True
    except PermissionError:
        # Of another user, or in a sandbox: at the least it must not be just anybody, who would be told to end.
        with contextlib.suppress(OSError):
            return b"ccschedd" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        pass
    return False
