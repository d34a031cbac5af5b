"""What follows when the agent has ended: whether it is verified, committed, tried again, told and kept."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli.options import default, only_one, or_none, seconds, takes_away

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import After


def parameters(*, creating: bool) -> list[click.Option]:
    """The options themselves."""
    return [
        *_verifying(creating),
        click.Option(
            ["--commit-on-success/--no-commit-on-success"],
            default=None,
            help=default("Whether what a successful run changed is committed", "yes", creating),
        ),
        *_retrying(creating),
        *(
            click.Option(
                [f"--notify-on-{ending}/--no-notify-on-{ending}"],
                default=None,
                help=default(f"Whether you are told when a run is a {ending}", "no", creating),
            )
            for ending in ("success", "failure")
        ),
        click.Option(
            ["--run-retention-count"],
            metavar="N",
            type=click.IntRange(min=1),
            help="How many of its runs are kept, the newest.",
        ),
        *takes_away("--no-run-retention-count", "The setting run_retention_count counts for it.", creating=creating),
    ]


def _verifying(creating: bool) -> list[click.Option]:
    rounds = "How often the agent is told what went wrong there, and asked to mend it"
    return [
        click.Option(
            ["--verify"],
            metavar="COMMAND",
            help="A shell command that has to succeed before a run is a success, such as 'make test'.",
        ),
        *takes_away("--no-verify", "Nothing has to succeed but the agent.", creating=creating),
        click.Option(
            ["--verify-time-limit"],
            metavar="TIME",
            help=default("How long that command may take: seconds, or 5m, 1h", "15m", creating),
        ),
        click.Option(
            ["--max-fix-rounds"], metavar="N", type=click.IntRange(min=0), help=default(rounds, "2", creating)
        ),
    ]


def _retrying(creating: bool) -> list[click.Option]:
    delay = "How long to wait before the first retry, each further one twice as long: seconds, or 5m, 1h"
    return [
        click.Option(
            ["--max-retries"],
            metavar="N",
            type=click.IntRange(min=0),
            help=default("How often a failed run is tried again", "0", creating),
        ),
        click.Option(["--retry-delay"], metavar="TIME", help=default(delay, "60", creating)),
        click.Option(
            ["--max-retry-delay"],
            metavar="TIME",
            help=default("How far that wait, doubled each time, may grow: seconds, or 5m, 1h", "1h", creating),
        ),
    ]


def fields_of(given: "After", *, creating: bool) -> dict[str, object]:
    """The fields of a task that the options say, and no other; None where an option takes something away.

    Raises:
        click.UsageError: when options contradict each other, need one that is not given, or cannot be read.
    """
    commits = given["commit_on_success"]
    nested = {
        "verify": _verify(given, creating),
        "retry": _retry(given, creating),
        "notifications": _notifications(given),
    }
    return {
        **({} if commits is None else {"commit_on_success": commits}),
        **{name: fields for name, fields in nested.items() if fields},
        **or_none(
            "--run-retention-count",
            "how many runs are kept",
            given["run_retention_count"],
            given.get("no_run_retention_count", False),
        ),
    }


def _verify(given: "After", creating: bool) -> dict[str, object]:
    command, rounds = given["verify"], given["max_fix_rounds"]
    limit = seconds("--verify-time-limit", given["verify_time_limit"])
    none = given.get("no_verify", False)
    option = only_one("what has to succeed", {"--verify": command is not None, "--no-verify": none})
    for of_it, value in (("--verify-time-limit", limit), ("--max-fix-rounds", rounds)):
        if value is not None and none:
            raise click.UsageError(f"{of_it} goes with --verify, not with --no-verify.")
        if value is not None and creating and command is None:
            raise click.UsageError(f"{of_it} goes with --verify; add it.")
    return {
        **({} if option is None else {"command": command}),
        **({} if limit is None else {"time_limit": limit}),
        **({} if rounds is None else {"max_fix_rounds": rounds}),
    }


def _retry(given: "After", creating: bool) -> dict[str, object]:
    retries = given["max_retries"]
    delays = {
        "retry_delay": seconds("--retry-delay", given["retry_delay"]),
        "max_retry_delay": seconds("--max-retry-delay", given["max_retry_delay"]),
    }
    fields: dict[str, object] = {} if retries is None else {"max_retries": retries}
    for name, delay in delays.items():
        if delay is None:
            continue
        if creating and retries is None:
            raise click.UsageError(f"--{name.replace('_', '-')} goes with --max-retries; add it.")
        fields[name] = delay
    return fields


def _notifications(given: "After") -> dict[str, object]:
    told = {"on_success": given["notify_on_success"], "on_failure": given["notify_on_failure"]}
    return {name: wanted for name, wanted in told.items() if wanted is not None}
