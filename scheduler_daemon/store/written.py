"""What the daemon knows the JSON files to hold, so that a person's edit is told from its own writing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scheduler_daemon.store.connection import Connection


@dataclass(frozen=True)
class Written:
    """One file's content as last recorded, before the file itself was replaced by it.

    A daemon killed between the two leaves the previous content in the file. Once the file is known to be
    in place, both are the same.
    """

    digest: str
    base: str
    """The content in short, as JSON; see ``three_way.py``."""
    previous_digest: str
    previous_base: str

    @classmethod
    def settled(cls, digest: str, base: str) -> "Written":
        """A content known to be in the file."""
        return cls(digest, base, digest, base)


class WrittenFiles:
    """The table of them. No listener hears of a change here: nothing of the record has changed."""

    def __init__(self, connection: Connection, writing: Callable[[], None]) -> None:
        self._connection = connection
        self._writing = writing

    def all(self) -> dict[str, Written]:
        """What is known of each file, by the file's name."""
        rows = self._connection.rows("SELECT name, digest, base, previous_digest, previous_base FROM faces")
        return {name: Written(*values) for name, *values in rows}

    def put(self, name: str, written: Written) -> None:
        """Remember what a file holds, or is about to hold."""
        self._writing()
        self._connection.execute(
            "INSERT OR REPLACE INTO faces (name, digest, base, previous_digest, previous_base) "
            "VALUES (?, ?, ?, ?, ?)",
            (name, written.digest, written.base, written.previous_digest, written.previous_base),
        )

    def settle(self, names: Iterable[str]) -> None:
        """Remember that these files hold what was last recorded for them."""
        self._writing()
        self._connection.executemany(
            "UPDATE faces SET previous_digest = digest, previous_base = base WHERE name = ?",
            [(name,) for name in names],
        )
