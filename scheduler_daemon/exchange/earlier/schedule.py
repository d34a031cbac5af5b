"""When a task was due there, and how that is said here."""

import re

from scheduler_daemon.exchange.earlier import shapes
from scheduler_daemon.exchange.notes import Entry
from scheduler_daemon.model.enums import IntervalType, ScheduleType
from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.zone import find_zone

_PRESET = re.compile(r"([1-9]\d{0,2}) ?(min|minutes?|hours?)")
_DAYS_OF_A_WEEK = 7
_CRON_FIELDS = 5


def schedule(given: shapes.Schedule, entry: Entry) -> ScheduleConfig:
    """The schedule of a task; what becomes something else is noted."""
    entry.left_out_unknown(given, "schedule")
    zone = given.timezone or None
    match given.schedule_type:
        case "calendar":
            return _calendar(_expression(given, entry), zone, entry)
        case "interval" if _interval_type(given) == "cron":
            return _calendar(_interval_cron(given, entry), zone, entry)
        case "interval":
            value, unit = _preset(given, entry) if _interval_type(given) == "simple" else _custom(given, entry)
            kind = ScheduleType.INTERVAL
            return ScheduleConfig(type=kind, interval_value=value, interval_type=unit, timezone=zone)
        case "file_watch":
            return _file_watch(given, zone, entry)
        case "startup":
            entry.changed("a task is not run when the daemon starts; it is manual here", "schedule", "schedule_type")
            return ScheduleConfig(timezone=zone)
        case other:
            return ScheduleConfig(type=ScheduleType(other), timezone=zone)


def said_by(given: shapes.Schedule) -> dict[str, str]:
    """By the field of ours: the field there that says the same."""
    by_cron = given.schedule_type == "interval" and _interval_type(given) == "cron"
    interval = "interval_preset" if _interval_type(given) == "simple" else "interval_value"
    return {
        "type": "schedule_type",
        "cron_expression": "interval_cron" if by_cron else "calendar_time",
        "interval_value": interval,
        "interval_type": interval,
        "watch_path": "watch_directory",
        "watch_debounce": "watch_debounce_seconds",
    }


def _calendar(expression: str, zone: str | None, entry: Entry) -> ScheduleConfig:
    # Its files have a zone for each task, and its scheduler went by the machine's clock all the same.
    if zone is not None and zone != _machine_zone():
        entry.changed(
            f"the task is due by the clocks of {zone}; it was due by those of the machine", "schedule", "timezone"
        )
    return ScheduleConfig(type=ScheduleType.CALENDAR, cron_expression=expression, timezone=zone)


def _machine_zone() -> str | None:
    try:
        return find_zone(None).key
    except ScheduleError:
        return None


def _expression(given: shapes.Schedule, entry: Entry) -> str:
    """The cron expression of a time of day, and of the days on which it counts."""
    time = given.calendar_time
    if time is None:
        entry.changed("none is given, so it is 00:00, as it was", "schedule", "calendar_time")
    elif time.second or time.microsecond:
        entry.changed("the seconds do not count, as they did not", "schedule", "calendar_time")
    return f"{time.minute} {time.hour} {_days(given, entry)}" if time else f"0 0 {_days(given, entry)}"


def _days(given: shapes.Schedule, entry: Entry) -> str:
    """Day of the month, month and day of the week."""
    if given.calendar_frequency is None:
        entry.changed("none is given, so it is daily, as it was", "schedule", "calendar_frequency")
    if given.calendar_frequency == "monthly":
        if given.calendar_day_of_month is None:
            entry.changed("none is given, so it is the first, as it was", "schedule", "calendar_day_of_month")
        return f"{given.calendar_day_of_month or 1} * *"
    if given.calendar_frequency != "weekly":
        return "* * *"
    if not given.calendar_days_of_week:
        entry.changed("none is given, so it is Monday, as it was", "schedule", "calendar_days_of_week")
    # Its week began with Monday as 0, cron's begins with Sunday as 0.
    days = sorted({(day + 1) % _DAYS_OF_A_WEEK for day in given.calendar_days_of_week or [0]})
    return "* * *" if len(days) == _DAYS_OF_A_WEEK else f"* * {','.join(map(str, days))}"


def _interval_type(given: shapes.Schedule) -> str:
    """Its editor inferred the type from what is there, if it was not said."""
    if given.interval_type:
        return given.interval_type
    if given.interval_preset:
        return "simple"
    return "cron" if given.interval_cron and not given.interval_value else "custom"


def _interval_cron(given: shapes.Schedule, entry: Entry) -> str:
    entry.changed("an interval by a cron expression is a calendar schedule here", "schedule", "interval_type")
    if not given.interval_cron:
        entry.changed("none is given, so it is every minute, as it was", "schedule", "interval_cron")
        return "* * * * *"
    fields = given.interval_cron.split()
    day, weekday = (fields[2], fields[4]) if len(fields) == _CRON_FIELDS else ("*", "*")
    if any(character.isdigit() for character in weekday):
        entry.changed(
            f"the days of the week in {given.interval_cron} are cron's here, from 0 for Sunday; "
            "there they were counted from 0 for Monday",
            "schedule",
            "interval_cron",
        )
    if not day.startswith("*") and not weekday.startswith("*"):
        entry.changed(
            f"of the days in {given.interval_cron} it is due on either here, as in cron; "
            "there it was due where both agreed",
            "schedule",
            "interval_cron",
        )
    return given.interval_cron


def _preset(given: shapes.Schedule, entry: Entry) -> tuple[int, IntervalType]:
    preset = _PRESET.fullmatch(given.interval_preset or "")
    if preset is None:
        entry.changed("this is no interval, so it is 5 minutes, as it was", "schedule", "interval_preset")
        return 5, IntervalType.MINUTES
    return int(preset[1]), IntervalType.HOURS if preset[2].startswith("hour") else IntervalType.MINUTES


def _custom(given: shapes.Schedule, entry: Entry) -> tuple[int, IntervalType]:
    if given.interval_value is None:
        entry.changed("none is given, so it is 1, as it was", "schedule", "interval_value")
    if given.interval_unit is None:
        entry.changed("none is given, so it is minutes, as it was", "schedule", "interval_unit")
    return given.interval_value or 1, IntervalType(given.interval_unit or "minutes")


def _file_watch(given: shapes.Schedule, zone: str | None, entry: Entry) -> ScheduleConfig:
    if not given.watch_directory:
        entry.changed("none is given, so it is ~, as it was", "schedule", "watch_directory")
    return ScheduleConfig(
        type=ScheduleType.FILE_WATCH,
        watch_path=given.watch_directory or "~",
        watch_recursive=given.watch_recursive,
        watch_debounce=given.watch_debounce_seconds,
        timezone=zone,
    )
