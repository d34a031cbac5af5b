"""What the runs of a day may cost: the options of jobs and of profiles."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli.options import Dollars, or_none, takes_away

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import Spending

MEANING = "What its runs of any 24 hours may cost, in US dollars, before new ones wait."
NO_LIMIT = "They may cost what they need."


def parameters(*, creating: bool) -> list[click.Option]:
    """The options themselves."""
    return [
        click.Option(
            ["--max-usd-per-day"],
            metavar="USD",
            type=Dollars(),
            help=MEANING,
        ),
        *takes_away("--no-max-usd-per-day", NO_LIMIT, creating=creating),
    ]


def fields_of(given: "Spending") -> dict[str, object]:
    """The field ``max_usd_per_day``, with None for no limit; no field where no option says.

    Raises:
        click.UsageError: when both options are given.
    """
    return or_none(
        "--max-usd-per-day",
        "what its runs may cost",
        given["max_usd_per_day"],
        given.get("no_max_usd_per_day", False),
    )
