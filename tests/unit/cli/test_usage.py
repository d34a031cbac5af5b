"""Help and wrong usage, neither of which needs a daemon."""

import re
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
        ("tasks", "create update list get why run enable disable delete"),
        ("runs", "list get stop restart delete diff logs"),
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
        ((*TASK, "--prompt", "p", "--timezone", "UTC"), "goes with --cron or --running-hours; add one of them"),
        ((*TASK, "--prompt", "p", "--every", "1d", "--timezone", "UTC"), "that is interval, add --running-hours"),
        ((*TASK, "--prompt", "p", "--every", "1d", "--watch-path", "."), "--every and --watch-path both say"),
        ((*TASK, "--prompt", "p", "--watch-path", ".", "--schedule", "manual"), "means --schedule file_watch"),
        ((*TASK, "--prompt", "p", "--watch-path", ""), "Invalid value for --watch-path: it is empty"),
        ((*TASK, "--prompt", "p", "--schedule", "file_watch"), "--schedule file_watch needs --watch-path"),
        ((*TASK, "--prompt", "p", "--watch-pattern", "*.py"), "--watch-pattern goes with --watch-path; add it"),
        ((*TASK, "--prompt", "p", "--no-watch-recursive"), "--watch-recursive goes with --watch-path; add it"),
        (
            (*TASK, "--prompt", "p", "--every", "1d", "--watch-debounce", "1"),
            "--watch-debounce goes with --watch-path,",
        ),
        (
            (*TASK, "--prompt", "p", "--cron", "@daily", "--watch-max-wait", "1"),
            "not with a schedule that is calendar",
        ),
        ((*TASK, "--prompt", "p", "--watch-path", ".", "--watch-debounce", "3601"), "not in the range 0<=x<=3600"),
        (
            (*TASK, "--prompt", "p", "--watch-path", ".", "--watch-debounce", "nan"),
            "'nan' is not a number of seconds",
        ),
        ((*TASK, "--prompt", "p", "--watch-path", ".", "--watch-max-wait", "-1"), "not in the range 0<=x<=86400"),
        ((*TASK, "--prompt", "p", "--missed", "always"), "'run_once', 'skip'"),
        ((*TASK, "--prompt", "p", "--missed", "skip", "--missed-within", "1h"), "goes with --missed run_once, not"),
        ((*TASK, "--prompt", "p", "--missed-within", "soon"), "value for --missed-within: 'soon' does not say"),
        ((*TASK, "--prompt", "p", "--jitter", "-5m"), "value for --jitter: '-5m' does not say how long"),
        ((*TASK, "--prompt", "p", "--overlap", "wait"), "'skip', 'queue', 'replace'"),
        ((*JOB, "--overlap", "wait"), "'skip', 'queue', 'replace'"),
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
        (("jobs", "update", "j"), "Say what to change; the options: ccsched jobs update --help"),
        (("jobs", "update", "j", "--zai", "--no-profile"), "--zai and --no-profile both say which profile"),
        (("jobs", "update", "j", "--no-worktree", "--worktree-name", "w"), "not with --no-worktree"),
        (("jobs", "update", "j", "--working-directory", ""), "it is empty; name a path"),
        (("tasks", "update", "t"), "Say what to change; the options: ccsched tasks update --help"),
        (("tasks", "update", "t", "--no-profile", "--profile", "p"), "--profile and --no-profile both say"),
        (("tasks", "update", "t", "--timezone", "UTC", "--no-timezone"), "--timezone and --no-timezone both say"),
        (("tasks", "update", "t", "--schedule", "manual", "--no-timezone"), "that is manual, add --running-hours"),
        (
            ("tasks", "update", "t", "--every", "1d", "--no-running-hours", "--timezone", "UTC"),
            "that is interval, add --running-hours",
        ),
        (("tasks", "update", "t", "--every", "1d", "--watch-pattern", "x"), "goes with --watch-path, not with"),
        (("tasks", "update", "t", "--watch-pattern", "x", "--no-watch-patterns"), "both say which files count"),
        (("tasks", "update", "t", "--overlap", "skip", "--no-overlap"), "both say what becomes of an overlap"),
        (("tasks", "update", "t", "--running-hours", "1:00-2:00", "--no-running-hours"), "both say when it may run"),
        (("tasks", "update", "t", "--every", "1d", "--watch-recursive"), "goes with --watch-path, not with"),
        (("tasks", "update", "t", "--schedule", "calendar"), "--schedule calendar needs --cron"),
        (("tasks", "update", "t", "--time-limit", "1h", "--no-time-limit"), "both say how long a run may take"),
        (("tasks", "update", "t", "--allowed-tool", "R", "--no-allowed-tools"), "both say which tools are allowed"),
        (
            ("tasks", "update", "t", "--disallowed-tool", "R", "--no-disallowed-tools"),
            "both say which tools are disallowed",
        ),
        (("tasks", "update", "t", "--prompt", "p", "--command-type", "file"), "goes with --command, not with"),
        ((*TASK, "--prompt", "p", "--max-retry-delay", "5m"), "--max-retry-delay goes with --max-retries; add it"),
        ((*TASK, "--prompt", "p", "--verify-time-limit", "5m"), "--verify-time-limit goes with --verify; add it"),
        ((*TASK, "--prompt", "p", "--max-fix-rounds", "1"), "--max-fix-rounds goes with --verify; add it"),
        ((*TASK, "--prompt", "p", "--max-turns", "0"), "Invalid value for '--max-turns'"),
        ((*TASK, "--prompt", "p", "--max-budget-usd", "0"), "Invalid value for '--max-budget-usd'"),
        ((*TASK, "--prompt", "p", "--max-budget-usd", "nan"), "'nan' is not an amount of dollars"),
        ((*TASK, "--prompt", "p", "--max-limit-wait", "soon"), "value for --max-limit-wait: 'soon' does not say"),
        ((*TASK, "--prompt", "p", "--stall-after", "soon"), "value for --stall-after: 'soon' does not say"),
        ((*TASK, "--prompt", "p", "--run-retention-count", "0"), "Invalid value for '--run-retention-count'"),
        ((*JOB, "--max-usd-per-day", "inf"), "'inf' is not an amount of dollars"),
        (
            ("jobs", "update", "j", "--max-usd-per-day", "1", "--no-max-usd-per-day"),
            "both say what its runs may cost",
        ),
        (("profiles", "update", "p", "--max-usd-per-day", "1", "--no-max-usd-per-day"), "both say what its runs may"),
        (("tasks", "update", "t", "--verify", "x", "--no-verify"), "both say what has to succeed"),
        (("tasks", "update", "t", "--no-verify", "--max-fix-rounds", "1"), "--verify, not with --no-verify"),
        (("tasks", "update", "t", "--max-turns", "1", "--no-max-turns"), "both say how many turns it may take"),
        (("tasks", "update", "t", "--max-budget-usd", "1", "--no-max-budget-usd"), "both say what a run may cost"),
        (("tasks", "update", "t", "--max-limit-wait", "1h", "--no-max-limit-wait"), "both say how long it waits"),
        (("tasks", "update", "t", "--stall-after", "1h", "--no-stall-after"), "both say how long the agent may be"),
        (
            ("tasks", "update", "t", "--run-retention-count", "1", "--no-run-retention-count"),
            "both say how many runs are kept",
        ),
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
        (("scheduler", "-n", "5"), "-n goes with --history TASK; add it"),
        (("scheduler", "--history", "t", "-n", "0"), "Invalid value for '-n'"),
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


@pytest.mark.parametrize(
    "written",
    [
        "",
        "22:00",
        "22:00-",
        "24:00-06:00",
        "18:00-24:00",
        "9-17",
        "09:60-10:00",
        "22:00–06:00",
        "22:00-06:00 UTC",
        "x" * 99,
    ],
)
def test_what_are_no_running_hours_is_refused(written: str) -> None:
    """The refusal shows how to write them, and is short whatever was written."""
    code, shown = invoke(*TASK, "--prompt", "p", "--running-hours", written)
    assert code == 2
    assert "write such as 09:00-17:30, or 22:00-06:00 for a night; midnight is 00:00" in " ".join(shown.split())
    assert len(shown) < 400


@pytest.mark.parametrize("verb", ["create", "update"])
def test_the_options_of_a_task_stand_under_headings(verb: str) -> None:
    """In the order of what a person decides; those that every command takes come last, and none comes twice."""
    _, shown = invoke("tasks", verb, "--help")
    places = [
        shown.index(each)
        for each in (
            "\nWhat it does:\n",
            "  --prompt TEXT",
            "\nWhen it runs:\n",
            "  --cron, --cron-expression EXPR",
            "  --overlap ",
            "\nHow it runs:\n",
            "  --model TEXT",
            "\nHow much it may take:\n",
            "  --max-turns N",
            "\nAfterwards:\n",
            "  --verify COMMAND",
            "  --max-retries N",
            "\nLike every command:\n",
            "  --home PATH",
        )
    ]
    assert places == sorted(places)
    named = re.findall(r"^  (--?[a-z-]+)", shown, re.MULTILINE)
    assert len(named) == len(set(named)) > 30


@pytest.mark.parametrize("words", [("tasks",), ("tasks", "create"), ("tasks", "update")], ids=" ".join)
def test_the_help_says_that_a_day_is_24_hours(words: tuple[str, ...]) -> None:
    """Of an interval, on the days too when the clocks change."""
    _, shown = invoke(*words, "--help")
    assert re.search(r"24 hours,? whatever the clocks do", " ".join(shown.split()))


def test_the_help_says_that_running_hours_go_over_midnight() -> None:
    """And by whose clocks."""
    _, shown = invoke("tasks", "create", "--help")
    assert "by the clocks of --timezone; 22:00-06:00 is over midnight" in " ".join(shown.split())


def test_a_prompt_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """Bytes are not guessed at; the place is named."""
    prompt = tmp_path / "prompt"
    prompt.write_bytes(b"abc\xff")
    code, shown = invoke(*TASK, "--prompt-file", str(prompt))
    assert code == 2
    assert "is not UTF-8 (byte 3)" in shown
