"""When a task is due: the options of tasks about their schedules."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import times
from scheduler_daemon.cli.options import REPEATED, REPLACED, default, only_one, place

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import Schedule

_MEANS = {"--every": "interval", "--cron": "calendar", "--watch-path": "file_watch"}
"""The type of a schedule that an option means, which cannot be without it."""


def parameters(*, creating: bool) -> list[click.Option]:
    """The options themselves."""
    patterns = "Which files in the watched directory count, as in .gitignore"
    options = [
        click.Option(
            ["--schedule"],
            type=click.Choice(["manual", "interval", "calendar", "file_watch", "sequential"]),
            help=default("What makes it due", "manual", creating),
        ),
        click.Option(
            ["--every"], metavar="INTERVAL", help="Due every 30m, 2h, 1h30m or 1d; implies --schedule interval."
        ),
        click.Option(["--cron"], metavar="EXPR", help="Due by a cron expression; implies --schedule calendar."),
        click.Option(["--timezone"], metavar="ZONE", help="The time zone of --cron, such as Europe/Berlin."),
        click.Option(
            ["--watch-path"],
            metavar="PATH",
            help="Due when this file, or what is in this directory, changes; implies --schedule file_watch.",
        ),
        click.Option(
            ["--watch-pattern", "watch_patterns"],
            metavar="GLOB",
            multiple=True,
            help=f"{default(patterns, 'all', creating)} {REPEATED if creating else REPLACED}",
        ),
    ]
    if not creating:
        options += [
            click.Option(["--no-timezone"], is_flag=True, help="The time zone of --cron is the machine's own."),
            click.Option(["--no-watch-patterns"], is_flag=True, help="All files in the watched directory count."),
        ]
    return options


def fields_of(given: "Schedule", *, creating: bool) -> dict[str, object]:
    """The fields of a schedule that the options say.

    In an update, an option that says no type changes the schedule there is.

    Raises:
        click.UsageError: when options contradict each other, or need one that is not given.
    """
    kind = _kind(given)
    fields: dict[str, object] = {} if kind is None else {"type": kind}
    if given["every"] is not None:
        fields["interval_value"], fields["interval_type"] = _interval(given["every"])
    if given["cron"] is not None:
        fields["cron_expression"] = given["cron"]
    if given["watch_path"] is not None:
        fields["watch_path"] = place("--watch-path", given["watch_path"])
    zone_option = only_one(
        "which time zone counts",
        {"--timezone": given["timezone"] is not None, "--no-timezone": given.get("no_timezone", False)},
    )
    if zone_option is not None:
        _demand(zone_option, "--cron", kind, creating)
        fields["timezone"] = given["timezone"]
    pattern_option = only_one(
        "which files count",
        {
            "--watch-pattern": bool(given["watch_patterns"]),
            "--no-watch-patterns": given.get("no_watch_patterns", False),
        },
    )
    if pattern_option is not None:
        _demand(pattern_option, "--watch-path", kind, creating)
        fields["watch_patterns"] = list(given["watch_patterns"])
    return fields


def _kind(given: "Schedule") -> str | None:
    """The type of schedule that is asked for, by name or by what belongs to it."""
    kind = given["schedule"]
    option = only_one(
        "when the task is due",
        {
            "--every": given["every"] is not None,
            "--cron": given["cron"] is not None,
            "--watch-path": given["watch_path"] is not None,
        },
    )
    if option is None:
        for needed, meant in _MEANS.items():
            if kind == meant:
                raise click.UsageError(f"--schedule {kind} needs {needed}.")
        return kind
    if kind not in (None, _MEANS[option]):
        raise click.UsageError(f"{option} means --schedule {_MEANS[option]}, not {kind}; leave one of them out.")
    return _MEANS[option]


def _demand(option: str, goes_with: str, kind: str | None, creating: bool) -> None:
    """Refuse an option where the schedule is not, or becomes not, of the type it belongs to."""
    if kind is None and creating:
        raise click.UsageError(f"{option} goes with {goes_with}; add it.")
    if kind not in (None, _MEANS[goes_with]):
        raise click.UsageError(f"{option} goes with {goes_with}, not with a schedule that is {kind}.")


def _interval(written: str) -> tuple[int, str]:
    try:
        return times.interval(written)
    except times.NotADuration as problem:
        raise click.BadParameter(str(problem), param_hint="--every") from None
