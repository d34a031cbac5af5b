"""Keeps secrets out of what is written."""

MASK = "•••".encode()


def needles(secrets: list[bytes]) -> list[bytes]:
    """Every form in which secrets are masked: as they are, and as they look within JSON text."""
    import json

    found: dict[bytes, None] = {}
    for secret in secrets:
        # A line break at either end belongs to the file a secret came from, and is not printed with it.
        core = secret.strip(b"\r\n").decode("utf-8", "surrogateescape")
        for form in (core, json.dumps(core)[1:-1], json.dumps(core, ensure_ascii=False)[1:-1]):
            if form:
                found[form.encode("utf-8", "surrogateescape")] = None
    return list(found)


class Mask:
    """Replaces secrets in a stream that comes in pieces."""

    def __init__(self, needles: list[bytes]) -> None:
        self._needles = needles
        self._held = b""
        self._covered = 0
        """How many of the held bytes are part of a secret whose mask is already out."""

    def feed(self, data: bytes, last: bool = False) -> bytes:
        """What can be shown now. What may be the beginning of a secret is held until more comes."""
        if not self._needles:
            return data
        text = self._held + data
        cut = len(text) if last else self._possible_start(text)
        shown = []
        at = self._covered
        for start, end in self._spans(text):
            if start >= cut:
                break
            if end <= at:
                continue
            if start >= at:
                shown += [text[at:start], MASK]
            at = end
        shown.append(text[at:cut])
        self._held = text[cut:]
        self._covered = max(at - cut, 0)
        return b"".join(shown)

    def _spans(self, text: bytes) -> list[tuple[int, int]]:
        """Where the secrets are, in order; overlapping ones as one."""
        found = []
        for needle in self._needles:
            # From the right, Python finds several times faster that there is nothing.
            at = text.rfind(needle)
            while at >= 0:
                found.append((at, at + len(needle)))
                at = text.rfind(needle, 0, at + len(needle) - 1)
        merged: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _possible_start(self, text: bytes) -> int:
        """Where the longest ending of the text begins that is the beginning of a secret."""
        best = len(text)
        for needle in self._needles:
            first = needle[:1]
            at = text.find(first, max(0, len(text) - len(needle) + 1))
            while 0 <= at < best:
                if needle.startswith(text[at:]):
                    best = at
                at = text.find(first, at + 1)
        return best
