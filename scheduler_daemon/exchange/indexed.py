"""A document that is asked for many lines: each part of its text is read once."""

from bisect import bisect_left
from functools import cached_property

from scheduler_daemon.store.documents import Document, Path, _members, _skip


class Indexed(Document):
    """A document whose lines cost next to nothing, however many are asked for."""

    @classmethod
    def parse(cls, file: str, content: bytes) -> "Indexed":
        """Read a file's content.

        Raises:
            Unacceptable: when it is not JSON, or an object has a field twice.
        """
        read = Document.parse(file, content)
        return cls(read.file, read.text, read.value)

    @cached_property
    def _line_ends(self) -> list[int]:
        ends = []
        at = self.text.find("\n")
        while at >= 0:
            ends.append(at)
            at = self.text.find("\n", at + 1)
        return ends

    @cached_property
    def _parts(self) -> dict[int, dict[str | int, tuple[int, int]]]:
        """By the position of each list or object that was looked into: where its members and their values start."""
        return {}

    def line(self, path: Path) -> int:
        """The line (from 1) of a part of the document, or of the last part on the way that is there."""
        at = found = _skip(self.text, 0)
        for step in path:
            parts = self._parts.get(at)
            if parts is None:
                parts = {key: (key_at, value_at) for key, key_at, value_at in _members(self.text, at)}
                self._parts[at] = parts
            if step not in parts:
                break
            found, at = parts[step]
        return bisect_left(self._line_ends, found) + 1
