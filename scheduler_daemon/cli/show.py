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
"""Columns that a text is not cut below while something else can give way."""
_READABLE = 10
"""Columns that a text keeps, whatever stands beside it: so 80 are enough for a run's task, job and time."""
_COMFORTABLE = 24
"""Columns that a text keeps where only a column of little importance wants them."""
_WORTH_CUTTING = 3
"""The last rank of a column that texts are cut for."""

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
    rank: int = 0
    """Its importance where the terminal is narrow: 0 always stays, the higher goes before the lower."""


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
    limit = columns_of(sys.stdout)
    cells = [[text.line(column.value(row)) for column in columns] for row in rows]
    widths = [
        max([len(column.header), *(text.width(line[index]) for line in cells)])
        for index, column in enumerate(columns)
    ]
    if limit is not None:
        kept = _kept(columns, widths, limit)
        columns, widths = [columns[index] for index in kept], [widths[index] for index in kept]
        cells = [[line[index] for index in kept] for line in cells]
        _fit(columns, widths, limit)
    bold = coloured(sys.stdout)
    header = _line([column.header for column in columns], columns, widths)
    write(click.style(header, bold=True) if bold else header)
    for line in cells:
        write(_line(line, columns, widths))


def _kept(columns: Sequence[Column[Row]], widths: Sequence[int], limit: int) -> list[int]:
    """Which columns are shown: as many as there is room for, the important first."""

    def least(indices: Sequence[int], room: int) -> int:
        needed = (min(widths[each], room) if columns[each].flexible else widths[each] for each in indices)
        return sum(needed) + len(_GAP) * (len(indices) - 1)

    kept = [index for index, column in enumerate(columns) if column.rank == 0]
    for index in sorted(range(len(columns)), key=lambda index: columns[index].rank):
        room = _READABLE if columns[index].rank <= _WORTH_CUTTING else _COMFORTABLE
        if columns[index].rank and least([*kept, index], room) <= limit:
            kept.append(index)
    return sorted(kept)


def _fit(columns: Sequence[Column[Row]], widths: list[int], limit: int) -> None:
    """Narrow the widest of the flexible columns until the table fits; where they cannot give more, any."""
    while sum(widths) + len(_GAP) * (len(widths) - 1) > limit:
        giving = [
            (widths[index], index)
            for index, column in enumerate(columns)
            if column.flexible and widths[index] > _NARROWEST
        ] or [(wide, index) for index, wide in enumerate(widths) if wide > 1]
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
