"""How an answer is shown: a JSON document for a program, tables and short lines for a person."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TextIO, TypeVar

import click

from scheduler_daemon.cli import text
from scheduler_daemon.cli.command import on_terminal

_GAP = "  "
_NARROWEST = 8
"""Columns that a text is not cut below, however narrow the terminal."""

_COLOURS = {
    "success": "green",
    "completed": "green",
    "failed": "red",
    "running": "cyan",
    "in_progress": "cyan",
    "upcoming": "yellow",
    "pending": "yellow",
    "cancelled": "magenta",
}

_C1 = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}
"""Control characters that JSON does not escape by itself."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column of a table."""

    header: str
    value: Callable[[Row], str]
    right: bool = False
    flexible: bool = False
    """Whether it may be cut to make the table fit."""
    is_status: bool = False


def write(words: str, stream: TextIO | None = None) -> None:
    """Write a line, at once; to standard output if not said otherwise.

    Not click.echo: it writes UTF-8 where the person asked for another encoding.
    """
    stream = stream or sys.stdout
    if stream is not None:
        stream.write(words + "\n")
        stream.flush()


def document(value: object) -> None:
    """Write an answer as one JSON document."""
    words = json.dumps(value, indent=2, ensure_ascii=False).translate(_C1)
    try:
        words.encode(sys.stdout.encoding if sys.stdout is not None else "utf-8")
    except UnicodeEncodeError:
        words = json.dumps(value, indent=2)
    write(words)


def coloured(stream: TextIO | None) -> bool:
    """Whether colours are wanted there; ``NO_COLOR`` is honoured (no-color.org)."""
    return (
        stream is not None and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def status(word: str) -> str:
    """A status, in its colour where colours are wanted."""
    return click.style(word, fg=_COLOURS[word]) if word in _COLOURS and coloured(sys.stdout) else word


def columns_of(stream: TextIO | None) -> int | None:
    """The columns of the terminal that a stream is; None for no terminal: nothing is cut there."""
    if stream is None or not stream.isatty():
        return None
    import shutil  # only a terminal pays for it

    return max(shutil.get_terminal_size().columns, 20)


def table(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> None:
    """Write a table that fits the terminal, or a whole one where there is no terminal."""
    cells = [[text.line(column.value(row)) for column in columns] for row in rows]
    widths = [
        max([len(column.header), *(text.width(line[index]) for line in cells)])
        for index, column in enumerate(columns)
    ]
    _fit(columns, widths, columns_of(sys.stdout))
    bold = coloured(sys.stdout)
    header = _line([column.header for column in columns], columns, widths)
    write(click.style(header, bold=True) if bold else header)
    for line in cells:
        write(_line(line, columns, widths))


def _fit(columns: Sequence[Column[Row]], widths: list[int], limit: int | None) -> None:
    """Narrow the widest of the flexible columns until the table fits, or none can give more."""
    while limit is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > limit:
        giving = [
            (widths[index], index)
            for index, column in enumerate(columns)
            if column.flexible and widths[index] > _NARROWEST
        ]
        if not giving:
            return
        widths[max(giving)[1]] -= 1


def _line(cells: Sequence[str], columns: Sequence[Column[Row]], widths: Sequence[int]) -> str:
    shown = []
    for cell, column, columns_wide in zip(cells, columns, widths, strict=True):
        words = text.pad(text.cut(cell, columns_wide), columns_wide, column.right)
        if column.is_status and cell:
            words = words.replace(cell, status(cell), 1)
        shown.append(words)
    return _GAP.join(shown).rstrip()


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Write names and values as two columns; an empty value leaves its line out."""
    kept = [(name, value) for name, value in pairs if value]
    wide = max((text.width(name) for name, _ in kept), default=0)
    for name, value in kept:
        first, *rest = value.splitlines() or [""]
        write(f"{text.pad(name, wide)}{_GAP}{first}")
        for more in rest:
            write(f"{' ' * wide}{_GAP}{more}".rstrip())


def hints(*commands: tuple[str, str]) -> None:
    """On a terminal, write what to type next: commands and what each does."""
    if not on_terminal():
        return
    wide = max(text.width(command) for command, _ in commands)
    write("")
    for command, meaning in commands:
        words = f"{text.pad(command, wide)}{_GAP}{meaning}"
        write(click.style(words, dim=True) if coloured(sys.stdout) else words)


def empty(what: str, command: str) -> None:
    """Say that a list is empty, and on a terminal what to type."""
    write(what)
    if on_terminal():
        write(command)
