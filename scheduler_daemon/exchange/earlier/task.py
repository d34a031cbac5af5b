"""A task of the earlier application as one of ours."""

from dataclasses import replace
from uuid import UUID

from scheduler_daemon.exchange.earlier import shapes
from scheduler_daemon.exchange.earlier.schedule import said_by, schedule
from scheduler_daemon.exchange.found import Place
from scheduler_daemon.exchange.notes import Entry
from scheduler_daemon.model.enums import CommandType, Permissions, RunStatus, SessionMode
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import NotificationConfig, RetryConfig, Task
from scheduler_daemon.store.documents import Path

UNTITLED = "Untitled Task"
_USUAL_MODEL = "sonnet"


def task(given: shapes.Task, entry: Entry, job_id: UUID, profile: UUID | None) -> Task:
    """The task with its own id, in a job and with a profile of ours; what becomes something else is noted.

    Raises:
        Unacceptable: when this is one of our own files.
    """
    if "type" in (given.schedule.model_extra or {}) and "schedule_type" not in given.schedule.model_fields_set:
        raise entry.document.refuse(
            (*entry.path, "schedule", "type"),
            "the earlier application has no such field; a file of ccsched itself is taken in by ccsched jobs import, "
            "or by starting ccschedd with the --home it is in",
        )
    entry.left_out_unknown(given)
    if given.last_session_id:
        entry.left_out("the session a task goes on with is that of its newest run", "last_session_id")
    return Task(
        id=given.id,
        job_id=job_id,
        name=title(given.name, UNTITLED, entry),
        enabled=given.enabled,
        model=_model(given, entry),
        profile=profile,
        schedule=schedule(given.schedule, entry),
        command_type=_command_type(given, entry),
        command=_command(given, entry),
        permissions=_permissions(given, entry),
        session_mode=_session_mode(given, entry),
        allowed_tools=given.allowed_tools,
        disallowed_tools=given.disallowed_tools,
        retry=_retry(given, entry),
        notifications=_notifications(given, entry),
        commit_on_success=given.commit_on_success,
        created_at=given.created_at or now(),
        updated_at=given.updated_at or given.created_at or now(),
        last_run_status=_last_run_status(given, entry),
    )


def place_of(given: shapes.Task, place: Place) -> Place:
    """Where the fields of the task as it is here stand in the file."""
    prompt, kind = _said_by(given)
    ours_to_theirs: dict[Path, Path] = {
        ("command",): (prompt,),
        ("command_type",): (kind,),
        ("retry", "max_retries"): ("retry", "max_attempts"),
        ("retry", "retry_delay"): ("retry", "delay_seconds"),
        ("notifications", "on_success"): ("notifications", "on_end"),
    }
    ours_to_theirs |= {("schedule", ours): ("schedule", theirs) for ours, theirs in said_by(given.schedule).items()}
    return replace(place, fields=ours_to_theirs)


def title(given: str, untitled: str, entry: Entry) -> str:
    """The name of a thing, for nothing is nameless here."""
    if given.strip():
        return given
    entry.changed(f"none is given, so it is {untitled}", "name")
    return untitled


def _said_by(given: shapes.Task) -> tuple[str, str]:
    """The names of the fields with the prompt and its kind, which older files call otherwise."""
    return (
        "command" if given.prompt is None and given.command is not None else "prompt",
        "command_type" if given.prompt_type is None and given.command_type is not None else "prompt_type",
    )


def _model(given: shapes.Task, entry: Entry) -> str:
    if given.model is None:
        entry.changed(f"none is given, so it is {_USUAL_MODEL}", "model")
    return given.model or _USUAL_MODEL


def _command(given: shapes.Task, entry: Entry) -> str:
    field, _ = _said_by(given)
    command = given.command if field == "command" else given.prompt
    if command and command.strip():
        return command
    entry.changed("it is empty, so the agent is given the task's name, as it was", field)
    return given.name if given.name.strip() else UNTITLED


def _command_type(given: shapes.Task, entry: Entry) -> CommandType:
    prompt, field = _said_by(given)
    kind = given.command_type if field == "command_type" else given.prompt_type
    command = given.command if prompt == "command" else given.prompt
    if kind in (None, "", CommandType.PROMPT):
        return CommandType.PROMPT
    # There, a command was whatever was typed into another box, and was given to the agent like a prompt.
    if kind in (CommandType.SLASH_COMMAND, "command") and (command or "").lstrip().startswith("/"):
        return CommandType.SLASH_COMMAND
    entry.changed(f"{kind} without a slash before it is a prompt, as it was", field)
    return CommandType.PROMPT


def _permissions(given: shapes.Task, entry: Entry) -> Permissions:
    if not given.permissions:
        # Older versions ran such a task with the fewest permissions, newer ones with the most.
        entry.changed("none are given, so they are default", "permissions")
        return Permissions.DEFAULT
    if len(given.permissions) == 1 and given.permissions[0] in set(Permissions):
        return Permissions(given.permissions[0])
    entry.changed(f"there are no permissions {', '.join(given.permissions)}, so they are default", "permissions")
    return Permissions.DEFAULT


def _session_mode(given: shapes.Task, entry: Entry) -> SessionMode:
    match given.session_mode:
        case None | "":
            return SessionMode.NEW
        case "reuse":
            entry.changed("reuse is resume here: a run goes on with the session of the task's last", "session_mode")
            return SessionMode.RESUME
        case mode if mode in set(SessionMode):
            return SessionMode(mode)
        case "fork":
            entry.changed("a session is not forked; each run has a new one here", "session_mode")
        case mode:
            entry.changed(f"there is no mode {mode}; each run has a new session here", "session_mode")
    return SessionMode.NEW


def _retry(given: shapes.Task, entry: Entry) -> RetryConfig:
    entry.left_out_unknown(given.retry, "retry")
    retry, sequential = given.retry, given.schedule
    if retry.enabled:
        if retry.max_attempts and retry.backoff_multiplier not in (1, 2):
            message = "each retry waits twice as long as the one before here"
            entry.changed(message, "retry", "backoff_multiplier")
        if sequential.seq_max_retries:
            entry.left_out("the task's own retry is what counts", "schedule", "seq_max_retries")
        always_the_same = retry.backoff_multiplier == 1
        return _retries(retry.max_attempts, retry.delay_seconds, always_the_same=always_the_same)
    if not sequential.seq_max_retries:
        return RetryConfig(retry_delay=retry.delay_seconds)
    if sequential.schedule_type != "sequential":
        entry.left_out("the task is not sequential", "schedule", "seq_max_retries")
        return RetryConfig(retry_delay=retry.delay_seconds)
    entry.changed("it is the task's retry here", "schedule", "seq_max_retries")
    return _retries(sequential.seq_max_retries, sequential.seq_retry_delay_seconds, always_the_same=True)


def _retries(number: int, delay: int, *, always_the_same: bool) -> RetryConfig:
    longest = delay if always_the_same else max(delay, RetryConfig().max_retry_delay)
    return RetryConfig(max_retries=number, retry_delay=delay, max_retry_delay=longest)


def _notifications(given: shapes.Task, entry: Entry) -> NotificationConfig:
    entry.left_out_unknown(given.notifications, "notifications")
    if given.notifications.on_start:
        entry.left_out("nobody is told when a run starts", "notifications", "on_start")
    return NotificationConfig(on_success=given.notifications.on_end, on_failure=given.notifications.on_failure)


def _last_run_status(given: shapes.Task, entry: Entry) -> RunStatus | None:
    status = given.last_run_status
    if status in (RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED):
        return RunStatus(status)
    if status == RunStatus.RUNNING:
        entry.changed("its run was cut off, so it is failed", "last_run_status")
        return RunStatus.FAILED
    if status:
        entry.left_out(f"{status} is not how a run ends", "last_run_status")
    return None
