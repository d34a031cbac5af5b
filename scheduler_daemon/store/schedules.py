"""When each scheduled task is due next: the one thing the clock is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scheduler_daemon.model.record import instant_text
from scheduler_daemon.store.connection import Connection


@dataclass(frozen=True)
class Plan:
    """A scheduled task's next due time, and what it was computed from."""

    task_id: UUID
    schedule: str
    """The schedule as text: a plan made from another schedule is out of date."""
    anchor: datetime
    """The instant intervals are counted from."""
    next_due: datetime
    fires_at: datetime
    """When that is acted on: later than it is due by the task's jitter."""
    planned_at: datetime
    """What the clock said when this was computed: a clock that now says much less was wrong then, or is now."""


class Schedules:
    """The plans of all tasks that have a due time."""

    def __init__(self, connection: Connection, writing: Callable[[str], None]) -> None:
        self._connection = connection
        self._writing = writing

    def _select(self, rest: str, *values: str) -> list[Plan]:
        rows = self._connection.rows(
            f"SELECT task_id, schedule, anchor, next_due, fires_at, planned_at FROM schedules {rest}",  # noqa: S608  (our own words)
            values,
        )
        return [
            Plan(
                UUID(task_id),
                schedule,
                datetime.fromisoformat(anchor),
                datetime.fromisoformat(next_due),
                datetime.fromisoformat(fires_at),
                datetime.fromisoformat(planned_at),
            )
            for task_id, schedule, anchor, next_due, fires_at, planned_at in rows
        ]

    def get(self, task_id: UUID) -> Plan | None:
        """The plan of one task."""
        found = self._select("WHERE task_id = ?", str(task_id))
        return found[0] if found else None

    def first(self) -> Plan | None:
        """The plan that is acted on next."""
        found = self._select("ORDER BY fires_at, next_due, rowid LIMIT 1")
        return found[0] if found else None

    def all(self) -> list[Plan]:
        """Every plan, soonest first."""
        return self._select("ORDER BY fires_at, next_due, rowid")

    def out_of_step(self, planned_before: datetime) -> list[UUID]:
        """The tasks whose plan may not be what they ask for; an unchanged one by its text, without jitter, is.

        Those with a plan from that instant on are among them, for the clock that made it was wrong.
        """
        rows = self._connection.rows(
            """
            SELECT id FROM (
                SELECT seq, id, doc, json_extract(doc, '$.enabled')
                    AND json_extract(doc, '$.schedule.type') IN ('interval', 'calendar') AS timed
                FROM tasks
            ) LEFT JOIN schedules ON task_id = id
            WHERE CASE WHEN timed
                THEN task_id IS NULL OR planned_at >= ? OR fires_at != next_due
                    OR json_extract(doc, '$.jitter') > 0 OR schedule != json_extract(doc, '$.schedule')
                ELSE task_id IS NOT NULL
            END
            ORDER BY seq
            """,
            (instant_text(planned_before),),
        )
        return [UUID(task_id) for (task_id,) in rows]

    def due(self, instant: datetime) -> list[Plan]:
        """The plans that are to be acted on by now, longest due first."""
        return self._select("WHERE fires_at <= ? ORDER BY next_due, rowid", instant_text(instant))

    def soonest(self, after: datetime) -> datetime | None:
        """The next instant after this one at which any plan is to be acted on."""
        ((soonest,),) = self._connection.rows(
            "SELECT min(fires_at) FROM schedules WHERE fires_at > ?", (instant_text(after),)
        )
        return datetime.fromisoformat(soonest) if soonest else None

    def met(self, task_id: UUID, first: datetime, last: datetime) -> list[datetime]:
        """The due times from the first to the last of these, both included, that a run was made for, in order."""
        rows = self._connection.rows(
            "SELECT scheduled_time FROM runs WHERE task_id = ? AND scheduled_time BETWEEN ? AND ? "
            "AND json_extract(doc, '$.trigger') = 'schedule' ORDER BY scheduled_time",
            (str(task_id), instant_text(first), instant_text(last)),
        )
        return [datetime.fromisoformat(instant) for (instant,) in rows]

    def put(self, plan: Plan) -> None:
        """Remember a task's plan."""
        self._writing("schedules")
        self._connection.execute(
            "INSERT OR REPLACE INTO schedules (task_id, schedule, anchor, next_due, fires_at, planned_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                str(plan.task_id),
                plan.schedule,
                *(instant_text(each) for each in (plan.anchor, plan.next_due, plan.fires_at, plan.planned_at)),
            ),
        )

    def delete(self, task_id: UUID) -> None:
        """Forget a task's plan: it has no due time."""
        self._writing("schedules")
        self._connection.execute("DELETE FROM schedules WHERE task_id = ?", (str(task_id),))
