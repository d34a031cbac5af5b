"""When is it due next? Pure functions of (schedule, instant)."""

from scheduler_daemon.schedule.cron import CronExpression
from scheduler_daemon.schedule.due import check, latest_due, next_due
from scheduler_daemon.schedule.error import ScheduleError
from scheduler_daemon.schedule.zone import find_zone

__all__ = ["CronExpression", "ScheduleError", "check", "find_zone", "latest_due", "next_due"]
