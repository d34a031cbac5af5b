"""Opens only regular files: a pipe, socket or device in the place of one would be waited for without end."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def open_regular(path: Path, follow: bool = True) -> BufferedReader:
    """A regular file, opened for reading. With ``follow``, a symbolic link to one is one.

    Raises:
        OSError: it is not there, may not be read, or is no regular file.
    """
    # Not opened to find out: opening a device may do something to it.
    _demand_regular(path.stat(follow_symlinks=follow), path)
    descriptor = os.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW)
    try:
        # Another may have come in its place.
        _demand_regular(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _demand_regular(info: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
