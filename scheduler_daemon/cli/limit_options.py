"""How much a run may take, and what becomes of it where it is held up: options of tasks."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli.options import Dollars, default, or_none, seconds, takes_away

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import Limits


def parameters(*, creating: bool) -> list[click.Option]:
    """The options themselves."""
    waits = "Whether it waits where the account's usage limit is reached, and goes on after the reset"
    stalled = "Whether a run that is silent for so long is ended"
    silent = "How long the agent may be silent before you are told: seconds, or 30m, 1h"
    return [
        click.Option(["--time-limit"], metavar="TIME", help="How long a run may take: seconds, or 30m, 2h, 1h30m."),
        *takes_away("--no-time-limit", "The setting time_limit counts for it.", creating=creating),
        click.Option(
            ["--max-turns"], metavar="N", type=click.IntRange(min=1), help="How many turns the agent may take."
        ),
        *takes_away("--no-max-turns", "As many turns as it needs.", creating=creating),
        click.Option(["--max-budget-usd"], metavar="USD", type=Dollars(), help="What a run may cost, in US dollars."),
        *takes_away("--no-max-budget-usd", "It may cost what it needs.", creating=creating),
        click.Option(["--wait-for-limit/--no-wait-for-limit"], default=None, help=default(waits, "yes", creating)),
        click.Option(
            ["--max-limit-wait"], metavar="TIME", help="How long it waits for usage limits, all in all: such as 6h."
        ),
        *takes_away("--no-max-limit-wait", "The setting max_limit_wait counts for it.", creating=creating),
        click.Option(["--stall-after"], metavar="TIME", help=f"{silent}."),
        *takes_away("--no-stall-after", "The setting stall_after counts for it.", creating=creating),
        click.Option(
            ["--stop-when-stalled/--no-stop-when-stalled"], default=None, help=default(stalled, "no", creating)
        ),
    ]


def fields_of(given: "Limits") -> dict[str, object]:
    """The fields of a task that the options say, and no other; None where an option takes something away.

    Raises:
        click.UsageError: when options contradict each other or cannot be read.
    """
    same = {"wait_for_limit": given["wait_for_limit"], "stop_when_stalled": given["stop_when_stalled"]}
    return {
        **{name: value for name, value in same.items() if value is not None},
        **or_none(
            "--time-limit",
            "how long a run may take",
            seconds("--time-limit", given["time_limit"]),
            given.get("no_time_limit", False),
        ),
        **or_none("--max-turns", "how many turns it may take", given["max_turns"], given.get("no_max_turns", False)),
        **or_none(
            "--max-budget-usd",
            "what a run may cost",
            given["max_budget_usd"],
            given.get("no_max_budget_usd", False),
        ),
        **or_none(
            "--max-limit-wait",
            "how long it waits for usage limits",
            seconds("--max-limit-wait", given["max_limit_wait"]),
            given.get("no_max_limit_wait", False),
        ),
        **or_none(
            "--stall-after",
            "how long the agent may be silent",
            seconds("--stall-after", given["stall_after"]),
            given.get("no_stall_after", False),
        ),
    }
