"""What a person is told of a run, and how the desktop is asked to."""

from typing import Any
from uuid import uuid4

import pytest

from scheduler_daemon.model.enums import Outcome, RunStatus, Trigger
from scheduler_daemon.model.record import now
from scheduler_daemon.model.run import Run
from scheduler_daemon.run.notification import LONGEST, desktop_command, how_it_ended, that_it_is_silent


def a_run(status: RunStatus, outcome: Outcome, **fields: Any) -> Run:
    """A run that has ended."""
    return Run(
        task_id=uuid4(),
        task_name="lint",
        job_id=uuid4(),
        job_name="nightly",
        status=status,
        outcome=outcome,
        trigger=Trigger.TASK,
        scheduled_time=now(),
        **fields,
    )


@pytest.mark.parametrize(
    ("status", "outcome", "title"),
    [
        (RunStatus.FAILED, Outcome.USAGE_LIMIT, "nightly / lint failed (usage limit)"),
        (RunStatus.SUCCESS, Outcome.DONE, "nightly / lint succeeded"),
        (RunStatus.SUCCESS, Outcome.NO_CHANGE, "nightly / lint succeeded (no change)"),
    ],
    ids=["failed", "succeeded", "no-change"],
)
def test_the_title_says_which_run_ended_and_how(status: RunStatus, outcome: Outcome, title: str) -> None:
    """In words, with the reason where there is more than one."""
    assert how_it_ended(a_run(status, outcome))[0] == title


def test_the_first_error_is_told_or_else_the_beginning_of_the_result() -> None:
    """The first line of it that says anything, and no more than fits."""
    failed = a_run(RunStatus.FAILED, Outcome.AGENT_ERROR, errors=["\nno luck\nat all", "more"], output="said")
    assert how_it_ended(failed)[1] == "no luck"
    done = a_run(RunStatus.SUCCESS, Outcome.DONE, output="\n  \nTwo tests added.\nBoth pass.")
    assert how_it_ended(done)[1] == "Two tests added."
    assert how_it_ended(a_run(RunStatus.SUCCESS, Outcome.DONE))[1] == ""
    long = how_it_ended(a_run(RunStatus.SUCCESS, Outcome.DONE, output="x" * 5000))[1]
    assert (len(long), long[-2:]) == (LONGEST, "x…")


def test_what_cannot_be_shown_is_not_passed_on() -> None:
    """A program's arguments hold no zero byte, and a desktop shows no escape sequence."""
    run = a_run(RunStatus.FAILED, Outcome.AGENT_ERROR, errors=["a\0b\x1b[2Jc"])
    assert how_it_ended(run)[1] == "a b [2Jc"


def test_a_silent_run_is_told_of_with_the_next_command() -> None:
    """So that a person can look."""
    run = a_run(RunStatus.RUNNING, Outcome.DONE)
    title, body = that_it_is_silent(run)
    assert title == "nightly / lint has gone silent"
    assert body.endswith(f"ccsched runs logs {str(run.id)[:8]}")


def test_any_text_is_quoted_for_applescript() -> None:
    """Nothing in it can end the text and begin a command."""
    command = desktop_command("darwin", 'a "b" \\', "it's $(c)")
    assert command == ["osascript", "-e", r"""display notification "it's $(c)" with title "a \"b\" \\" """.rstrip()]


def test_any_text_is_shown_as_it_is_on_a_linux_desktop() -> None:
    """It is neither an option nor markup."""
    command = desktop_command("linux", "--help", "a <b> & 'c'")
    assert command == ["notify-send", "--app-name=ccsched", "--", "--help", "a &lt;b&gt; &amp; 'c'"]
