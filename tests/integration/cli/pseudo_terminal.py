"""A program on a terminal of its own, whose keys a test types."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine before a test gives up."""

_TAKE_THE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""A shell wants a controlling terminal, and a password is read from it, wherever the tests themselves run."""


class PseudoTerminal:
    """The terminal and the program on it, which ends with the ``with`` block."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.shown = ""
        """All that the program has written so far."""
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _TAKE_THE_TERMINAL, *command],
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def wait_for(self, words: str) -> None:
        """Wait until the program has written words."""
        self._read_until(words)

    def ended(self) -> int:
        """Wait until the program has ended, and give its exit code."""
        self._read_until(None)
        return self._process.wait(PATIENCE)

    def _read_until(self, words: str | None) -> None:
        deadline = time.monotonic() + PATIENCE
        while words is None or words not in self.shown:
            readable, _, _ = select.select([self._ours], [], [], max(deadline - time.monotonic(), 0))
            assert readable, f"not within {PATIENCE} s: {words!r} in {self.shown!r}"
            chunk = b""
            with contextlib.suppress(OSError):  # Linux says EIO when the last process has closed the terminal
                chunk = os.read(self._ours, 1 << 16)
            if not chunk:
                assert words is None, f"it ended without {words!r}: {self.shown!r}"
                return
            self.shown += chunk.decode(errors="replace").replace("\r\n", "\n")
