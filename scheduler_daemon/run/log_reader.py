"""Reads a run's log as it grows, and keeps what its stream has shown so far."""

import contextlib
import time
from pathlib import Path

from scheduler_daemon.agent.stream import StreamReader, StreamSummary

STEP = 1 << 20
"""Bytes read at a time: enough to keep up, little enough to hold."""


class LogReader:
    """One reader for one log; a log that is not there yet is an empty one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = StreamReader()
        self.position = 0
        self._read_at = 0.0
        self._tool_times: list[tuple[float, float]] = []
        self._calls: list[int] = []
        """Where further calls of the agent begin."""
        self._call = 0
        """How many of these have begun in what was read."""

    @property
    def summary(self) -> StreamSummary:
        """What the stream has shown up to ``position``."""
        return self._stream.summary

    @property
    def tool_times(self) -> list[tuple[float, float]]:
        """When tools were at work: from and until, in seconds since 1970; outside of these the agent changes nothing.

        As exact as the log is read. Of what was in the log before the first look it is not known when it came: that
        is all of the time before.
        """
        return list(self._tool_times)

    def called_again_at(self, begins: list[int]) -> None:
        """At which positions the log goes on with that of another call of the agent: all of these, in order.

        One from which nothing was read yet may be left out again: that call never began.
        """
        self._calls = begins

    def grown(self) -> bool:
        """Whether there is more to read."""
        try:
            return self._path.stat().st_size > self.position
        except OSError:
            return False

    def read_on(self) -> None:
        """Read to the present end of the log, as far as it can be read."""
        since, begun, used = self._read_at, self._stream.tools_at_work, self._stream.tools_used
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            file.seek(self.position)
            while chunk := file.read(self._step()):
                self._call_again(self.position)
                self._stream.feed(chunk)
                self.position += len(chunk)
        self._read_at = time.time()
        if begun or self._stream.tools_used > used:
            if self._tool_times and self._tool_times[-1][1] == since:
                since = self._tool_times.pop()[0]
            self._tool_times.append((since, self._read_at))

    def _step(self) -> int:
        """How much to read at a time, never beyond the beginning of another call."""
        return min((STEP, *(begin - self.position for begin in self._calls if begin > self.position)))

    def _call_again(self, position: int) -> None:
        """Forget the last word of each call that another has followed, up to a position."""
        while self._call < len(self._calls) and self._calls[self._call] <= position:
            self._call += 1
            self._stream.call_again()

    def finish(self) -> StreamSummary:
        """Read the rest of a log that nobody writes to just now, and say what the whole of it shows."""
        self.read_on()
        self._call_again(self.position)
        self._stream.end()
        return self.summary

    def tail(self, size: int) -> str:
        """The last ``size`` bytes of the log, as text."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, self._path.stat().st_size - size))
                return file.read(size).decode(errors="replace")
        except OSError:
            return ""
