"""What the daemon knows the JSON files to hold, so that a person's edit is told from its own writing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler_daemon.store.connection import Connection
from scheduler_daemon.store.three_way import Shown

_GONE = ""
"""Stands where an object has no text: it is not in that content of the file."""


@dataclass(frozen=True)
class Written:
    """One file's content as last recorded, before the file itself was replaced by it.

    A daemon killed between the two leaves the previous content in the file. Once the file is known to be
    in place, both are the same.
    """

    digest: str = ""
    shown: Shown = field(default_factory=dict)
    """The content in short; see ``three_way.py``."""
    previous_digest: str = ""
    previous_shown: Shown = field(default_factory=dict)

    @classmethod
    def settled(cls, digest: str, shown: Shown) -> "Written":
        """A content known to be in the file."""
        return cls(digest, shown, digest, shown)


class WrittenFiles:
    """The table of them. No listener hears of a change here: nothing of the record has changed."""

    def __init__(self, connection: Connection, writing: Callable[[], None]) -> None:
        self._connection = connection
        self._writing = writing

    def all(self) -> dict[str, Written]:
        """What is known of each file, by the file's name."""
        files = self._connection.rows("SELECT name, digest, previous_digest FROM faces")
        return {name: self._of_file(name, digest, previous) for name, digest, previous in files}

    def _of_file(self, name: str, digest: str, previous_digest: str) -> Written:
        rows = self._connection.rows("SELECT id, short, previous FROM shown WHERE file = ? ORDER BY seq", (name,))
        shown = {id_: short for id_, short, _ in rows if short != _GONE}
        if all(previous is None for _, _, previous in rows):
            return Written(digest, shown, previous_digest, shown)
        before = ((id_, short if previous is None else previous) for id_, short, previous in rows)
        return Written(digest, shown, previous_digest, {id_: text for id_, text in before if text != _GONE})

    def put(self, name: str, written: Written, known: Written | None = None) -> None:
        """Remember what a file holds, or is about to hold.

        ``known`` is what is remembered of it so far: what is the same is left as it is.
        """
        self._writing()
        self._connection.execute(
            "INSERT OR REPLACE INTO faces (name, digest, previous_digest) VALUES (?, ?, ?)",
            (name, written.digest, written.previous_digest),
        )
        if known is None or not _goes_on(known, written.shown):
            self._connection.execute("DELETE FROM shown WHERE file = ?", (name,))
            known = Written()
        differing = _differing(known.shown, written.shown) | _differing(known.previous_shown, written.previous_shown)
        if not differing:
            return
        # New objects go to the end of the table in the order in which the file has them.
        in_order = [id_ for id_ in written.shown if id_ in differing]
        rows = [_row(name, id_, written) for id_ in (*in_order, *(differing - written.shown.keys()))]
        self._connection.executemany(
            "INSERT INTO shown (file, id, short, previous) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (file, id) DO UPDATE SET short = excluded.short, previous = excluded.previous",
            rows,
        )
        nowhere = [(file, id_) for file, id_, short, previous in rows if short == _GONE and previous is None]
        self._connection.executemany("DELETE FROM shown WHERE file = ? AND id = ?", nowhere)


def _row(name: str, id_: str, written: Written) -> tuple[str, str, str, str | None]:
    short, previous = written.shown.get(id_, _GONE), written.previous_shown.get(id_, _GONE)
    return name, id_, short, None if short == previous else previous


def _differing(one: Shown, other: Shown) -> set[str]:
    """The objects of which two contents do not say the same."""
    return set() if one is other else {id_ for id_, _ in one.items() ^ other.items()}


def _goes_on(known: Written, shown: Shown) -> bool:
    """Whether a content has the known objects in their order, and behind them new ones that no row is kept of."""
    staying, ids = [id_ for id_ in known.shown if id_ in shown], list(shown)
    return ids[: len(staying)] == staying and known.previous_shown.keys().isdisjoint(ids[len(staying) :])
