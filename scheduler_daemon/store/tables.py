"""One table for each noun: the whole object as a JSON document, beside the columns it is found by."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from scheduler_daemon.model.enums import RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.connection import Connection

SHORTEST_PREFIX = 4
"""Fewer characters of an id than this name nothing."""

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

    @abstractmethod
    def _columns(self, record: R) -> dict[str, str | None]:
        """What the object is found by, beside its id."""

    def _select(self, rest: str = "", *values: object) -> list[R]:
        return list(self._each(rest, *values))

    def _each(self, rest: str, *values: object) -> Iterator[R]:
        rows = self._connection.rows(f"SELECT doc FROM {self.name} {rest}", values)  # noqa: S608  (our own words)
        return (self.kind.model_validate_json(doc) for (doc,) in rows)

    def get(self, id: UUID) -> R | None:  # noqa: A002  (the field's name)
        """The object with this id, or None."""
        found = self._select("WHERE id = ?", str(id))
        return found[0] if found else None

    def all(self) -> list[R]:
        """Every object, oldest first."""
        return self._select("ORDER BY seq")

    def each(self) -> Iterator[R]:
        """Every object, oldest first, one at a time: one may hold a prompt of megabytes."""
        return self._each("ORDER BY seq")

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

    def delete(self, id: UUID) -> None:  # noqa: A002
        """Forget the object and all that belongs to it."""
        for table in (self.name, *self.cascade):
            self._writing(table)
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


class Profiles(Table[Profile]):
    """The profiles."""

    name = "profiles"
    kind = Profile

    def _columns(self, record: Profile) -> dict[str, str | None]:
        return {"name": record.name}


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
        """The runs that have not ended, in the order of their turns: by scheduled time, then by age."""
        return self._select("WHERE status IN ('upcoming', 'running') ORDER BY scheduled_time, seq")

    def sequence(self, sequence_id: UUID) -> list[Run]:
        """The runs of one sequence, in its order."""
        return self._select("WHERE sequence_id = ? ORDER BY seq", str(sequence_id))

    def counts(self) -> dict[str, int]:
        """How many runs there are of each status."""
        return dict(self._connection.rows("SELECT status, count(*) FROM runs GROUP BY status"))

    def execution(self, id: UUID) -> Execution | None:  # noqa: A002
        """The live side of a running run."""
        rows = self._connection.rows("SELECT execution FROM runs WHERE id = ?", (str(id),))
        return Execution.model_validate_json(rows[0][0]) if rows and rows[0][0] else None

    def put_execution(self, id: UUID, execution: Execution | None) -> None:  # noqa: A002
        """Remember or forget the live side of a run."""
        self._writing(self.name)
        text = execution.model_dump_json() if execution else None
        self._connection.execute("UPDATE runs SET execution = ? WHERE id = ?", (text, str(id)))
