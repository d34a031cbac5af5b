"""From the agent's two pipes into the run's log: as it comes, in complete lines where possible, without secrets."""

import errno
import os
import sys
import time

from .mask import Mask

PIPE_SIZE = 256 * 1024
"""Bytes that a pipe holds and that are read at once: the agent seldom waits for us, and we are seldom woken."""
LINE_LIMIT = 512 * 1024
"""Bytes of an unfinished line that are held; a longer line goes to the log in parts."""
WAIT_LIMIT = 64 * 1024
"""Bytes of one stream that wait for the end of the other's line; then its pipe is no longer read."""
LINE_PATIENCE = 1.0
"""Seconds after which an unfinished line is shown, and a full stream no longer waits for its end."""
DRAIN_LIMIT = 5.0
"""Seconds for reading what is still in the pipes when all processes have ended."""
KEPT_MEMORY = 4 << 20
"""Bytes; more than any piece of text that is held at once."""


def _widen(pipe: int) -> None:
    """Let a pipe hold more than the 64 KiB it is made with, where that can be had."""
    if sys.platform == "linux":
        import fcntl

        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        except OSError:  # all that one user may have is in use: pipe(7)
            return


class Stream:
    """One of the agent's two outputs."""

    def __init__(self, fd: int, prefix: bytes, needles: list[bytes]) -> None:
        self.fd = fd
        self.prefix = prefix
        self.total = 0
        self.pending = b""
        self.complete = 0
        """How much of the pending text is complete lines."""
        self.since = 0.0
        """When the pending text began to wait."""
        self.fed = 0.0
        self.ended = False
        self._mask = Mask(needles)

    def read(self, now: float) -> bool:
        """Take what there is, up to a limit; False if it was nothing, or the end."""
        try:
            data = os.read(self.fd, PIPE_SIZE)
        except BlockingIOError:
            return False
        self.total += len(data)
        self.fed = now
        self.ended = not data
        self._add(self._mask.feed(data, last=self.ended), now)
        return not self.ended

    def end(self, now: float) -> None:
        """Read no further, although someone may still hold the pipe."""
        if not self.ended:
            self.ended = True
            self._add(self._mask.feed(b"", last=True), now)

    def _add(self, text: bytes, now: float) -> None:
        if not self.pending:
            self.since = now
        if end := text.rfind(b"\n") + 1:
            self.complete = len(self.pending) + end
        self.pending += text

    def cut(self, size: int, now: float) -> bytes:
        """Take the beginning of the pending text."""
        text, self.pending = self.pending[:size], self.pending[size:]
        self.complete = 0
        self.since = now
        return text


class Log:
    """The run's log: both streams, a line of one never within a line of the other."""

    def __init__(self, path: bytes) -> None:
        self.error: str | None = None
        self.lost = 0
        """Bytes."""
        self.line: Stream | None = None
        """Whose unfinished line is at the end of the file."""
        self._torn = False
        """Whether a line is at the end of the file that lost its own end."""
        self._path = path
        self._fd = -1

    def append(self, stream: Stream, text: bytes) -> None:
        """Write text of a stream: on with its own unfinished line, else on a new line."""
        lead = b""
        if self.line is not stream:
            lead = (b"\n" if self._torn or self.line else b"") + stream.prefix
        body = memoryview(text)
        if stream.prefix:
            body = memoryview(text.replace(b"\n", b"\n" + stream.prefix))
            if text.endswith(b"\n"):
                body = body[: -len(stream.prefix)]
        written = self._write(lead, body)
        unwritten = len(lead) + len(body) - written
        if unwritten:
            self.lost += min(unwritten, len(text))
            shown = b"".join((lead, body))[:written]
            # Whoever writes next, once there is room again, begins a line of its own.
            self._torn = not shown.endswith(b"\n") if shown else self._torn or self.line is not None
            self.line = None
        else:
            self._torn = False
            self.line = None if text.endswith(b"\n") else stream

    def _write(self, lead: bytes, body: memoryview) -> int:
        written = 0
        try:
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            while written < len(lead):
                written += os.writev(self._fd, (lead[written:], body))
            while written < len(lead) + len(body):
                written += os.write(self._fd, body[written - len(lead) :])
        except OSError as error:
            self._failed(error)
        return written

    def sync(self) -> None:
        """Have the log on the disk before the exit record speaks of it."""
        try:
            if self._fd >= 0:
                os.fsync(self._fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # what is no file on a disk cannot be synced
                self._failed(error)

    def _failed(self, error: OSError) -> None:
        self.error = self.error or f"the log could not be written: {error.strerror}"


class Output:
    """Copies both streams into the log."""

    def __init__(self, log: Log, streams: list[Stream]) -> None:
        self.streams = streams
        self._log = log
        for stream in streams:
            _widen(stream.fd)
        # mallopt(3): glibc raises its thresholds when a block beyond them is freed. With its defaults it gives the
        # memory of each piece of text back to the system, and to be given some for the next takes longer than all
        # that is done with it.
        bytes(KEPT_MEMORY)

    def readable(self, now: float) -> list[int]:
        """The descriptors to read from: of streams that have not ended, and that there is room for."""
        return [
            stream.fd
            for stream in self.streams
            if not stream.ended and (len(stream.pending) < WAIT_LIMIT or self._has_turn(stream, now))
        ]

    def flush(self, now: float) -> None:
        """Write what may be written now."""
        for stream in self._by_turn():
            if stream.pending and self._has_turn(stream, now):
                cut = self._writable(stream, now)
                if cut:
                    self._log.append(stream, stream.cut(cut, now))

    def _by_turn(self) -> list[Stream]:
        return sorted(self.streams, key=lambda stream: stream is not self._log.line)

    def _has_turn(self, stream: Stream, now: float) -> bool:
        line = self._log.line
        if line is None or line is stream or line.ended:
            return True
        # An agent that waits for us to read this stream never ends the other's line: so that line is broken.
        return len(stream.pending) >= WAIT_LIMIT and now >= line.fed + LINE_PATIENCE

    def _writable(self, stream: Stream, now: float) -> int:
        """How much of what is pending need not wait for the rest of its line."""
        size = len(stream.pending)
        overdue = now >= stream.since + LINE_PATIENCE or size >= LINE_LIMIT
        if stream.ended or (not stream.complete and (overdue or self._log.line is stream)):
            return size
        return stream.complete

    def next_flush(self, now: float) -> float | None:
        """When there is something to write although nothing more has come."""
        times = []
        for stream in self.streams:
            if stream.pending:
                if self._has_turn(stream, now):
                    times.append(stream.since + LINE_PATIENCE)
                elif len(stream.pending) >= WAIT_LIMIT and self._log.line:
                    times.append(self._log.line.fed + LINE_PATIENCE)
        return min(times, default=None)

    def drain(self) -> None:
        """Take what is left in the pipes and end both streams; who still holds a pipe is not waited for."""
        give_up_at = time.monotonic() + DRAIN_LIMIT
        for stream in self._by_turn():
            while not stream.ended and (now := time.monotonic()) < give_up_at and stream.read(now):
                self.flush(now)
            now = time.monotonic()
            stream.end(now)
            self.flush(now)
