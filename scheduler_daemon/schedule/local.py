"""An instant as this machine's clocks show it, for a person to read."""

from datetime import UTC, datetime, tzinfo

from scheduler_daemon.schedule.error import ScheduleError
from scheduler_daemon.schedule.zone import find_zone


def local_text(instant: datetime) -> str:
    """An instant to the second, with the short name of its zone."""
    return instant.astimezone(_local()).strftime("%Y-%m-%d %H:%M:%S %Z")


def _local() -> tzinfo:
    try:
        return find_zone(None)
    except ScheduleError:
        return UTC
