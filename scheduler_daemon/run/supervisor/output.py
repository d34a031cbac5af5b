"""From the agent's two pipes into the run's log: as it comes, in complete lines where possible, without secrets."""

import os
import sys
import time

from .log import LINE_LIMIT, PART_SIZE, Log
from .mask import Mask

PIPE_SIZE = 256 * 1024
"""Bytes that a pipe holds and that are read at once: the agent seldom waits for us, and we are seldom woken."""
WAIT_LIMIT = 64 * 1024
"""Bytes of one stream that wait for the end of the other's line; then its pipe is no longer read."""
LINE_PATIENCE = 1.0
"""Seconds after which an unfinished line is shown, and a full stream no longer waits for its end."""
DRAIN_LIMIT = 5.0
"""Seconds for reading what is still in the pipes when all processes have ended."""
PIECES_LIMIT = 64
"""Pieces in which a line is held: one for every byte would take far more memory than the line."""
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
        self.pending = 0
        """Bytes of text that wait to be written."""
        self.complete = 0
        """How much of the pending text is complete lines."""
        self.since = 0.0
        """When the pending text began to wait."""
        self.fed = 0.0
        self.ended = False
        self.left_out = 0
        """Bytes of lines that did not even wait for their end."""
        self._pieces: list[bytes] = []
        self._leaves_out = False
        """Whether the line that is being read is one of these."""
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
        if self._leaves_out:
            end = text.find(b"\n") + 1
            self._leaves_out = not end
            self.left_out += end or len(text)
            text = text[end:] if end else b""
        if not self.pending:
            self.since = now
        if end := text.rfind(b"\n") + 1:
            self.complete = self.pending + end
        if len(self._pieces) > PIECES_LIMIT:
            self._pieces = [b"".join(self._pieces)]
        self._pieces.append(text)
        self.pending += len(text)

    def cut(self, size: int, now: float) -> bytes:
        """Take the beginning of the pending text."""
        text = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces = [text[size:]] if size < len(text) else []
        self.pending -= size
        self.complete = 0
        self.since = now
        return text[:size]

    def leave_out(self) -> None:
        """Drop the unfinished line that is pending, and what is still to come of it."""
        self.left_out += self.pending
        self._pieces.clear()
        self.pending = 0
        self._leaves_out = not self.ended


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
            if not stream.ended and (stream.pending < WAIT_LIMIT or self._has_turn(stream, now))
        ]

    def flush(self, now: float) -> None:
        """Write what may be written now."""
        for stream in self._by_turn():
            if stream.pending and self._has_turn(stream, now):
                cut = self._writable(stream, now)
                if cut and not self._log.append(stream, stream.cut(cut, now)):
                    stream.leave_out()
                elif stream.pending >= LINE_LIMIT and not self._may_begin(stream):
                    self._log.note_long_line()
                    stream.leave_out()

    def _by_turn(self) -> list[Stream]:
        return sorted(self.streams, key=lambda stream: stream is not self._log.line)

    def _has_turn(self, stream: Stream, now: float) -> bool:
        line = self._log.line
        if line is None or line is stream or line.ended:
            return True
        # An agent that waits for us to read this stream never ends the other's line: so that line is broken.
        return stream.pending >= WAIT_LIMIT and now >= line.fed + LINE_PATIENCE

    def _writable(self, stream: Stream, now: float) -> int:
        """How much of what is pending need not wait for the rest of its line."""
        size = stream.pending
        overdue = now >= stream.since + LINE_PATIENCE or size >= PART_SIZE
        if stream.ended or (not stream.complete and overdue and self._may_begin(stream)):
            return size
        if not stream.complete and self._log.line is stream:
            return size
        return stream.complete

    def _may_begin(self, stream: Stream) -> bool:
        """Whether a part of a line can be in the log before the rest of it has come."""
        return self._log.line is stream or self._log.has_room_for_a_part(stream.pending)

    def next_flush(self, now: float) -> float | None:
        """When there is something to write although nothing more has come."""
        times = []
        for stream in self.streams:
            if stream.pending:
                if not self._has_turn(stream, now):
                    if stream.pending >= WAIT_LIMIT and self._log.line:
                        times.append(self._log.line.fed + LINE_PATIENCE)
                elif self._may_begin(stream):
                    times.append(stream.since + LINE_PATIENCE)
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
            self._log.left_out += stream.left_out
