"""What each watched task knows of its files: what differs from it is news, also after a restart."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from scheduler_daemon.model.record import instant_text
from scheduler_daemon.store.connection import Connection


class Watches:
    """The snapshots of what is watched, as texts."""

    def __init__(self, connection: Connection, writing: Callable[[str], None]) -> None:
        self._connection = connection
        self._writing = writing

    def get(self, task_id: UUID) -> tuple[str, datetime] | None:
        """A task's snapshot, and when it was kept; None if there is none."""
        rows = self._connection.rows("SELECT snapshot, kept_at FROM watches WHERE task_id = ?", (str(task_id),))
        return (rows[0][0], datetime.fromisoformat(rows[0][1])) if rows else None

    def put(self, task_id: UUID, snapshot: str, kept_at: datetime) -> None:
        """Remember a task's snapshot, in place of an older one."""
        self._writing("watches")
        self._connection.execute(
            "INSERT OR REPLACE INTO watches (task_id, snapshot, kept_at) VALUES (?, ?, ?)",
            (str(task_id), snapshot, instant_text(kept_at)),
        )

    def delete(self, task_id: UUID) -> None:
        """Forget a task's snapshot: it watches nothing any more."""
        self._writing("watches")
        self._connection.execute("DELETE FROM watches WHERE task_id = ?", (str(task_id),))
