"""Single values that are remembered under a name."""

from collections.abc import Callable

from scheduler_daemon.store.connection import Connection


class Notes:
    """What has no table of its own."""

    def __init__(self, connection: Connection, writing: Callable[[str], None]) -> None:
        self._connection = connection
        self._writing = writing

    def get(self, name: str) -> str | None:
        """What is remembered under a name."""
        rows = self._connection.rows("SELECT value FROM notes WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def put(self, name: str, value: str) -> None:
        """Remember a value, in place of an older one."""
        self._writing("notes")
        self._connection.execute("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", (name, value))

    def delete(self, name: str) -> None:
        """Forget what is remembered under a name."""
        self._writing("notes")
        self._connection.execute("DELETE FROM notes WHERE name = ?", (name,))
