"""Help and wrong usage, neither of which needs a daemon."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from scheduler_daemon.cli.main import ccsched, claude_code_scheduler


def invoke(*arguments: str, command: click.Command = ccsched) -> tuple[int, str]:
    """Exit code and output of a command where no daemon is."""
    result = CliRunner().invoke(command, arguments, env={"CCSCHED_HOME": "/nonexistent"})
    return result.exit_code, result.output


def every_command() -> list[tuple[str, ...]]:
    """Each command and group, as the words that name it."""
    found: list[tuple[str, ...]] = [()]
    context = click.Context(ccsched)
    for name in ccsched.list_commands(context):
        found.append((name,))
        command = ccsched.get_command(context, name)
        if isinstance(command, click.Group):
            found += [(name, verb) for verb in command.list_commands(context)]
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    """Help needs no daemon and names the options that every command takes."""
    code, shown = invoke(*words, "--help")
    assert code == 0
    assert "--home PATH" in shown
    assert "--output [json|table]" in shown


def test_the_commands_are_those_of_the_line() -> None:
    """Nothing promised is missing."""
    assert [" ".join(words) for words in every_command()[1:]] == [
        *["jobs", "jobs create", "jobs list", "jobs get", "jobs tasks", "jobs run", "jobs stop", "jobs delete"],
        *["tasks", "tasks create", "tasks list", "tasks get", "tasks run", "tasks enable", "tasks disable"],
        "tasks delete",
        *["runs", "runs list", "runs get", "runs stop", "runs logs"],
        *["health", "state", "scheduler", "reload"],
    ]


def test_the_combined_command_has_the_same_help() -> None:
    """``claude-code-scheduler cli`` is ``ccsched``."""
    code, shown = invoke("cli", "jobs", "create", "--help", command=claude_code_scheduler)
    own_code, own = invoke("jobs", "create", "--help")
    assert code == own_code == 0
    assert shown.splitlines()[1:] == own.splitlines()[1:]


def test_a_misspelt_command_is_answered_with_the_right_one() -> None:
    """The commands of modules that are not loaded yet are suggested too."""
    code, shown = invoke("taks", "list")
    assert code == 2
    assert "Did you mean 'tasks'" in shown


TASK = ("tasks", "create", "--name", "n", "--job", "j")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("tasks", "create", "--name", "n", "--prompt", "p"), "Missing option '--job'"),
        (TASK, "--prompt TEXT, --prompt-file FILE (- is standard input) or --command TEXT"),
        ((*TASK, "--prompt", "", "--prompt-file", "f"), "--prompt and --prompt-file both say"),
        ((*TASK, "--prompt", "p", "--command", "c"), "--prompt and --command both say"),
        ((*TASK, "--prompt", "p", "--command-type", "file"), "goes with --command, not with --prompt"),
        ((*TASK, "--prompt-file", "/nonexistent/f"), "cannot be read: No such file"),
        ((*TASK, "--prompt", "p", "--cron", "0 2 * * *", "--every", "1d"), "give one of them"),
        ((*TASK, "--prompt", "p", "--cron", "0 2 * * *", "--schedule", "manual"), "--cron means --schedule calendar"),
        ((*TASK, "--prompt", "p", "--every", "1d", "--schedule", "calendar"), "--every means --schedule interval"),
        ((*TASK, "--prompt", "p", "--schedule", "interval"), "--schedule interval needs --every"),
        ((*TASK, "--prompt", "p", "--schedule", "calendar"), "--schedule calendar needs --cron"),
        ((*TASK, "--prompt", "p", "--timezone", "UTC"), "--timezone is the time zone of --cron"),
        (
            (*TASK, "--prompt", "p", "--every", "90s"),
            "no whole number of minutes; write an interval such as 30m, 2h or 1d",
        ),
        (
            (*TASK, "--prompt", "p", "--time-limit", "soon"),
            "does not say how long; write numbers and units: 30m, 2h, 1d",
        ),
        ((*TASK, "--prompt", "p", "--every", "9999999999d"), "is too long"),
        ((*TASK, "--prompt", "p", "--time-limit", "9999999999"), "is too long"),
        (
            ("jobs", "create", "--name", "n", "--working-directory", ".", "--worktree-name", "w"),
            "--use-worktree; add it",
        ),
        (("runs", "list", "--limit", "0"), "Invalid value for '--limit'"),
        (("runs", "list", "--status", "done"), "Invalid value for '--status'"),
        (("jobs", "list", "--output", "yaml"), "Invalid value for '--output'"),
        (("jobs", "list", "--home", "~nobody-of-this-name/x"), "home directory cannot be found"),
    ],
)
def test_wrong_usage_says_what_to_do(arguments: tuple[str, ...], told: str) -> None:
    """What contradicts itself is told before any daemon is asked."""
    code, shown = invoke(*arguments)
    assert told in " ".join(shown.split())
    assert code == 2


def test_a_prompt_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """Bytes are not guessed at; the place is named."""
    prompt = tmp_path / "prompt"
    prompt.write_bytes(b"abc\xff")
    code, shown = invoke(*TASK, "--prompt-file", str(prompt))
    assert code == 2
    assert "is not UTF-8 (byte 3)" in shown
