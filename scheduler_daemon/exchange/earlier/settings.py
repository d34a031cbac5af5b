"""The settings of the earlier application as ours."""

import shutil

from scheduler_daemon.exchange.earlier import shapes
from scheduler_daemon.exchange.earlier.takeover import Present, Takeover
from scheduler_daemon.exchange.notes import Entry
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.store.differences import validated
from scheduler_daemon.store.documents import Document

_NUMBERS = {
    "max_concurrent_tasks": "max_concurrent_runs",
    "run_retention_count": "run_retention_count",
    "log_retention_days": "log_retention_days",
}
"""What its settings that are numbers are called here."""
_REASONS = {
    "mock_mode": "the agent is always run for real here",
    "unmask_env_vars": "a secret is never written to a log",
    "default_model": "each task says its model",
    "default_working_directory": "each job says its directory",
    "notifications_enabled": "each task says what a person is told",
    "notify_task_start": "each task says what a person is told",
    "notify_task_end": "each task says what a person is told",
    "notify_errors": "each task says what a person is told",
    "launch_at_login": "the daemon is started by hand, or by the system as a service",
}


def take(document: Document | None, present: Present, takeover: Takeover) -> None:
    """Take over what has an equivalent, where nobody has set it here."""
    if document is None:
        return
    if not isinstance(document.value, dict):
        raise document.refuse((), "an object, { ... }, is wanted here")
    given = validated(shapes.Settings, document.value, document, ())
    notes = takeover.lines
    wanted: dict[str, object] = {}
    for theirs, ours in _NUMBERS.items():
        number = getattr(given, theirs)
        if number is not None:
            entry = Entry(document, (), f'setting "{theirs}"', notes)
            if _is_free(ours, number, theirs, present, entry):
                wanted[ours] = number
    if given.claude_cli_path:
        entry = Entry(document, (), 'setting "claude_cli_path"', notes)
        if shutil.which(given.claude_cli_path) is None:
            # There it was never looked at, so a stale one did no harm.
            entry.left_out("there is no such program", "claude_cli_path")
        elif _is_free("agent_command", [given.claude_cli_path], "claude_cli_path", present, entry):
            wanted["agent_command"] = [given.claude_cli_path]
    for name, value in (given.model_extra or {}).items():
        if value is not None:
            entry = Entry(document, (), f'setting "{name}"', notes)
            entry.left_out(_REASONS.get(name, "there is no such setting here"), name)
    settings = present.settings.model_copy(update=wanted)
    takeover.settings = settings if settings != present.settings else None


def _is_free(ours: str, value: object, theirs: str, present: Present, entry: Entry) -> bool:
    """Whether nobody has set the setting here; either is noted."""
    if getattr(present.settings, ours) not in (value, getattr(Settings(), ours)):
        entry.left_out(f"{ours} is set here already", theirs)
        return False
    entry.taken(f"it is {ours} here", theirs)
    return True
