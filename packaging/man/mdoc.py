"""Plain text as mdoc(7), the language of man pages that both groff and mandoc read without complaint."""

import inspect
import re
import textwrap
from collections.abc import Iterator

_COLUMNS = 78
_SENTENCE = re.compile(r"(?<=[.!?]) +(?=[^a-z])")
_MEANT = re.compile(r"`(?P<typed>[^`]+)`|(?<![\w-])(?P<option>--?[a-z][\w-]*)")
"""What is to be typed as it is: in backticks, or an option."""
_NAME = re.compile(r"(?<!\S)(?=\S*[^\W\d_][/_.:@-]\w)")
"""Where a word begins that is not to be hyphenated: a path, a zone, an address."""
_SPECIAL = {"\\": r"\e", "`": r"\(ga", "'": r"\(aq", '"': r"\(dq", "^": r"\(ha", "~": r"\(ti"}
_LITERAL = "\b\n"
"""How click's help marks a paragraph whose lines are to stay."""


def escaped(text: str, *, literal: bool = False) -> str:
    """Text as roff takes it; in ``literal`` text, which can be copied, a hyphen is the one that is typed."""
    characters = {**_SPECIAL, "-": r"\-"} if literal else _SPECIAL
    return "".join(
        characters.get(character, character if character.isascii() else f"\\[u{ord(character):04X}]")
        for character in text
    )


def prose(text: str) -> Iterator[str]:
    """The lines of paragraphs: each sentence begins a line, and what is to be typed is bold."""
    for number, paragraph in enumerate(inspect.cleandoc(text).split("\n\n")):
        if number:
            yield ".Pp"
        if paragraph.startswith(_LITERAL):
            yield ".Bd -literal -compact"
            yield from (_safe(escaped(line, literal=True)) for line in paragraph.removeprefix(_LITERAL).splitlines())
            yield ".Ed"
            continue
        for sentence in _SENTENCE.split(" ".join(paragraph.split())):
            for line in textwrap.wrap(_marked(sentence), _COLUMNS, break_long_words=False, break_on_hyphens=False):
                yield _safe(line)


def _marked(sentence: str) -> str:
    parts: list[str] = []
    done = 0
    for found in _MEANT.finditer(sentence):
        typed = found["typed"] or found["option"]
        parts += [escaped(sentence[done : found.start()]), rf"\fB{escaped(typed, literal=True)}\fP"]
        done = found.end()
    return _NAME.sub(r"\\%", "".join([*parts, escaped(sentence[done:])]))


def _safe(line: str) -> str:
    """A line that cannot be taken for a macro."""
    return rf"\&{line}" if line.startswith(".") else line
