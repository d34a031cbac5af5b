"""Which lines of the agent's stream decide how a run is judged: these are in its log however much else there is.

They are what ``agent/stream.py`` makes its summary of. The agent puts ``type`` first in most lines, and far behind in
that of a result; a quote within a JSON text is escaped, so that none of the words below can be part of what is said.
"""

LINE_LIMIT = 1 << 20
"""Bytes of a line that can be decisive."""
KEPT_LIMIT = 8 << 20
"""Bytes of decisive lines that are kept; of these, at least half is for others than messages of the agent."""

_WORDS = (b'"result"', b'"rate_limit_event"', b'"error"')
"""Once the first message has come, no line without one of these is decisive, save a message that follows an error."""
_TYPES = (b"result", b"rate_limit_event", b"assistant", b"system")


class DecisiveLines:
    """Picks the decisive lines out of complete lines."""

    def __init__(self) -> None:
        import ctypes  # too slow to import before there is need

        self._memmem = ctypes.CDLL(None).memmem
        self._memmem.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
        self._memmem.restype = ctypes.c_void_p
        self._room = KEPT_LIMIT
        self._error_stands = True
        """Whether the last message that is kept reports an error, or may do so: the next one takes that back."""

    def of(self, text: bytes) -> bytes:
        """The decisive lines of this text, as long as there is room for them."""
        if not self._error_stands and not any(self._holds(text, word) for word in _WORDS):
            return b""
        return b"".join(line + b"\n" for line in text.split(b"\n") if self._is_kept(line))

    def _holds(self, text: bytes, word: bytes) -> bool:
        """As ``word in text``, but at the speed of the C library: most of a stream is only looked through."""
        return self._memmem(text, len(text), word, len(word)) is not None

    def _is_kept(self, line: bytes) -> bool:
        if not line.startswith(b"{") or len(line) >= LINE_LIMIT or not self._is_decisive(line):
            return False
        fits = len(line) < self._room
        if fits:
            self._room -= len(line) + 1
        return fits

    def _is_decisive(self, line: bytes) -> bool:
        kind = _type(line)
        if kind == b"assistant":
            return self._is_decisive_message(line)
        return kind in (b"result", b"rate_limit_event") or (kind == b"system" and _has(line, b"subtype", b"init"))

    def _is_decisive_message(self, line: bytes) -> bool:
        if _has(line, b"parent_tool_use_id", b""):  # a subagent's trouble is not the session's
            return False
        error_stood = self._error_stands
        self._error_stands = b'"error"' in line
        decisive = error_stood or self._error_stands or b'"local_command_outcome"' in line
        return decisive and self._room - len(line) > KEPT_LIMIT // 2


def _type(line: bytes) -> bytes:
    head = line[:40].replace(b" ", b"")
    if head.startswith(b'{"type":"'):
        return head[len(b'{"type":"') :].partition(b'"')[0]
    return next((name for name in _TYPES if _has(line, b"type", name)), b"")


def _has(line: bytes, key: bytes, value: bytes) -> bool:
    """Whether a field is this, with or without a space before it; any text if the value is empty."""
    end = b'"' if value else b""
    return b'"%s":"%s%s' % (key, value, end) in line or b'"%s": "%s%s' % (key, value, end) in line
