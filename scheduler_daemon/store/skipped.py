"""Due times that were not met, and why: for every due time there is a run or a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scheduler_daemon.model.enums import SkipReason
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.store.connection import Connection


@dataclass(frozen=True)
class Skipped:
    """A task's due times from the first to the last of these, both included, for which there is no run."""

    task_id: UUID
    first_due: datetime
    last_due: datetime
    reason: SkipReason
    detail: str
    """In plain words, for a person."""
    recorded_at: datetime


class SkippedTimes:
    """The due times without a run, of all tasks."""

    def __init__(self, connection: Connection, writing: Callable[[str], None]) -> None:
        self._connection = connection
        self._writing = writing

    def add(self, skipped: Skipped) -> None:
        """Put due times on record; all that one run was in the way of are one line."""
        self._writing("skipped")
        last = skipped.reason is SkipReason.OVERLAP and self._connection.rows(
            "SELECT seq, reason, detail FROM skipped WHERE task_id = ? ORDER BY last_due DESC, seq DESC LIMIT 1",
            (str(skipped.task_id),),
        )
        if last and last[0][1:] == (skipped.reason.value, skipped.detail):
            self._connection.execute(
                "UPDATE skipped SET last_due = ? WHERE seq = ?", (instant_text(skipped.last_due), last[0][0])
            )
            return
        self._connection.execute(
            "INSERT INTO skipped (task_id, first_due, last_due, reason, detail, recorded_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                str(skipped.task_id),
                instant_text(skipped.first_due),
                instant_text(skipped.last_due),
                skipped.reason.value,
                skipped.detail,
                instant_text(skipped.recorded_at),
            ),
        )

    def newest(self, task_id: UUID, limit: int) -> list[Skipped]:
        """A task's newest lines, newest first."""
        rows = self._connection.rows(
            "SELECT task_id, first_due, last_due, reason, detail, recorded_at FROM skipped "
            "WHERE task_id = ? ORDER BY last_due DESC, seq DESC LIMIT ?",
            (str(task_id), limit),
        )
        return [
            Skipped(
                UUID(id_),
                datetime.fromisoformat(first),
                datetime.fromisoformat(last),
                SkipReason(reason),
                detail,
                datetime.fromisoformat(recorded),
            )
            for id_, first, last, reason, detail, recorded in rows
        ]

    def take_back(self, task_id: UUID, after: datetime) -> None:
        """Forget a task's due times after an instant: a clock that was ahead had said that they were past."""
        self._writing("skipped")
        id_, instant = str(task_id), instant_text(after)
        self._connection.execute("DELETE FROM skipped WHERE task_id = ? AND first_due > ?", (id_, instant))
        self._connection.execute(
            "UPDATE skipped SET last_due = ? WHERE task_id = ? AND last_due > ?", (instant, id_, instant)
        )
