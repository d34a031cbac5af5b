"""One table for each noun: the whole object as a JSON document, beside the columns it is found by."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from scheduler_daemon.model.enums import RunStatus, ScheduleType
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.connection import Connection

SHORTEST_PREFIX = 4
"""Fewer characters of an id than this name nothing."""
_KEPT = 1024
"""How many objects are kept as they were read: to parse one takes longer than to find it."""
_LONG = 16 * 1024
"""Characters. An object whose text is longer is not kept: one may hold a prompt of megabytes."""

R = TypeVar("R", Job, Task, Run, Profile)


class Table(ABC, Generic[R]):
    """The objects of one kind, in the order they were made."""

    name: ClassVar[str]
    kind: type[R]
    has_names: ClassVar[bool] = True
    cascade: ClassVar[tuple[str, ...]] = ()
    """The tables that lose rows when an object of this one is deleted."""

    def __init__(self, connection: Connection, writing: Callable[[str], None]) -> None:
        self._connection = connection
        self._writing = writing
        self._listeners: list[Callable[[UUID], None]] = []
        self._remembered: Callable[[str], R] = lru_cache(maxsize=_KEPT)(self.kind.model_validate_json)

    def on_put(self, listener: Callable[[UUID], None]) -> None:
        """Call ``listener`` with the id of each object that is put, also where its transaction fails later."""
        self._listeners.append(listener)

    @abstractmethod
    def _columns(self, record: R) -> dict[str, str | None]:
        """What the object is found by, beside its id."""

    def _select(self, rest: str = "", *values: object) -> list[R]:
        return list(self._each(rest, *values))

    def _each(self, rest: str, *values: object) -> Iterator[R]:
        rows = self._connection.each(f"SELECT doc FROM {self.name} {rest}", values)  # noqa: S608  (our own words)
        return (self._parsed(doc) for (doc,) in rows)

    def _parsed(self, doc: str) -> R:
        return self._remembered(doc) if len(doc) <= _LONG else self.kind.model_validate_json(doc)

    def get(self, id: UUID) -> R | None:  # noqa: A002  (the field's name)
        """The object with this id, or None."""
        known, place = self._connection.known, (self.name, id)
        found: R | None = known.get(place)
        if found is None:
            for (doc,) in self._connection.rows(f"SELECT doc FROM {self.name} WHERE id = ?", (str(id),)):  # noqa: S608
                found = self._parsed(doc)
                if len(known) >= _KEPT:
                    known.clear()
                if len(doc) <= _LONG:
                    known[place] = found
        return found

    def all(self) -> list[R]:
        """Every object, oldest first."""
        return self._select("ORDER BY seq")

    def each(self) -> Iterator[R]:
        """Every object, oldest first, one at a time: one may hold a prompt of megabytes."""
        return self._each("ORDER BY seq")

    def order(self) -> list[str]:
        """The ids of all objects, oldest first, as texts."""
        return [id_ for (id_,) in self._connection.rows(f"SELECT id FROM {self.name} ORDER BY seq")]  # noqa: S608

    def extent(self) -> tuple[int, int]:
        """How many objects there are, and the place of the newest: equal as long as none comes or goes."""
        ((count, newest),) = self._connection.rows(
            f"SELECT (SELECT count(*) FROM {self.name}), (SELECT max(seq) FROM {self.name})"  # noqa: S608
        )
        return int(count), int(newest or 0)

    def count(self) -> int:
        """How many there are."""
        ((count,),) = self._connection.rows(f"SELECT count(*) FROM {self.name}")  # noqa: S608
        return int(count)

    def matching(self, reference: str) -> list[R]:
        """The objects a person may mean: by whole id alone; else by name, or by a prefix of the id.

        More than one element means the reference is ambiguous. Ids are matched in lower case.
        """
        wanted = reference.strip().lower()
        whole = self._select("WHERE id = ?", wanted)
        if whole:
            return whole
        by_name = self._select("WHERE name = ? ORDER BY seq", reference) if self.has_names else []
        if by_name or len(wanted) < SHORTEST_PREFIX or not set(wanted) <= set("0123456789abcdef-"):
            return by_name
        return self._select("WHERE id GLOB ? ORDER BY seq LIMIT 20", f"{wanted}*")

    def put(self, record: R) -> None:
        """Remember the object, in place of an older copy of it."""
        self._writing(self.name)
        columns: dict[str, str | None] = self._columns(record)
        names = ["id", *columns, "doc"]
        values = [str(record.id), *columns.values(), record.model_dump_json()]
        updates = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        self._connection.execute(
            f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "  # noqa: S608
            f"ON CONFLICT (id) DO UPDATE SET {updates}",
            values,
        )
        self._connection.known.pop((self.name, record.id), None)
        for listener in self._listeners:
            listener(record.id)

    def delete(self, id: UUID) -> None:  # noqa: A002
        """Forget the object and all that belongs to it."""
        for table in (self.name, *self.cascade):
            self._writing(table)
        self._connection.known.clear()
        self._connection.execute(f"DELETE FROM {self.name} WHERE id = ?", (str(id),))  # noqa: S608


class Jobs(Table[Job]):
    """The jobs."""

    name = "jobs"
    kind = Job
    cascade = ("tasks", "runs", "schedules", "skipped", "watches")

    def _columns(self, record: Job) -> dict[str, str | None]:
        return {"name": record.name}


class Tasks(Table[Task]):
    """The tasks."""

    name = "tasks"
    kind = Task
    cascade = ("runs", "schedules", "skipped", "watches")

    def _columns(self, record: Task) -> dict[str, str | None]:
        return {"name": record.name, "job_id": str(record.job_id)}

    def of_job(self, job_id: UUID) -> list[Task]:
        """A job's tasks, oldest first; the job's ``task_order`` is another matter."""
        return self._select("WHERE job_id = ? ORDER BY seq", str(job_id))

    def of_schedule(self, kind: ScheduleType) -> list[Task]:
        """The tasks with a schedule of this type, oldest first."""
        return self._select("WHERE json_extract(doc, '$.schedule.type') = ? ORDER BY seq", kind.value)


class Profiles(Table[Profile]):
    """The profiles."""

    name = "profiles"
    kind = Profile

    def _columns(self, record: Profile) -> dict[str, str | None]:
        return {"name": record.name}


@dataclass(frozen=True)
class Standing:
    """A run, and what its being kept hangs on beside what it says itself."""

    run: Run
    position: int
    """Higher than those of all older runs."""
    seen: bool
    """Whether a person has had it shown since it failed."""


_OF_NO_CONCERN = "(status <> 'failed' OR seen = 1)"
"""Not a failure that nobody has seen yet."""


class Runs(Table[Run]):
    """The runs, and the live side of those that are running."""

    name = "runs"
    kind = Run
    has_names = False

    def _columns(self, record: Run) -> dict[str, str | None]:
        return {
            "task_id": str(record.task_id),
            "job_id": str(record.job_id),
            "sequence_id": str(record.sequence_id) if record.sequence_id else None,
            "status": record.status.value,
            "scheduled_time": instant_text(record.scheduled_time),
        }

    def newest(
        self,
        limit: int,
        *,
        task_id: UUID | None = None,
        job_id: UUID | None = None,
        status: RunStatus | None = None,
    ) -> list[Run]:
        """The newest runs, newest first, of one task, one job or one status if given."""
        wanted = {"task_id": task_id, "job_id": job_id, "status": status}
        given = {column: str(value) for column, value in wanted.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given) or "TRUE"
        return self._select(f"WHERE {where} ORDER BY seq DESC LIMIT ?", *given.values(), limit)

    def ids_of_task(self, task_id: UUID) -> list[UUID]:
        """The ids of all runs of a task."""
        rows = self._connection.rows("SELECT id FROM runs WHERE task_id = ?", (str(task_id),))
        return [UUID(run_id) for (run_id,) in rows]

    def scheduled(self, task_id: UUID, limit: int) -> list[Run]:
        """The newest runs that a task's schedule, or that of a task before it, has made, newest first."""
        wanted = "task_id = ? AND json_extract(doc, '$.trigger') IN ('schedule', 'sequence')"
        return self._select(f"WHERE {wanted} ORDER BY scheduled_time DESC, seq DESC LIMIT ?", str(task_id), limit)

    def ids(self) -> set[UUID]:
        """The ids of all runs."""
        return {UUID(run_id) for (run_id,) in self._connection.rows("SELECT id FROM runs")}

    def count_of_task(self, task_id: UUID) -> int:
        """How many runs a task has."""
        ((count,),) = self._connection.rows("SELECT count(*) FROM runs WHERE task_id = ?", (str(task_id),))
        return int(count)

    def newest_documents(self, limit: int) -> Iterator[str]:
        """The newest runs as the JSON texts they are stored as, newest first."""
        rows = self._connection.rows("SELECT doc FROM runs ORDER BY seq DESC LIMIT ?", (limit,))
        return (doc for (doc,) in rows)

    def unfinished(self) -> list[Run]:
        """The runs that have not ended, in the order of their turns: by scheduled time, then by age.

        One that continues another has that one's turn.
        """
        return self._select(
            "WHERE status IN ('upcoming', 'running') "
            "ORDER BY coalesce(json_extract(doc, '$.first_scheduled'), scheduled_time), "
            "coalesce((SELECT f.seq FROM runs AS f WHERE f.id = json_extract(runs.doc, '$.first_run')), seq)"
        )

    def sequence(self, sequence_id: UUID) -> list[Run]:
        """The runs of one sequence, in its order; those that continue others behind these."""
        return self._select(
            "WHERE sequence_id = ? ORDER BY json_extract(doc, '$.sequence_position'), seq", str(sequence_id)
        )

    def is_under_way(self, sequence_id: UUID) -> bool:
        """Whether a run of a sequence has not ended."""
        ((found,),) = self._connection.rows(
            "SELECT EXISTS (SELECT 1 FROM runs WHERE sequence_id = ? AND status IN ('upcoming', 'running'))",
            (str(sequence_id),),
        )
        return bool(found)

    def live(self) -> int:
        """How many runs are running."""
        ((count,),) = self._connection.rows("SELECT count(*) FROM runs WHERE status = 'running'")
        return int(count)

    def counts(self) -> dict[str, int]:
        """How many runs there are of each status."""
        return dict(self._connection.rows("SELECT status, count(*) FROM runs GROUP BY status"))

    # What retention asks

    def next_task(self, after: UUID | None) -> UUID | None:
        """The first task with runs after this one, in the order of their ids; the first of all after None."""
        ((found,),) = self._connection.rows(
            "SELECT min(task_id) FROM runs WHERE task_id > ?", (str(after) if after else "",)
        )
        return UUID(found) if found else None

    def position_of_newest(self, task_id: UUID, number: int) -> int | None:
        """The position of a task's newest run but so many; None if it has no more than these."""
        rows = self._connection.rows(
            "SELECT seq FROM runs WHERE task_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?", (str(task_id), number)
        )
        return int(rows[0][0]) if rows else None

    def forgettable(self, task_id: UUID, after: int, last: int, limit: int) -> list[Standing]:
        """A task's ended runs after one position up to another, oldest first, but for failures nobody has seen."""
        return self._standings(
            "WHERE task_id = ? AND seq > ? AND seq <= ? AND status IN ('success', 'failed', 'cancelled') "
            f"AND {_OF_NO_CONCERN} ORDER BY seq LIMIT ?",
            str(task_id),
            after,
            last,
            limit,
        )

    def standing(self, id: UUID) -> Standing | None:  # noqa: A002
        """How one run stands."""
        found = self._standings("WHERE id = ?", str(id))
        return found[0] if found else None

    def referring(self, id: UUID) -> list[Standing]:  # noqa: A002
        """The runs that go on with this one's session, or that do it over."""
        return self._standings(
            "WHERE json_extract(doc, '$.resumes') = ? OR json_extract(doc, '$.restarted_from') = ?", str(id), str(id)
        )

    def _standings(self, rest: str, *values: object) -> list[Standing]:
        rows = self._connection.rows(f"SELECT doc, seq, seen FROM runs {rest}", values)  # noqa: S608  (our own words)
        return [Standing(Run.model_validate_json(doc), int(seq), bool(seen)) for doc, seq, seen in rows]

    def newest_with_session(self, task_id: UUID) -> UUID | None:
        """The newest of a task's runs that has a session."""
        rows = self._connection.rows(
            "SELECT id FROM runs WHERE task_id = ? AND json_extract(doc, '$.session_id') IS NOT NULL "
            "ORDER BY seq DESC LIMIT 1",
            (str(task_id),),
        )
        return UUID(rows[0][0]) if rows else None

    def logged(self, after: Standing | None, before: datetime, limit: int) -> list[Standing]:
        """The runs with a log that ended before an instant, in the order of their ends, beginning after one of them.

        Failures that nobody has seen are left out.
        """
        end_time, position = ("", 0) if after is None else (_end_time(after.run), after.position)
        return self._standings(
            f"WHERE json_extract(doc, '$.log_path') IS NOT NULL AND {_OF_NO_CONCERN} "
            "AND json_extract(doc, '$.end_time') >= ? AND json_extract(doc, '$.end_time') < ? "
            "AND (json_extract(doc, '$.end_time') > ? OR seq > ?) "
            "ORDER BY json_extract(doc, '$.end_time'), seq LIMIT ?",
            end_time,
            instant_text(before),
            end_time,
            position,
            limit,
        )

    def with_log(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of some ids that are of runs with a log, or of runs that may still get one."""
        rows = self._connection.rows(
            "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?)) "
            "AND (json_extract(doc, '$.log_path') IS NOT NULL OR status IN ('upcoming', 'running'))",
            (_texts(ids),),
        )
        return {UUID(run_id) for (run_id,) in rows}

    def unseen(self, ids: Collection[UUID]) -> list[UUID]:
        """Those of some runs that have failed, and that nobody has seen since."""
        # By its id (the plus): all that have ever failed may be many.
        rows = self._connection.rows(
            "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?)) AND +status = 'failed' AND seen = 0",
            (_texts(ids),),
        )
        return [UUID(run_id) for (run_id,) in rows]

    def see(self, ids: Collection[UUID]) -> None:
        """Remember that a person has seen how these runs have ended."""
        # The table is not told as written to: nothing of it that is shown changes.
        self._connection.execute(
            "UPDATE runs SET seen = 1 WHERE id IN (SELECT value FROM json_each(?))", (_texts(ids),)
        )

    # What is not shown of them

    def execution(self, id: UUID) -> Execution | None:  # noqa: A002
        """The live side of a running run."""
        rows = self._connection.rows("SELECT execution FROM runs WHERE id = ?", (str(id),))
        return Execution.model_validate_json(rows[0][0]) if rows and rows[0][0] else None

    def carried(self, id: UUID) -> dict[str, Any] | None:  # noqa: A002
        """What a run that continues another takes over of the work tree's state; None if that is nothing."""
        rows = self._connection.rows("SELECT carried FROM runs WHERE id = ?", (str(id),))
        return json.loads(rows[0][0]) if rows and rows[0][0] else None

    def put_carried(self, id: UUID, carried: dict[str, Any] | None) -> None:  # noqa: A002
        """Remember or forget that."""
        self._writing(self.name)
        text = json.dumps(carried) if carried else None
        self._connection.execute("UPDATE runs SET carried = ? WHERE id = ?", (text, str(id)))

    def put_execution(self, id: UUID, execution: Execution | None) -> None:  # noqa: A002
        """Remember or forget the live side of a run."""
        self._writing(self.name)
        text = execution.model_dump_json() if execution else None
        self._connection.execute("UPDATE runs SET execution = ? WHERE id = ?", (text, str(id)))


def _texts(ids: Collection[UUID]) -> str:
    return json.dumps([str(each) for each in ids])


def _end_time(run: Run) -> str:
    return instant_text(run.end_time) if run.end_time else ""
