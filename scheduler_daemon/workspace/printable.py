"""Text that can be written anywhere, from names that are any bytes a file system or git takes."""

import re

_NO_TEXT = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with each byte that is no character written out, as in ``caf\\xe9``; UTF-8 can hold it."""
    return _NO_TEXT.sub(lambda found: _written_out(ord(found[0])), text)


def _written_out(code: int) -> str:
    # os.fsdecode() puts U+DC80 to U+DCFF for the bytes it cannot decode (PEP 383).
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
