"""The daemon's log file: rotated, and never in the way."""

import contextlib
import io
import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

SIZE = 10_000_000
"""Bytes from which a log file is put aside and a new one begun."""
KEPT = 5
"""How many of those that were put aside are kept."""


class LogFile(RotatingFileHandler):
    """A log file that is in nobody's way: a line that cannot be written is lost, and the daemon goes on.

    It is rotated by its size. Where something else, such as logrotate, has moved, emptied or removed it, the next
    line is in the file that has its name then.
    """

    def __init__(self, path: Path, *, size: int = SIZE, kept: int = KEPT) -> None:
        """``size`` is in bytes; ``kept`` files are beside this one, the newest as ``<name>.1``."""
        self._has_standard_error = False
        super().__init__(
            path, maxBytes=size, backupCount=kept, encoding="utf-8", errors="backslashreplace", delay=True
        )

    @property
    def has_standard_error(self) -> bool:
        """Whether standard error goes there, as far as it can be written."""
        return self._has_standard_error

    def take_standard_error(self) -> None:
        """Have all that is written to standard error in this file from now on, and in each that takes its place.

        Raises:
            OSError: it cannot be written, and standard error is where it was; the first line that can takes it along.
        """
        self._has_standard_error = True
        with self.lock or contextlib.nullcontext():
            self._let_go()
            self.stream = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, into a new file if there is to be one."""
        if self._has_moved():
            self._let_go()
        super().emit(record)

    def doRollover(self) -> None:  # noqa: N802 - logging calls it so
        """Put the file aside; where that cannot be done it is written further."""
        with contextlib.suppress(OSError):
            super().doRollover()
        self._let_go()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging calls it so
        """Let the line be lost, and open the file anew for the next."""
        self._let_go()

    def _open(self) -> io.TextIOWrapper:
        stream = open(  # noqa: SIM115 - it stays open
            self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_own
        )
        if self._has_standard_error:
            os.dup2(stream.fileno(), 2)
        return stream

    def _let_go(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.close()

    def _has_moved(self) -> bool:
        if self.stream is None:
            return False
        try:
            return not os.path.samestat(Path(self.baseFilename).stat(), os.fstat(self.stream.fileno()))
        except OSError:
            return True


def _own(path: str, flags: int) -> int:
    # Not blocking: a named pipe in the file's place has the line lost, not the daemon wait for a reader.
    return os.open(path, flags | os.O_NONBLOCK, 0o600)
