"""When a task is due: the options of tasks about their schedules."""

import math
from typing import TYPE_CHECKING, Any

import click

from scheduler_daemon.cli import completion, times
from scheduler_daemon.cli.options import REPEATED, REPLACED, default, only_one, place, takes_away

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import Schedule

_MEANS = {
    "--every": "interval",
    "--interval-value": "interval",
    "--cron": "calendar",
    "--watch-path": "file_watch",
}
"""The type of a schedule that an option means, which cannot be without it."""


class _Seconds(click.FloatRange):
    """A time to the fraction of a second."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that was written, which JSON has a way to write."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return number


def parameters(*, creating: bool) -> list[click.Option]:
    """The options themselves."""
    zone = "The time zone of --cron and --running-hours, such as Europe/Berlin"
    patterns = "Which files in the watched directory count, as in .gitignore"
    return [
        click.Option(
            ["--schedule"],
            type=click.Choice(["manual", "interval", "calendar", "file_watch", "sequential"]),
            help=default("What makes it due", "manual", creating),
        ),
        click.Option(
            ["--every"],
            metavar="INTERVAL",
            help="Due every 30m, 2h, 1h30m or 1d of elapsed time: a day is 24 hours, whatever the clocks do; implies "
            "--schedule interval.",
        ),
        click.Option(
            ["--interval-value"],
            metavar="N",
            type=click.IntRange(min=1),
            help="With --interval-type: another way to say --every.",
        ),
        click.Option(
            ["--interval-type"],
            type=click.Choice(["minutes", "hours", "days"]),
            help="What --interval-value counts.",
        ),
        click.Option(
            ["--cron", "--cron-expression", "cron"],
            metavar="EXPR",
            help="Due by a cron expression; implies --schedule calendar.",
        ),
        click.Option(
            ["--timezone"],
            metavar="ZONE",
            shell_complete=completion.time_zones,
            help=default(zone, "the machine's own", creating),
        ),
        *takes_away("--no-timezone", "The machine's own time zone counts.", creating=creating),
        click.Option(
            ["--watch-path"],
            metavar="PATH",
            shell_complete=completion.files,
            help="Due when this file, or what is in this directory, changes; implies --schedule file_watch.",
        ),
        click.Option(
            ["--watch-pattern", "--watch-patterns", "watch_patterns"],
            metavar="GLOB",
            multiple=True,
            help=f"{default(patterns, 'all', creating)} {REPEATED if creating else REPLACED}",
        ),
        *takes_away("--no-watch-patterns", "All files in the watched directory count.", creating=creating),
        click.Option(
            ["--watch-recursive/--no-watch-recursive"],
            default=None,
            help=default("Whether what lies in folders below is watched", "yes", creating),
        ),
        click.Option(
            ["--watch-debounce"],
            metavar="SECONDS",
            type=_Seconds(0, 3600),
            help=default("How long nothing may change before changes are over and it is due", "2", creating),
        ),
        click.Option(
            ["--watch-max-wait"],
            metavar="SECONDS",
            type=_Seconds(0, 86400),
            help=default("How long changes that do not end are waited out", "30", creating),
        ),
    ]


def fields_of(given: "Schedule", *, creating: bool, hours: bool) -> dict[str, object]:
    """The fields of a schedule that the options say.

    In an update, an option that says no type changes the schedule there is. ``hours`` is whether running hours are
    given, which go by the schedule's time zone.

    Raises:
        click.UsageError: when options contradict each other, or need one that is not given.
    """
    kind = _kind(given)
    fields: dict[str, object] = {} if kind is None else {"type": kind}
    if given["every"] is not None:
        fields["interval_value"], fields["interval_type"] = _interval(given["every"])
    for name in ("interval_value", "interval_type"):
        if given[name] is not None:
            fields[name] = given[name]
    if given["cron"] is not None:
        fields["cron_expression"] = given["cron"]
    if given["watch_path"] is not None:
        fields["watch_path"] = place("--watch-path", given["watch_path"])
    zone_option = only_one(
        "which time zone counts",
        {"--timezone": given["timezone"] is not None, "--no-timezone": given.get("no_timezone", False)},
    )
    if zone_option is not None:
        if not hours:
            _demand_clock(zone_option, kind, creating)
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
    for option, name, value in (
        ("--watch-recursive", "watch_recursive", given["watch_recursive"]),
        ("--watch-debounce", "watch_debounce", given["watch_debounce"]),
        ("--watch-max-wait", "watch_max_wait", given["watch_max_wait"]),
    ):
        if value is not None:
            _demand(option, "--watch-path", kind, creating)
            fields[name] = value
    return fields


def _kind(given: "Schedule") -> str | None:
    """The type of schedule that is asked for, by name or by what belongs to it."""
    kind = given["schedule"]
    option = only_one(
        "when the task is due",
        {
            "--every": given["every"] is not None,
            "--interval-value": (given["interval_value"], given["interval_type"]) != (None, None),
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


def _demand_clock(option: str, kind: str | None, creating: bool) -> None:
    """Refuse a time zone where no running hours are given and the schedule is not, or becomes not, a calendar's."""
    if kind is None and creating:
        raise click.UsageError(f"{option} goes with --cron or --running-hours; add one of them.")
    if kind not in (None, "calendar"):
        raise click.UsageError(
            f"{option} goes with --cron or --running-hours; to a schedule that is {kind}, add --running-hours."
        )


def _interval(written: str) -> tuple[int, str]:
    try:
        return times.interval(written)
    except times.NotADuration as problem:
        raise click.BadParameter(str(problem), param_hint="--every") from None
