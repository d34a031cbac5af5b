"""The closed sets of values: each word by which files, commands and the socket know it."""

from enum import StrEnum

import pytest

from scheduler_daemon.model import enums
from scheduler_daemon.model.enums import (
    CommandType,
    EnvVarSource,
    IntervalType,
    JobStatus,
    Missed,
    Outcome,
    Overlap,
    Permissions,
    RunStatus,
    ScheduleType,
    SessionMode,
    SkipReason,
    Trigger,
)

VALUES: dict[type[StrEnum], str] = {
    JobStatus: "pending in_progress completed failed",
    RunStatus: "upcoming running success failed cancelled",
    Outcome: "done no_change denied unverified usage_limit not_logged_in max_turns max_budget timed_out stopped "
    "interrupted agent_error not_started",
    Trigger: "task job schedule sequence restart retry limit_reset",
    ScheduleType: "manual interval calendar file_watch sequential",
    IntervalType: "minutes hours days",
    Missed: "run_once skip",
    Overlap: "skip queue replace",
    SkipReason: "missed overlap changed",
    CommandType: "prompt slash_command file",
    Permissions: "default bypass acceptEdits plan dontAsk auto",
    SessionMode: "new continue resume",
    EnvVarSource: "static environment keychain aws_secrets_manager aws_ssm command unset",
}


@pytest.mark.parametrize("enum", VALUES, ids=lambda enum: enum.__name__)
def test_the_values_are_these(enum: type[StrEnum]) -> None:
    """Records and people's files hold them: one that is renamed is one that cannot be read any more."""
    assert [member.value for member in enum] == VALUES[enum].split()


def test_every_set_of_values_is_among_them() -> None:
    """A new one has to be added here."""
    own = {each for each in vars(enums).values() if isinstance(each, type) and issubclass(each, StrEnum)}
    assert own - {StrEnum} == set(VALUES)


@pytest.mark.parametrize(
    ("status", "ended"),
    [("upcoming", False), ("running", False), ("success", True), ("failed", True), ("cancelled", True)],
)
def test_a_run_has_ended_by_its_status_alone(status: str, ended: bool) -> None:
    """Three of the five are final."""
    assert RunStatus(status).ended is ended
