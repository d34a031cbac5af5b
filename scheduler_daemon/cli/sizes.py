"""Numbers of bytes as people write and read them."""

import re

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_WRITTEN = re.compile(r"(\d{1,15})\s*(?:([kmgt])i?b?|b)?", re.ASCII | re.IGNORECASE)


class NotASize(ValueError):
    """A text does not say how many bytes."""


def size(number: int) -> str:
    """A number of bytes in words, such as ``1.5 MiB``."""
    amount, unit = float(number), _UNITS[0]
    for larger in _UNITS[1:]:
        if amount < _STEP:
            break
        amount, unit = amount / _STEP, larger
    return f"{number} B" if unit == "B" else f"{amount:.1f} {unit}"


def spelled(number: int) -> str:
    """A number of bytes as it may be typed, nothing rounded: ``256MiB``, ``65537``."""
    power = 0
    while number and number % _STEP == 0 and power < len(_UNITS) - 1:
        number, power = number // _STEP, power + 1
    return f"{number}{_UNITS[power]}" if power else str(number)


def bytes_of(text: str) -> int:
    """The bytes that a text such as ``65536``, ``256MiB`` or ``1g`` means; each unit is 1024 of the one before.

    Raises:
        NotASize: saying how to write one.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        shown = repr(text if len(text) <= 40 else f"{text[:40]}…")
        raise NotASize(f"{shown} does not say how many bytes; write a number, or one with a unit: 256MiB, 1GiB")
    return int(found[1]) << 10 * " kmgt".index((found[2] or " ").lower())
