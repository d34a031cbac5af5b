"""``scheduler.*``: what the clock will start, and when."""

from datetime import UTC, tzinfo
from uuid import UUID

from scheduler_daemon.control import Json
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.registry import Caller, NoParams, Registry
from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.zone import find_zone
from scheduler_daemon.store.schedules import Plan
from scheduler_daemon.store.store import Store


class SchedulerMethods:
    """The methods about due times."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "scheduler.list", NoParams, self.list_all, summary="The scheduled tasks, soonest due first")

    async def list_all(self, params: NoParams, caller: Caller) -> Json:
        """Only tasks that the clock starts by itself."""
        return {"scheduled": scheduled(self._store, self._store.schedules.all())}


def scheduled(store: Store, plans: list[Plan]) -> list[Json]:
    """The plans as a person reads them."""
    local = _local()
    jobs: dict[UUID, str] = {job.id: job.name for job in store.jobs.all()}
    tasks = {task.id: task for task in store.tasks.all()}
    return [
        {
            "task_id": str(task.id),
            "task_name": task.name,
            "job_id": str(task.job_id),
            "job_name": jobs.get(task.job_id, ""),
            "schedule": _in_words(task.schedule),
            "timezone": _zone(task.schedule),
            "next_due": instant_text(plan.next_due),
            "local": plan.next_due.astimezone(local).isoformat(),
        }
        for plan in plans
        if (task := tasks.get(plan.task_id))
    ]


def _local() -> tzinfo:
    try:
        return find_zone(None)
    except ScheduleError:
        return UTC


def _in_words(schedule: ScheduleConfig) -> str:
    if schedule.type is ScheduleType.INTERVAL and schedule.interval_type:
        unit = schedule.interval_type.value
        return f"every {schedule.interval_value} {unit}" if schedule.interval_value != 1 else f"every {unit[:-1]}"
    return schedule.cron_expression or schedule.type.value


def _zone(schedule: ScheduleConfig) -> str:
    try:
        return find_zone(schedule.timezone).key
    except ScheduleError:
        # The machine's own zone has become unreadable since the due time was computed.
        return schedule.timezone or "unknown"
