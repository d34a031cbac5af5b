"""``scheduler.*``: what the clock will start, and when."""

from datetime import UTC, datetime, tzinfo
from typing import Annotated
from uuid import UUID

from pydantic import Field

from scheduler_daemon.control import Json
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.references import find
from scheduler_daemon.control.registry import Caller, NoParams, Params, Registry
from scheduler_daemon.engine.why import starts_at
from scheduler_daemon.model.enums import RunStatus, ScheduleType
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.zone import find_zone
from scheduler_daemon.store.schedules import Plan
from scheduler_daemon.store.skipped import Skipped
from scheduler_daemon.store.store import Store


class History(Params):
    """A task's due times that have come, the newest first."""

    task: Annotated[str, Field(min_length=1)]
    limit: Annotated[int, Field(ge=1, le=10_000)] = 20


class SchedulerMethods:
    """The methods about due times."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "scheduler.list", NoParams, self.list_all, summary="The scheduled tasks, soonest due first")
        add(
            registry,
            "scheduler.history",
            History,
            self.history,
            summary="A task's due times, each with its run or the reason why there is none",
        )

    async def list_all(self, params: NoParams, caller: Caller) -> Json:
        """Only tasks that the clock starts by itself."""
        return {"scheduled": scheduled(self._store, self._store.schedules.all())}

    async def history(self, params: History, caller: Caller) -> Json:
        """Newest first; due times in a row that have one reason are one entry.

        The run is the one that has the last word: the last try, or the one that went on after a usage limit.
        """
        task = find(self._store.tasks, params.task)
        runs = self._store.runs.scheduled(task.id, params.limit)
        entries: list[tuple[datetime, Json]] = [(run.scheduled_time, _met(run, self._last(run))) for run in runs]
        entries += [
            (skipped.last_due, _not_met(skipped)) for skipped in self._store.skipped.newest(task.id, params.limit)
        ]
        entries.sort(key=lambda entry: entry[0], reverse=True)
        return {
            "task_id": str(task.id),
            "task_name": task.name,
            "due_times": [each for _, each in entries][: params.limit],
        }

    def _last(self, run: Run) -> Run:
        """The last of the runs that continue one."""
        while run.continued_by and (later := self._store.runs.get(run.continued_by)):
            run = later
        return run


def _met(due: Run, run: Run) -> Json:
    """``run`` is what became of the due time's run in the end."""
    return {
        "due": instant_text(due.scheduled_time),
        "until": None,
        "run_id": str(run.id),
        "status": run.status.value,
        "outcome": run.outcome.value if run.outcome else None,
        "reason": None,
        "detail": run.errors[0] if run.status is RunStatus.CANCELLED and run.errors else None,
    }


def _not_met(skipped: Skipped) -> Json:
    last = skipped.last_due
    return {
        "due": instant_text(skipped.first_due),
        "until": instant_text(last) if last > skipped.first_due else None,
        "run_id": None,
        "status": None,
        "outcome": None,
        "reason": skipped.reason.value,
        "detail": skipped.detail,
    }


def scheduled(store: Store, plans: list[Plan]) -> list[Json]:
    """The plans as a person reads them."""
    jobs: dict[UUID, str] = {job.id: job.name for job in store.jobs.all()}
    tasks = {task.id: task for task in store.tasks.all()}
    return [
        {
            "task_id": str(task.id),
            "task_name": task.name,
            "job_id": str(task.job_id),
            "job_name": jobs.get(task.job_id, ""),
            "schedule": _in_words(task.schedule),
            "timezone": _zone_name(task.schedule),
            "next_due": instant_text(plan.next_due),
            "starts_at": instant_text(starts_at(task, plan)),
            "local": plan.next_due.astimezone(_zone(task.schedule)).isoformat(),
        }
        for plan in plans
        if (task := tasks.get(plan.task_id))
    ]


def _in_words(schedule: ScheduleConfig) -> str:
    if schedule.type is ScheduleType.INTERVAL and schedule.interval_type:
        unit = schedule.interval_type.value
        return f"every {schedule.interval_value} {unit}" if schedule.interval_value != 1 else f"every {unit[:-1]}"
    return schedule.cron_expression or schedule.type.value


def _zone(schedule: ScheduleConfig) -> tzinfo:
    try:
        return find_zone(schedule.timezone)
    except ScheduleError:
        return UTC


def _zone_name(schedule: ScheduleConfig) -> str:
    try:
        return find_zone(schedule.timezone).key
    except ScheduleError:
        # The machine's own zone has become unreadable since the due time was computed.
        return schedule.timezone or "unknown"
