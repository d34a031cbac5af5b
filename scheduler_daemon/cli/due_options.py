"""What becomes of due times: the options of tasks about those that are missed, put off, or come too soon."""

import re
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import text
from scheduler_daemon.cli.options import OVERLAP, OVERLAPS, default, or_none, seconds, takes_away

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import Due

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


def parameters(*, creating: bool) -> list[click.Option]:
    """The options themselves."""
    hours = "When its schedule may start it, by the clocks of --timezone; 22:00-06:00 is over midnight"
    jitter = "Its runs start up to this much later than they are due, each time by the same amount"
    missed = "What becomes of due times that nobody was there to meet: one run for the newest of them, or none"
    within = "How late a missed due time may still be made up for: seconds, or 6h, 2d"
    return [
        click.Option(["--running-hours"], metavar="HH:MM-HH:MM", help=default(hours, "at any time", creating)),
        *takes_away("--no-running-hours", "Its schedule may start it at any time.", creating=creating),
        click.Option(["--jitter"], metavar="TIME", help=default(jitter, "0", creating)),
        click.Option(
            ["--missed"], type=click.Choice(["run_once", "skip"]), help=default(missed, "run_once", creating)
        ),
        click.Option(["--missed-within"], metavar="TIME", help=default(within, "1d", creating)),
        click.Option(["--overlap"], type=OVERLAPS, help=default(OVERLAP, "as its job says", creating)),
        *takes_away("--no-overlap", "What its job says of that counts for it.", creating=creating),
    ]


def fields_of(given: "Due") -> dict[str, object]:
    """The fields of a task that the options say, and no other; None where an option takes something away.

    Raises:
        click.UsageError: when options contradict each other or cannot be read.
    """
    missed, within, jitter = given["missed"], given["missed_within"], given["jitter"]
    hours = given["running_hours"]
    if missed == "skip" and within is not None:
        raise click.UsageError("--missed-within goes with --missed run_once, not with skip; leave one of them out.")
    return {
        **({} if missed is None else {"missed": missed}),
        **({} if within is None else {"missed_within": seconds("--missed-within", within)}),
        **({} if jitter is None else {"jitter": seconds("--jitter", jitter)}),
        **or_none("--overlap", "what becomes of an overlap", given["overlap"], given.get("no_overlap", False)),
        **or_none(
            "--running-hours",
            "when it may run",
            None if hours is None else _hours(hours),
            given.get("no_running_hours", False),
        ),
    }


def _hours(written: str) -> str:
    """Two times of a day as the daemon reads them, with two digits each."""
    found = _HOURS.fullmatch(written.strip())
    if found is None:
        raise click.BadParameter(
            f"{text.cut(repr(written), 40)} is not from one time of a day to another; write such as 09:00-17:30, "
            "or 22:00-06:00 for a night; midnight is 00:00",
            param_hint="--running-hours",
        )
    return f"{int(found[1]):02}:{found[2]}-{int(found[3]):02}:{found[4]}"
