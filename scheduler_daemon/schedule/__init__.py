"""When is it due next? Pure functions of (schedule, instant).

``due`` has them for a task's schedule of any type; what is here needs no model, so the client can use it, too.
"""

from scheduler_daemon.schedule.cron import CronExpression
from scheduler_daemon.schedule.error import ScheduleError
from scheduler_daemon.schedule.words import in_words
from scheduler_daemon.schedule.zone import find_zone

__all__ = ["CronExpression", "ScheduleError", "find_zone", "in_words"]
