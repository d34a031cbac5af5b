"""Running hours: when may what a schedule asks for start?"""

from datetime import datetime, time

from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.task import ScheduleConfig, Task
from scheduler_daemon.schedule.due import next_due
from scheduler_daemon.schedule.zone import find_zone


def opens(task: Task, now: datetime) -> datetime | None:
    """The instant from which a task may start; None if it may now.

    Raises:
        ScheduleError: when its time zone can no longer be read.
    """
    if task.running_hours is None:
        return None
    begin, end = (time.fromisoformat(each) for each in task.running_hours.split("-"))
    clock = now.astimezone(find_zone(task.schedule.timezone)).time()
    inside = begin <= clock < end if begin < end else clock >= begin or clock < end
    if inside:
        return None
    # A begin that a clock change leaves out counts as every time of the calendar does.
    daily = ScheduleConfig(
        type=ScheduleType.CALENDAR,
        cron_expression=f"{begin.minute} {begin.hour} * * *",
        timezone=task.schedule.timezone,
    )
    return next_due(daily, now, now)
