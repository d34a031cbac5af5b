"""A run's log: all that the agent says up to a limit, and beyond it what decides on the run, in whole lines."""

import errno
import os

from .decisive import DecisiveLines

NOTE = b"ccsched| "
"""How a line begins that is ours."""
PART_SIZE = 512 * 1024
"""Bytes of an unfinished line that go to the log before its end has come, if there is ample room."""
LINE_LIMIT = 1 << 20
"""Bytes of an unfinished line that are held near the limit; a longer line is left out there."""
LONG_LINE_LIMIT = 16 << 20
"""Bytes that there must be room for before a line goes to the log in parts because of its length.

Of a longer one nothing would be lost with its end: whoever reads the log as a stream passes over it.
"""
TAIL_LIMIT = 64 * 1024
"""Bytes of the end of what is no stream that are kept beyond the limit."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .output import Stream


class Log:
    """Both streams, a line of one never within a line of the other."""

    def __init__(self, path: bytes, limit: int | None) -> None:
        """``limit``: bytes that the file may reach, with what is in it already; None for any number."""
        self.error: str | None = None
        self.lost = 0
        """Bytes that could not be written."""
        self.left_out = 0
        """Bytes beyond the limit that were not to be written."""
        self.line: Stream | None = None
        """Whose unfinished line is at the end of the file."""
        self._torn = False
        """Whether a line is at the end of the file that lost its own end."""
        self._path = path
        self._fd = -1
        self._limit = limit
        self._size = 0
        self._is_cut = False
        self._decisive: DecisiveLines | None = None
        self._tail = b""

    def note(self, text: bytes) -> None:
        """Write a line of our own."""
        self._open()
        self._put(None, self._new_line(), NOTE + text.replace(b"\n", b" ") + b"\n")

    def append(self, stream: "Stream", text: bytes) -> bool:
        """Write text of a stream, as far as there is room: on with its own unfinished line, else on a new line.

        False if the text ends within a line whose rest is to be left out like its beginning.
        """
        self._open()
        lead = b"" if self.line is stream else self._new_line() + stream.prefix
        body = text.replace(b"\n", b"\n" + stream.prefix) if stream.prefix else text
        size = len(body) - (len(stream.prefix) if text.endswith(b"\n") else 0)
        if self._has_room_for(len(lead) + size):
            self._put(stream, lead, memoryview(body)[:size])
            return True
        return self._append_beyond(stream, lead, body[:size])

    def has_room_for_a_part(self, size: int) -> bool:
        """Whether so many bytes of an unfinished line may be written, with the rest of that line likely to follow."""
        self._open()
        return self._has_room_for(size + (LONG_LINE_LIMIT if size >= PART_SIZE else LINE_LIMIT))

    def note_long_line(self) -> None:
        """Tell that a line is left out which is longer than what can wait for its end."""
        if not self._is_cut:
            self.note(
                b"the log is cut here: a line of more than %d bytes may not fit in its limit of %d bytes"
                % (LINE_LIMIT, self._limit or 0)
            )

    def finish(self) -> None:
        """Write what was kept for the end, and have it all on the disk before the exit record speaks of it."""
        if self._is_cut or self.left_out:
            self.left_out -= len(self._tail)
            self._put(None, self._new_line(), self._tail)
            self.note(b"%d bytes were left out" % self.left_out)
        try:
            if self._fd >= 0:
                os.fsync(self._fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # what is no file on a disk cannot be synced
                self._failed(error)

    def _new_line(self) -> bytes:
        return b"\n" if self._torn or self.line else b""

    def _has_room_for(self, size: int) -> bool:
        return self._limit is None or (not self._is_cut and self._size + size <= self._limit)

    def _append_beyond(self, stream: "Stream", lead: bytes, body: bytes) -> bool:
        """Write the whole lines that there is room for, tell of the limit, and see what of the others is kept."""
        room = 0 if self._is_cut else (self._limit or 0) - self._size - len(lead)
        fits = body.rfind(b"\n", 0, max(room, 0)) + 1
        if fits:
            self._put(stream, lead, body[:fits])
            rest = body[fits:]
        elif self.line is stream:
            # The beginning of this line is in the log; what else there is of it is of no use to anybody.
            end = body.find(b"\n") + 1
            self.left_out += end or len(body)
            rest = body[end:] if end else b""
        else:
            rest = stream.prefix + body
        self._cut()
        if rest:
            self._sift(stream, rest if rest.endswith(b"\n") else rest + b"\n")
        return bool(rest) or body.endswith(b"\n")

    def _cut(self) -> None:
        if not self._is_cut:
            self._is_cut = True
            self.note(
                b"the log is cut here: it has reached its limit of %d bytes; what decides how the run ended is kept"
                % (self._limit or 0)
            )

    def _sift(self, stream: "Stream", lines: bytes) -> None:
        """Keep of lines beyond the limit what is to be kept."""
        self.left_out += len(lines)
        if stream.prefix:
            tail = self._tail + lines[-TAIL_LIMIT - 1 :]
            self._tail = tail if len(tail) <= TAIL_LIMIT else tail[tail.find(b"\n", len(tail) - TAIL_LIMIT - 1) + 1 :]
            return
        self._decisive = self._decisive or DecisiveLines()
        if kept := self._decisive.of(lines):
            self.left_out -= len(kept)
            self._put(stream, self._new_line(), kept)

    def _put(self, owner: "Stream | None", lead: bytes, body: "bytes | memoryview") -> None:
        written = self._write(lead, memoryview(body))
        unwritten = len(lead) + len(body) - written
        if unwritten:
            self.lost += min(unwritten, len(body)) if owner else 0
            shown = b"".join((lead, body))[:written]
            # Whoever writes next, once there is room again, begins a line of its own.
            self._torn = not shown.endswith(b"\n") if shown else self._torn or self.line is not None
            self.line = None
        else:
            self._torn = False
            self.line = None if bytes(body[-1:]) == b"\n" else owner

    def _open(self) -> None:
        if self._fd >= 0:
            return
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            self._size = os.fstat(self._fd).st_size
            # Whoever wrote last may have ended within a line.
            self._torn = self._size > 0 and os.pread(self._fd, 1, self._size - 1) != b"\n"
        except OSError as error:
            self._failed(error)

    def _write(self, lead: bytes, body: memoryview) -> int:
        written = 0
        try:
            while written < len(lead):
                written += os.writev(self._fd, (lead[written:], body))
            while written < len(lead) + len(body):
                written += os.write(self._fd, body[written - len(lead) :])
        except OSError as error:
            self._failed(error)
        self._size += written
        return written

    def _failed(self, error: OSError) -> None:
        self.error = self.error or f"the log could not be written: {error.strerror}"
