"""A document by its parts: what stands under which heading."""

import re
from dataclasses import dataclass, field
from pathlib import Path

_HEADING = re.compile(r"#+ (?P<text>.+)")
_BULLET = re.compile(r"- `(?P<value>[^`]+)`")
Row = dict[str, str]
"""The cells of a table's row by the names of their columns, without the marks for code."""


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    heading: str
    language: str
    text: str


@dataclass
class Document:
    """A document in Markdown; its parts are found by the heading they stand under."""

    text: str
    blocks: list[Block] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    """The lists whose entries begin with a value in code."""


def read(name: str) -> Document:
    """The document of that name, beside this file.

    Raises:
        AssertionError: when it is not built as these documents are, so that a part of it would be passed over.
    """
    document = Document(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    lines = document.text.split("\n")
    heading, headings = "", set[str]()
    columns: list[str] = []
    while lines:
        line = lines.pop(0)
        if line.startswith("```"):
            end = lines.index("```")
            document.blocks.append(Block(heading, line.removeprefix("```"), "\n".join(lines[:end])))
            del lines[: end + 1]
        elif found := _HEADING.fullmatch(line):
            heading = found["text"]
            assert heading not in headings, f"two parts are called {heading}"
            headings.add(heading)
        elif line.startswith("|"):
            cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
            if not columns:
                columns = cells
                assert heading not in document.tables, f"{heading} has two tables"
                document.tables[heading] = []
                assert set(lines.pop(0)) <= set("|-"), f"the table of {heading} has no line below its head"
            else:
                document.tables[heading].append(dict(zip(columns, cells, strict=True)))
        elif found := _BULLET.match(line):
            document.values.setdefault(heading, []).append(found["value"])
        if not line.startswith("|"):
            columns = []
    return document
