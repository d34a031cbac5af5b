"""A JSON text a person wrote: read strictly, and any part of it found again by its line."""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

Path = tuple[str | int, ...]
"""The way from the top of a document to a part of it: list positions and field names."""

_SPACE = re.compile(r"[ \t\n\r]*")
_value_at = json.JSONDecoder().raw_decode


class Unacceptable(Exception):
    """A file a person wrote cannot be taken in; the text names the file, the line and the field."""

    def __init__(self, file: str, message: str, *, line: int | None = None, field: str = "") -> None:
        places = [file, f"line {line}" if line else "", field]
        super().__init__(f"{', '.join(place for place in places if place)}: {message}")
        self.file = file
        self.line = line
        self.field = field


class _Twice(ValueError):
    """An object has a field twice, and the second would silently win."""


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _Twice
    return fields


def _no_number(text: str) -> JsonValue:
    raise ValueError(f"{text} is not a JSON value")


@dataclass(frozen=True)
class Document:
    """A file's text and the value it holds."""

    file: str
    text: str
    value: JsonValue

    @classmethod
    def parse(cls, file: str, content: bytes) -> "Document":
        """Read a file's content.

        Raises:
            Unacceptable: when it is not JSON, or an object has a field twice.
        """
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise Unacceptable(file, "this is not UTF-8 text", line=line) from error
        try:
            value: JsonValue = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            message = f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]} (column {error.colno})"
            raise Unacceptable(file, message, line=error.lineno) from error
        except _Twice as error:
            field, at = next(_repeated(text, _skip(text, 0)))
            line = text.count("\n", 0, at) + 1
            raise Unacceptable(file, "the object has this field twice", line=line, field=field) from error
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
            raise Unacceptable(file, f"this is not JSON the daemon can read: {reason}") from error
        return cls(file, text, value)

    @cached_property
    def _line_ends(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self.text)]

    @cached_property
    def _parts(self) -> dict[int, dict[str | int, tuple[int, int]]]:
        """By the position of each list or object that was looked into: where its members and their values start.

        Remembered, for a long document may be asked for thousands of lines.
        """
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

    def refuse(self, path: Path, message: str) -> Unacceptable:
        """The reason why a part of the document cannot be taken."""
        # In a list of objects the first step is the object's position: the line says that better.
        steps = path[1:] if isinstance(self.value, list) else path
        return Unacceptable(self.file, message, line=self.line(path), field=".".join(str(step) for step in steps))


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _members(text: str, at: int) -> Iterator[tuple[str | int, int, int]]:
    """Each member of the list or object at a position: its key, where that starts, where its value starts."""
    opening = text[at]
    if opening not in "[{":
        return
    position = 0
    at = _skip(text, at + 1)
    while text[at] not in "]}":
        key: str | int = position
        key_at = at
        if opening == "{":
            key, at = _value_at(text, at)
            at = _skip(text, _skip(text, at) + 1)
        yield key, key_at, at
        _, at = _value_at(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        position += 1


def _repeated(text: str, at: int) -> Iterator[tuple[str, int]]:
    seen: set[str | int] = set()
    for key, key_at, value_at in _members(text, at):
        if key in seen:
            yield str(key), key_at
        seen.add(key)
        yield from _repeated(text, value_at)
