"""What a supervisor leaves in the run's folder: the claim before the agent starts, the exit record at the end."""

import os
import select
import time

RETRY_INTERVAL = 3.0
"""Seconds between two attempts to write the exit record."""


def claim(folder: int) -> None:
    """Make this run ours before anything of it happens.

    Raises:
        FileExistsError: it is another's.
        OSError: the claim cannot be put on the disk; then there is none.
    """
    fd = os.open("claim", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        os.write(fd, b"%d\n" % os.getpid())
        os.fsync(fd)
        os.fsync(folder)
    except OSError:
        os.unlink("claim", dir_fd=folder)
        raise
    finally:
        os.close(fd)


def write_record(folder: int, record: dict[str, object]) -> None:
    """Put the exit record on the disk, however long it takes until there is room for it."""
    import json

    content = json.dumps(record).encode()
    while True:
        try:
            fd = os.open("exit.json.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=folder)
        except FileNotFoundError:
            return  # the folder itself was removed: nobody waits for the record
        except OSError:
            fd = -1
        if fd >= 0 and _replaced(folder, fd, content):
            return
        select.select((), (), (), RETRY_INTERVAL)


def _replaced(folder: int, fd: int, content: bytes) -> bool:
    try:
        if os.write(fd, content) < len(content):
            return False
        os.fsync(fd)
        os.rename("exit.json.new", "exit.json", src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def instant() -> str:
    """This instant as the record tells it: UTC, with microseconds."""
    seconds, rest = divmod(time.time_ns(), 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 1000:06d}Z"
