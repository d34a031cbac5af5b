"""How a task of the earlier application is said here, field by field, and what is noted of it."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from scheduler_daemon.exchange.incoming import Incoming, read
from scheduler_daemon.model.enums import CommandType, IntervalType, Permissions, ScheduleType, SessionMode
from scheduler_daemon.model.task import NotificationConfig, RetryConfig, ScheduleConfig, Task
from scheduler_daemon.store.documents import Unacceptable
from tests.unit.exchange.samples import EARLIER, earlier_job, earlier_task, line_of


@pytest.fixture(autouse=True)
def machine_in_lisbon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The zone of this machine."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Lisbon")
        time.tzset()
        yield
    time.tzset()


def document(*tasks: dict[str, Any]) -> bytes:
    exported = {"version": "1.0", "job": earlier_job(), "tasks": list(tasks), "metadata": {}}
    return json.dumps(exported, indent=1).encode()


def imported(**fields: Any) -> tuple[Task, list[str]]:
    """The task here, and what is noted of it without line and name."""
    incoming = read("x.json", document(earlier_task(**fields)), [])
    (task,) = incoming.tasks
    return task, [note.partition('task "weed": ')[2] for note in incoming.notes]


def calendar(expression: str, timezone: str | None = None) -> ScheduleConfig:
    return ScheduleConfig(type=ScheduleType.CALENDAR, cron_expression=expression, timezone=timezone)


def every(value: int, unit: IntervalType, timezone: str | None = None) -> ScheduleConfig:
    return ScheduleConfig(type=ScheduleType.INTERVAL, interval_value=value, interval_type=unit, timezone=timezone)


def watched(path: str, recursive: bool | None = True, debounce: float | None = None) -> ScheduleConfig:
    return ScheduleConfig(
        type=ScheduleType.FILE_WATCH, watch_path=path, watch_recursive=recursive, watch_debounce=debounce
    )


MINUTES, HOURS, DAYS = IntervalType
DAILY = {"schedule_type": "calendar", "calendar_frequency": "daily", "calendar_time": "09:05:00"}
WEEKLY = {"schedule_type": "calendar", "calendar_frequency": "weekly", "calendar_time": "09:00"}
MONTHLY = {"schedule_type": "calendar", "calendar_frequency": "monthly", "calendar_time": "23:59:00"}
SIMPLE = {"schedule_type": "interval", "interval_type": "simple"}
CUSTOM = {"schedule_type": "interval", "interval_type": "custom"}
CRON = {"schedule_type": "interval", "interval_type": "cron"}
WATCH = {"schedule_type": "file_watch", "watch_directory": "~/inbox"}
CRON_IS_CALENDAR = "schedule.interval_type: an interval by a cron expression is a calendar schedule here"


@pytest.mark.parametrize(
    ("given", "ours", "notes"),
    [
        pytest.param({"schedule_type": "manual"}, ScheduleConfig(), [], id="manual"),
        pytest.param({}, ScheduleConfig(), [], id="nothing-said"),
        pytest.param(
            {"schedule_type": "sequential"}, ScheduleConfig(type=ScheduleType.SEQUENTIAL), [], id="sequential"
        ),
        pytest.param(
            {"schedule_type": "startup"},
            ScheduleConfig(),
            ["schedule.schedule_type: a task is not run when the daemon starts; it is manual here"],
            id="startup",
        ),
        pytest.param(
            {"schedule_type": "manual", "timezone": "Europe/Amsterdam"},
            ScheduleConfig(timezone="Europe/Amsterdam"),
            [],
            id="manual-with-a-zone",
        ),
        pytest.param({"schedule_type": "manual", "timezone": ""}, ScheduleConfig(), [], id="empty-zone"),
        pytest.param(DAILY, calendar("5 9 * * *"), [], id="daily"),
        pytest.param(
            {**DAILY, "timezone": "Europe/Lisbon"}, calendar("5 9 * * *", "Europe/Lisbon"), [], id="daily-in-own-zone"
        ),
        pytest.param(
            {**DAILY, "timezone": "Europe/Amsterdam"},
            calendar("5 9 * * *", "Europe/Amsterdam"),
            [
                "schedule.timezone: the task is due by the clocks of Europe/Amsterdam; "
                "it was due by those of the machine"
            ],
            id="daily-in-another-zone",
        ),
        pytest.param(
            {**DAILY, "calendar_time": "09:05:30"},
            calendar("5 9 * * *"),
            ["schedule.calendar_time: the seconds do not count, as they did not"],
            id="daily-with-seconds",
        ),
        pytest.param(
            {"schedule_type": "calendar"},
            calendar("0 0 * * *"),
            [
                "schedule.calendar_time: none is given, so it is 00:00, as it was",
                "schedule.calendar_frequency: none is given, so it is daily, as it was",
            ],
            id="calendar-of-nothing",
        ),
        pytest.param({**WEEKLY, "calendar_days_of_week": [0]}, calendar("0 9 * * 1"), [], id="weekly-monday"),
        pytest.param({**WEEKLY, "calendar_days_of_week": [6]}, calendar("0 9 * * 0"), [], id="weekly-sunday"),
        pytest.param(
            {**WEEKLY, "calendar_days_of_week": [6, 4, 0, 4]}, calendar("0 9 * * 0,1,5"), [], id="weekly-several"
        ),
        pytest.param(
            {**WEEKLY, "calendar_days_of_week": [0, 1, 2, 3, 4, 5, 6]}, calendar("0 9 * * *"), [], id="weekly-all"
        ),
        pytest.param(
            {**WEEKLY, "calendar_days_of_week": []},
            calendar("0 9 * * 1"),
            ["schedule.calendar_days_of_week: none is given, so it is Monday, as it was"],
            id="weekly-none",
        ),
        pytest.param({**MONTHLY, "calendar_day_of_month": 31}, calendar("59 23 31 * *"), [], id="monthly"),
        pytest.param(
            MONTHLY,
            calendar("59 23 1 * *"),
            ["schedule.calendar_day_of_month: none is given, so it is the first, as it was"],
            id="monthly-none",
        ),
        pytest.param({**SIMPLE, "interval_preset": "5min"}, every(5, MINUTES), [], id="5min"),
        pytest.param({**SIMPLE, "interval_preset": "15min"}, every(15, MINUTES), [], id="15min"),
        pytest.param({**SIMPLE, "interval_preset": "30min"}, every(30, MINUTES), [], id="30min"),
        pytest.param({**SIMPLE, "interval_preset": "1hour"}, every(1, HOURS), [], id="1hour"),
        pytest.param({**SIMPLE, "interval_preset": "12hours"}, every(12, HOURS), [], id="12hours"),
        pytest.param({**SIMPLE, "interval_preset": "15 minutes"}, every(15, MINUTES), [], id="older-15-minutes"),
        pytest.param({**SIMPLE, "interval_preset": "1 hour"}, every(1, HOURS), [], id="older-1-hour"),
        pytest.param(
            {**SIMPLE, "interval_preset": "often"},
            every(5, MINUTES),
            ["schedule.interval_preset: this is no interval, so it is 5 minutes, as it was"],
            id="unknown-preset",
        ),
        pytest.param(
            {"schedule_type": "interval", "interval_preset": "30min"}, every(30, MINUTES), [], id="preset-alone"
        ),
        pytest.param(
            {**CUSTOM, "interval_value": 7, "interval_unit": "minutes"}, every(7, MINUTES), [], id="minutes"
        ),
        pytest.param({**CUSTOM, "interval_value": 7, "interval_unit": "hours"}, every(7, HOURS), [], id="hours"),
        pytest.param({**CUSTOM, "interval_value": 999, "interval_unit": "days"}, every(999, DAYS), [], id="days"),
        pytest.param(
            {**CUSTOM, "interval_value": 2, "interval_unit": "hours", "timezone": "Asia/Tokyo"},
            every(2, HOURS, "Asia/Tokyo"),
            [],
            id="interval-with-a-zone",
        ),
        pytest.param(
            {"schedule_type": "interval"},
            every(1, MINUTES),
            [
                "schedule.interval_value: none is given, so it is 1, as it was",
                "schedule.interval_unit: none is given, so it is minutes, as it was",
            ],
            id="interval-of-nothing",
        ),
        pytest.param(
            {**CRON, "interval_cron": "0 */2 * * *"}, calendar("0 */2 * * *"), [CRON_IS_CALENDAR], id="cron"
        ),
        pytest.param(
            {"schedule_type": "interval", "interval_cron": "0 * * * *"},
            calendar("0 * * * *"),
            [CRON_IS_CALENDAR],
            id="cron-alone",
        ),
        pytest.param(
            {**CRON, "interval_cron": "0 9 * * mon-fri"},
            calendar("0 9 * * mon-fri"),
            [CRON_IS_CALENDAR],
            id="cron-with-named-days",
        ),
        pytest.param(
            {**CRON, "interval_cron": "0 9 * * 1-5"},
            calendar("0 9 * * 1-5"),
            [
                CRON_IS_CALENDAR,
                "schedule.interval_cron: the days of the week in 0 9 * * 1-5 are cron's here, from 0 for Sunday; "
                "there they were counted from 0 for Monday",
            ],
            id="cron-with-numbered-days",
        ),
        pytest.param(
            {**CRON, "interval_cron": "0 9 13 * fri"},
            calendar("0 9 13 * fri"),
            [
                CRON_IS_CALENDAR,
                "schedule.interval_cron: of the days in 0 9 13 * fri it is due on either here, as in cron; "
                "there it was due where both agreed",
            ],
            id="cron-with-both-days",
        ),
        pytest.param({**CRON, "interval_cron": "soon"}, calendar("soon"), [CRON_IS_CALENDAR], id="cron-that-is-none"),
        pytest.param(
            {**CRON, "interval_cron": None},
            calendar("* * * * *"),
            [CRON_IS_CALENDAR, "schedule.interval_cron: none is given, so it is every minute, as it was"],
            id="cron-of-nothing",
        ),
        pytest.param({**WATCH, "watch_recursive": True}, watched("~/inbox"), [], id="watch"),
        pytest.param(
            {**WATCH, "watch_recursive": False, "watch_debounce_seconds": 5},
            watched("~/inbox", recursive=False, debounce=5),
            [],
            id="watch-as-it-likes",
        ),
        pytest.param(
            {"schedule_type": "file_watch"},
            watched("~"),
            ["schedule.watch_directory: none is given, so it is ~, as it was"],
            id="watch-of-nothing",
        ),
        pytest.param(
            {"schedule_type": "manual", "moon_phase": "full", "tide": None},
            ScheduleConfig(),
            ["schedule.moon_phase: there is no such field here"],
            id="unknown-field",
        ),
    ],
)
def test_schedules(given: dict[str, Any], ours: ScheduleConfig, notes: list[str]) -> None:
    """Each kind of schedule is the one here that is due at the same times; what is not the same is noted."""
    task, noted = imported(schedule=given)
    assert (task.schedule, noted) == (ours, notes)


@pytest.mark.parametrize(
    ("given", "field", "ours", "notes"),
    [
        pytest.param({"prompt": "Go"}, "command", "Go", [], id="prompt"),
        pytest.param({"prompt": None, "command": "Go"}, "command", "Go", [], id="older-command"),
        pytest.param(
            {"prompt": "  "},
            "command",
            "weed",
            ["prompt: it is empty, so the agent is given the task's name, as it was"],
            id="empty-prompt",
        ),
        pytest.param(
            {"prompt": None, "command": ""},
            "command",
            "weed",
            ["command: it is empty, so the agent is given the task's name, as it was"],
            id="older-empty-command",
        ),
        pytest.param({"prompt_type": "prompt"}, "command_type", CommandType.PROMPT, [], id="type-prompt"),
        pytest.param(
            {"prompt_type": "slash_command", "prompt": "/tidy up"},
            "command_type",
            CommandType.SLASH_COMMAND,
            [],
            id="type-slash-command",
        ),
        pytest.param(
            {"prompt": None, "command_type": "command", "command": "/tidy up"},
            "command_type",
            CommandType.SLASH_COMMAND,
            [],
            id="older-type-command",
        ),
        pytest.param(
            {"prompt_type": "command", "prompt": "tidy up"},
            "command_type",
            CommandType.PROMPT,
            ["prompt_type: command without a slash before it is a prompt, as it was"],
            id="type-command-without-slash",
        ),
        pytest.param({"permissions": "default"}, "permissions", Permissions.DEFAULT, [], id="permissions-default"),
        pytest.param({"permissions": "bypass"}, "permissions", Permissions.BYPASS, [], id="permissions-bypass"),
        pytest.param(
            {"permissions": "acceptEdits"},
            "permissions",
            Permissions("acceptEdits"),
            [],
            id="permissions-acceptEdits",
        ),
        pytest.param({"permissions": "plan"}, "permissions", Permissions("plan"), [], id="permissions-plan"),
        pytest.param({"permissions": ["plan"]}, "permissions", Permissions("plan"), [], id="permissions-list-of-one"),
        pytest.param(
            {"permissions": None},
            "permissions",
            Permissions.DEFAULT,
            ["permissions: none are given, so they are default"],
            id="permissions-none",
        ),
        pytest.param(
            {"permissions": "restricted"},
            "permissions",
            Permissions.DEFAULT,
            ["permissions: there are no permissions restricted, so they are default"],
            id="permissions-unknown",
        ),
        pytest.param(
            {"permissions": ["plan", "bypass"]},
            "permissions",
            Permissions.DEFAULT,
            ["permissions: there are no permissions plan, bypass, so they are default"],
            id="permissions-several",
        ),
        pytest.param({"session_mode": "new"}, "session_mode", SessionMode.NEW, [], id="session-new"),
        pytest.param({"session_mode": "continue"}, "session_mode", SessionMode.CONTINUE, [], id="session-continue"),
        pytest.param(
            {"session_mode": "reuse"},
            "session_mode",
            SessionMode.RESUME,
            ["session_mode: reuse is resume here: a run goes on with the session of the task's last"],
            id="session-reuse",
        ),
        pytest.param(
            {"session_mode": "fork"},
            "session_mode",
            SessionMode.NEW,
            ["session_mode: a session is not forked; each run has a new one here"],
            id="session-fork",
        ),
        pytest.param(
            {"session_mode": "share"},
            "session_mode",
            SessionMode.NEW,
            ["session_mode: there is no mode share; each run has a new session here"],
            id="session-unknown",
        ),
        pytest.param({"model": "claude-opus-9"}, "model", "claude-opus-9", [], id="model"),
        pytest.param({"model": ""}, "model", "sonnet", ["model: none is given, so it is sonnet"], id="model-empty"),
        pytest.param({"enabled": False}, "enabled", False, [], id="disabled"),
        pytest.param({"commit_on_success": False}, "commit_on_success", False, [], id="commit-on-success"),
        pytest.param({"allowed_tools": ["Read"]}, "allowed_tools", ["Read"], [], id="allowed-tools"),
        pytest.param({"disallowed_tools": None}, "disallowed_tools", [], [], id="disallowed-tools-null"),
        pytest.param({"profile": ""}, "profile", None, [], id="empty-profile"),
        pytest.param(
            {"working_directory": "/srv"},
            "command",
            "Pull the weeds",
            ["working_directory: there is no such field here"],
            id="unknown-field",
        ),
        pytest.param({"last_run_status": "success"}, "last_run_status", None, [], id="no-past"),
        pytest.param({"last_session_id": "44444444"}, "last_run_status", None, [], id="no-past-session"),
    ],
)
def test_fields(given: dict[str, Any], field: str, ours: object, notes: list[str]) -> None:
    """Each field has its equivalent, or a note says what is there in its place."""
    task, noted = imported(**given)
    assert (getattr(task, field), noted) == (ours, notes)


ON = {"enabled": True, "max_attempts": 2, "delay_seconds": 90, "backoff_multiplier": 1.0}
SEQUENTIAL = {"schedule_type": "sequential", "seq_max_retries": 4, "seq_retry_delay_seconds": 30}


@pytest.mark.parametrize(
    ("given", "ours", "notes"),
    [
        pytest.param({}, RetryConfig(), [], id="nothing-said"),
        pytest.param({"retry": {**ON, "enabled": False}}, RetryConfig(retry_delay=90), [], id="off"),
        pytest.param(
            {"retry": ON}, RetryConfig(max_retries=2, retry_delay=90, max_retry_delay=90), [], id="always-the-same"
        ),
        pytest.param(
            {"retry": {**ON, "backoff_multiplier": 2.0}},
            RetryConfig(max_retries=2, retry_delay=90),
            [],
            id="twice-as-long",
        ),
        pytest.param(
            {"retry": {**ON, "backoff_multiplier": 2.0, "delay_seconds": 7200}},
            RetryConfig(max_retries=2, retry_delay=7200, max_retry_delay=7200),
            [],
            id="long-from-the-first",
        ),
        pytest.param(
            {"retry": {**ON, "backoff_multiplier": 1.5}},
            RetryConfig(max_retries=2, retry_delay=90),
            ["retry.backoff_multiplier: each retry waits twice as long as the one before here"],
            id="with-another-backoff",
        ),
        pytest.param(
            {"schedule": SEQUENTIAL},
            RetryConfig(max_retries=4, retry_delay=30, max_retry_delay=30),
            ["schedule.seq_max_retries: it is the task's retry here"],
            id="sequential",
        ),
        pytest.param(
            {"schedule": SEQUENTIAL, "retry": ON},
            RetryConfig(max_retries=2, retry_delay=90, max_retry_delay=90),
            ["schedule.seq_max_retries: the task's own retry is what counts"],
            id="sequential-and-on",
        ),
        pytest.param(
            {"schedule": {**SEQUENTIAL, "schedule_type": "manual"}},
            RetryConfig(),
            ["schedule.seq_max_retries: the task is not sequential"],
            id="not-sequential",
        ),
    ],
)
def test_retries(given: dict[str, Any], ours: RetryConfig, notes: list[str]) -> None:
    """What it called attempts were the retries; the wait between them is the same where it said so."""
    task, noted = imported(**given)
    assert (task.retry, [note for note in noted if "seq_" in note or "retry" in note]) == (ours, notes)


@pytest.mark.parametrize(
    ("given", "ours", "notes"),
    [
        pytest.param({}, NotificationConfig(on_success=True, on_failure=True), [], id="nothing-said"),
        pytest.param(
            {"on_end": False, "on_failure": True},
            NotificationConfig(on_success=False, on_failure=True),
            [],
            id="failure",
        ),
        pytest.param(
            {"on_start": True, "on_end": True, "on_failure": False},
            NotificationConfig(on_success=True, on_failure=False),
            ["notifications.on_start: nobody is told when a run starts"],
            id="start",
        ),
    ],
)
def test_notifications(given: dict[str, Any], ours: NotificationConfig, notes: list[str]) -> None:
    """The end was that of a success; what is not said was what it did by itself."""
    task, noted = imported(notifications=given)
    assert (task.notifications, noted) == (ours, notes)


def test_a_whole_export() -> None:
    """A file as it was written comes in as it was meant."""
    incoming: Incoming = read("garden.json", (EARLIER / "export.json").read_bytes(), [])
    (task,) = incoming.tasks
    assert task.schedule == calendar("45 6 * * 0,1,5", "Europe/Lisbon")
    assert (task.command, task.model, task.commit_on_success) == ("Pull the weeds", "opus", False)
    assert (task.permissions, task.allowed_tools, task.disallowed_tools) == (
        Permissions("acceptEdits"),
        ["Read", "Edit"],
        ["WebFetch"],
    )
    assert (task.retry, task.notifications) == (
        RetryConfig(max_retries=2, retry_delay=90),
        NotificationConfig(on_failure=True),
    )
    assert incoming.notes == []


@pytest.mark.parametrize(
    ("given", "field", "needle", "message"),
    [
        pytest.param({"id": "1"}, "tasks.0.id", '"id": "1"', "valid UUID", id="id"),
        pytest.param({"enabled": "yes"}, "tasks.0.enabled", '"enabled"', "valid boolean", id="boolean"),
        pytest.param({"model": "-p"}, "tasks.0.model", '"model"', "match pattern", id="model"),
        pytest.param({"created_at": "soon"}, "tasks.0.created_at", '"soon"', "valid datetime", id="datetime"),
        pytest.param(
            {"schedule": {"schedule_type": "hourly"}},
            "tasks.0.schedule.schedule_type",
            '"hourly"',
            "should be 'manual'",
            id="schedule-type",
        ),
        pytest.param(
            {"schedule": {"calendar_time": "25:00"}},
            "tasks.0.schedule.calendar_time",
            '"25:00"',
            "valid time",
            id="time",
        ),
        pytest.param(
            {"schedule": {"calendar_days_of_week": [7]}},
            "tasks.0.schedule.calendar_days_of_week.0",
            "7",
            "less than or equal to 6",
            id="day-of-week",
        ),
        pytest.param(
            {"schedule": {"interval_unit": "weeks"}},
            "tasks.0.schedule.interval_unit",
            '"weeks"',
            "should be 'minutes', 'hours' or 'days'",
            id="unit",
        ),
        pytest.param(
            {"schedule": {"interval_value": 0}},
            "tasks.0.schedule.interval_value",
            '"interval_value"',
            "greater than or equal to 1",
            id="value",
        ),
        pytest.param(
            {"retry": {"max_attempts": 101}},
            "tasks.0.retry.max_attempts",
            '"max_attempts"',
            "less than or equal to 100",
            id="retries",
        ),
        pytest.param(
            {"schedule": {"type": "calendar", "cron_expression": "0 2 * * *"}},
            "tasks.0.schedule.type",
            '"type"',
            "the earlier application has no such field",
            id="one-of-our-own",
        ),
        pytest.param(
            {"job_id": "11111111-0000-4000-8000-00000000dead"},
            "tasks.0.job_id",
            "dead",
            "there is no job 11111111-0000-4000-8000-00000000dead in this file",
            id="another-job",
        ),
        pytest.param(
            {"profile": "aaaaaaaa-0000-4000-8000-00000000dead"},
            "tasks.0.profile",
            "dead",
            "there is no profile aaaaaaaa-0000-4000-8000-00000000dead here",
            id="no-such-profile",
        ),
    ],
)
def test_what_is_broken_is_refused(given: dict[str, Any], field: str, needle: str, message: str) -> None:
    """File, line and field are those of its own words."""
    content = document(earlier_task(**given))
    with pytest.raises(Unacceptable) as failure:
        read("x.json", content, [])
    error = failure.value
    assert (error.file, error.line, error.field) == ("x.json", line_of(content, needle), field)
    assert message in str(error)


def test_an_unknown_part_of_an_export_is_noted() -> None:
    """What the earlier application always writes beside the job is not."""
    content = json.dumps({**json.loads(document(earlier_task())), "exported_at": "x", "plan": {}}, indent=1)
    assert read("x.json", content.encode(), []).notes == ["line 29, export: plan: there is no such field here"]


def test_a_task_without_a_job_is_of_the_job_in_the_file() -> None:
    """There is no other."""
    incoming = read("x.json", document(earlier_task(job_id=None)), [])
    assert incoming.tasks[0].job_id == incoming.jobs[0].id


def test_the_same_task_twice_is_refused() -> None:
    """Which of the two was meant, nobody can tell."""
    content = document(earlier_task(), earlier_task())
    with pytest.raises(Unacceptable, match="has the same id") as failure:
        read("x.json", content, [])
    assert failure.value.field == "tasks.1.id"


@pytest.mark.parametrize(
    ("ours", "given", "theirs"),
    [
        pytest.param(("schedule", "cron_expression"), DAILY, "schedule.calendar_time", id="calendar"),
        pytest.param(
            ("schedule", "cron_expression"),
            {**CRON, "interval_cron": "0 0 30 2 *"},
            "schedule.interval_cron",
            id="cron",
        ),
        pytest.param(("schedule", "type"), WATCH, "schedule.schedule_type", id="type"),
        pytest.param(
            ("schedule", "watch_debounce"),
            {**WATCH, "watch_debounce_seconds": 5},
            "schedule.watch_debounce_seconds",
            id="debounce",
        ),
        pytest.param(("schedule", "watch_path"), WATCH, "schedule.watch_directory", id="watch"),
        pytest.param(
            ("schedule", "interval_value"),
            {**SIMPLE, "interval_preset": "5min"},
            "schedule.interval_preset",
            id="every",
        ),
        pytest.param(("schedule", "timezone"), {"timezone": "Mars/Olympus"}, "schedule.timezone", id="same-name"),
        pytest.param(("command",), {}, "prompt", id="prompt"),
        pytest.param(("retry", "max_retries"), {}, "retry.max_attempts", id="retry"),
        pytest.param(("name",), {}, "name", id="name"),
    ],
)
def test_the_caller_refuses_in_the_words_of_the_file(
    ours: tuple[str, ...], given: dict[str, Any], theirs: str
) -> None:
    """A field that is called otherwise there is called so in the message, and its line is that in the file."""
    content = document(earlier_task(schedule=given))
    incoming = read("x.json", content, [])
    error = incoming.refuse(incoming.tasks[0].id, ours, "no")
    assert error.field == f"tasks.0.{theirs}"
    last = theirs.rpartition(".")[2]
    if f'"{last}"' in content.decode():
        assert error.line == line_of(content, f'"{last}"', 2 if last == "name" else 1)
