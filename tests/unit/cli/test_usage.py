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


@pytest.mark.parametrize(
    ("noun", "verbs"),
    [
        ("jobs", "create update list get tasks set-order run stop delete export import"),
        ("tasks", "create update list get run enable disable delete"),
        ("runs", "list get stop restart delete logs"),
    ],
    ids=["jobs", "tasks", "runs"],
)
def test_the_commands_of_a_noun_are_those_of_the_line(noun: str, verbs: str) -> None:
    """Nothing promised is missing."""
    assert [words[1] for words in every_command() if len(words) == 2 and words[0] == noun] == verbs.split()


def test_the_commands_about_the_daemon_are_those_of_the_line() -> None:
    """They stand beside the nouns."""
    assert {("health",), ("state",), ("scheduler",), ("reload",), ("migrate",)} <= set(every_command())


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_the_combined_command_is_the_same(words: tuple[str, ...]) -> None:
    """``claude-code-scheduler cli`` is ``ccsched``: the same commands with the same options."""
    code, shown = invoke("cli", *words, "--help", command=claude_code_scheduler)
    own_code, own = invoke(*words, "--help")
    assert code == own_code == 0
    assert shown.splitlines()[1:] == own.splitlines()[1:]


def test_a_misspelt_command_is_answered_with_the_right_one() -> None:
    """The commands of modules that are not loaded yet are suggested too."""
    code, shown = invoke("taks", "list")
    assert code == 2
    assert "Did you mean 'tasks'" in shown


TASK = ("tasks", "create", "--name", "n", "--job", "j")
JOB = ("jobs", "create", "--name", "n", "--working-directory", ".")


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
        ((*TASK, "--prompt", "p", "--timezone", "UTC"), "--timezone goes with --cron; add it"),
        ((*TASK, "--prompt", "p", "--every", "1d", "--timezone", "UTC"), "not with a schedule that is interval"),
        ((*TASK, "--prompt", "p", "--every", "1d", "--watch-path", "."), "--every and --watch-path both say"),
        ((*TASK, "--prompt", "p", "--watch-path", ".", "--schedule", "manual"), "means --schedule file_watch"),
        ((*TASK, "--prompt", "p", "--watch-path", ""), "Invalid value for --watch-path: it is empty"),
        ((*TASK, "--prompt", "p", "--schedule", "file_watch"), "--schedule file_watch needs --watch-path"),
        ((*TASK, "--prompt", "p", "--watch-pattern", "*.py"), "--watch-pattern goes with --watch-path; add it"),
        ((*TASK, "--prompt", "p", "--retry-delay", "5m"), "--retry-delay goes with --max-retries; add it"),
        ((*TASK, "--prompt", "p", "--max-retries", "-1"), "Invalid value for '--max-retries'"),
        ((*TASK, "--prompt", "p", "--max-retries", "1", "--retry-delay", "x"), "value for --retry-delay: 'x' does"),
        (
            (*TASK, "--prompt", "p", "--permissions", "all"),
            "'default', 'bypass', 'acceptEdits', 'plan', 'dontAsk', 'auto'",
        ),
        ((*TASK, "--prompt", "p", "--schedule", "x"), "'manual', 'interval', 'calendar', 'file_watch', 'sequential'"),
        ((*TASK, "--prompt", "p", "--zai", "--bedrock"), "--zai and --bedrock both say which profile"),
        ((*TASK, "--prompt", "p", "--profile", "x", "--zai"), "--profile and --zai both say which profile"),
        ((*JOB, "--profile", "x", "--bedrock"), "--profile and --bedrock both say which profile"),
        (("jobs", "create", "--name", "n", "--working-directory", ""), "value for --working-directory: it is empty"),
        (("jobs", "update", "j"), "--name, --description, --working-directory, --use-worktree, --no-worktree,"),
        (("jobs", "update", "j", "--zai", "--no-profile"), "--zai and --no-profile both say which profile"),
        (("jobs", "update", "j", "--no-worktree", "--worktree-name", "w"), "not with --no-worktree"),
        (("jobs", "update", "j", "--working-directory", ""), "it is empty; name a path"),
        (("tasks", "update", "t"), "--enabled, --disabled."),
        (("tasks", "update", "t", "--no-profile", "--profile", "p"), "--profile and --no-profile both say"),
        (("tasks", "update", "t", "--timezone", "UTC", "--no-timezone"), "--timezone and --no-timezone both say"),
        (("tasks", "update", "t", "--schedule", "manual", "--no-timezone"), "--no-timezone goes with --cron, not"),
        (("tasks", "update", "t", "--every", "1d", "--watch-pattern", "x"), "goes with --watch-path, not with"),
        (("tasks", "update", "t", "--watch-pattern", "x", "--no-watch-patterns"), "both say which files count"),
        (("tasks", "update", "t", "--schedule", "calendar"), "--schedule calendar needs --cron"),
        (("tasks", "update", "t", "--time-limit", "1h", "--no-time-limit"), "both say how long a run may take"),
        (("tasks", "update", "t", "--allowed-tool", "R", "--no-allowed-tools"), "both say which tools are allowed"),
        (
            ("tasks", "update", "t", "--disallowed-tool", "R", "--no-disallowed-tools"),
            "both say which tools are disallowed",
        ),
        (("tasks", "update", "t", "--prompt", "p", "--command-type", "file"), "goes with --command, not with"),
        (("jobs", "set-order", "j"), "Missing argument 'TASK...'"),
        (("jobs", "export"), "Say which jobs: JOB, one or more of them, or --all"),
        (("jobs", "export", "j", "--all"), "--all means all jobs; leave it out, or the jobs"),
        (("jobs", "export", "j", "-o", ""), "Invalid value for -o: it is empty"),
        (("jobs", "import", "/nonexistent/f"), "/nonexistent/f cannot be read: No such file"),
        (("jobs", "import", "/"), "/ cannot be read: Is a directory"),
        (("migrate", ""), "Invalid value for DIRECTORY: it is empty"),
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
