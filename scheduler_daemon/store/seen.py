"""What is remembered of a JSON file: what it was when it was last written or looked at, and what it was before."""

from dataclasses import dataclass

from scheduler_daemon.store.files import Stamp
from scheduler_daemon.store.three_way import Shown

HISTORY = 512 * 1024
"""Characters of each file's older contents, in short, that are remembered while the daemon lives; one always is."""


@dataclass(frozen=True)
class Seen:
    """A file as it was last written or looked at."""

    stamp: Stamp | None
    """None if it was not there, or was never looked at."""
    digest: str
    bases: tuple[Shown, ...]
    """What a person who edits it may have started from, the newest first."""

    def holding(self, stamp: Stamp, digest: str, base: Shown) -> "Seen":
        """The file with its next content; the ones before stay known as long as there is room."""
        bases, size = [base], _size(base)
        for older in self.bases:
            size += _size(older)
            if size > HISTORY and len(bases) > 1:
                break
            bases.append(older)
        return Seen(stamp, digest, tuple(bases))


def _size(base: Shown) -> int:
    """Its characters, about."""
    return sum(map(len, base.values()))
