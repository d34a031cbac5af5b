"""Text from elsewhere, made safe and right to show on a terminal.

Names, errors and the agent's words may hold anything; none of it may move the cursor, set a title or
hide what follows.
"""

import re

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, screen
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"  # any other escape
)
_BIDI = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks that turn the reading direction, so that a text does not read as it is."""
_CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}]")
_NOT_ONE_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_BIDI}]")

_ZERO_WIDTH_JOINER = "\u200d"
_EMOJI_PRESENTATION = "\ufe0f"


def printable(text: str) -> str:
    """Text of many lines without terminal sequences and control characters; tabs become spaces."""
    return _CONTROL.sub("", _SEQUENCE.sub("", text)).expandtabs(4)


def line(text: str) -> str:
    r"""Text as one line that hides nothing: a newline shows as ``\n``, an escape as ``\x1b``."""
    return _NOT_ONE_LINE.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def width(text: str) -> int:
    """The columns a terminal takes for a text of one line.

    East Asian wide characters and emoji take two, combining marks none (Unicode Standard Annex 11); a
    sequence joined by zero-width joiners is drawn as its first emoji.
    """
    return len(text) if text.isascii() else sum(_widths(text))


def cut(text: str, columns: int) -> str:
    """A text of one line, shortened to at most so many columns; an ellipsis says that it was."""
    if width(text) <= columns:
        return text
    taken = 0
    for index, wide in enumerate(_widths(text)):
        taken += wide
        if taken > columns - 1:
            return text[:index] + "…"
    return text


def pad(text: str, columns: int, right: bool = False) -> str:
    """A text of one line, filled with spaces to so many columns."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def count(number: int, noun: str) -> str:
    """A number of things in words: ``1 task``, ``3 tasks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short(identifier: str) -> str:
    """Enough of an id to type."""
    return identifier[:8]


def _widths(text: str) -> list[int]:
    import unicodedata  # only a text that is not ASCII pays for it

    widths: list[int] = []
    before = ""
    for character in text:
        wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\U0001f3fb" <= character <= "\U0001f3ff":
            wide = 0
        if before == _ZERO_WIDTH_JOINER:
            wide = 0
        if character == _EMOJI_PRESENTATION and widths and widths[-1] == 1:
            widths[-1] = 2
        widths.append(wide)
        before = character
    return widths


def excerpt(text: str, lines: int = 12) -> str:
    """The first lines of a text of many, safe to print; the last one says how much is left out."""
    every = printable(text).strip("\n").splitlines()
    if len(every) <= lines:
        return "\n".join(every)
    return "\n".join([*every[:lines], f"… {count(len(every) - lines, 'more line')}"])
