"""What the accounts have told of their limits, and what runs have cost: both decide whether more may start."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from scheduler_daemon.model.limits import AccountLimits
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.store.connection import Connection

_NO_PROFILE = ""


class Limits:
    """What is known of each profile's account; without a profile, of the one that the user is logged in to."""

    def __init__(self, connection: Connection, writing: Callable[[str], None]) -> None:
        self._connection = connection
        self._writing = writing

    def get(self, profile_id: UUID | None) -> AccountLimits:
        """What is known of one."""
        rows = self._connection.rows("SELECT doc FROM limits WHERE profile_id = ?", (_key(profile_id),))
        return AccountLimits.model_validate_json(rows[0][0]) if rows else AccountLimits()

    def all(self) -> dict[UUID | None, AccountLimits]:
        """What is known of each, by profile."""
        rows = self._connection.rows("SELECT profile_id, doc FROM limits ORDER BY profile_id")
        return {
            (UUID(profile_id) if profile_id else None): AccountLimits.model_validate_json(doc)
            for profile_id, doc in rows
        }

    def put(self, profile_id: UUID | None, limits: AccountLimits) -> None:
        """Remember what an account has told, in place of what it told before."""
        self._writing("limits")
        self._connection.execute(
            "INSERT OR REPLACE INTO limits (profile_id, doc) VALUES (?, ?)",
            (_key(profile_id), limits.model_dump_json()),
        )


class Spending:
    """What each run has cost, for as long as it counts; a run that is deleted has cost it all the same."""

    def __init__(self, connection: Connection, writing: Callable[[str], None]) -> None:
        self._connection = connection
        self._writing = writing

    def add(self, run_id: UUID, job_id: UUID, profile_id: UUID | None, usd: float, at: datetime) -> None:
        """Remember what a run has cost."""
        self._writing("spent")
        self._connection.execute(
            "INSERT OR REPLACE INTO spent (run_id, at, usd, job_id, profile_id) VALUES (?, ?, ?, ?, ?)",
            (
                str(run_id),
                instant_text(at),
                usd,
                str(job_id),
                str(profile_id) if profile_id else None,
            ),
        )

    def since(
        self, instant: datetime, until: datetime, *, job_id: UUID | None = None, profile_id: UUID | None = None
    ) -> list[tuple[datetime, float]]:
        """When how many US dollars were spent between two instants, oldest first; of one job or profile if given.

        What a clock that was wrong has put in the future counts when that has come.
        """
        wanted = {"job_id": job_id, "profile_id": profile_id}
        given = {column: str(value) for column, value in wanted.items() if value is not None}
        where = "".join(f" AND {column} = ?" for column in given)
        rows = self._connection.rows(
            f"SELECT at, usd FROM spent WHERE at > ? AND at <= ?{where} ORDER BY at",  # noqa: S608  (our own words)
            (instant_text(instant), instant_text(until), *given.values()),
        )
        return [(datetime.fromisoformat(at), usd) for at, usd in rows]

    def forget(self, before: datetime) -> None:
        """Forget what was spent before an instant: it counts no more."""
        self._writing("spent")
        self._connection.execute("DELETE FROM spent WHERE at < ?", (instant_text(before),))


def _key(profile_id: UUID | None) -> str:
    return str(profile_id) if profile_id else _NO_PROFILE
