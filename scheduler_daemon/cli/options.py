"""What options mean together: those that exclude each other, and an update that is given none."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, overload

import click

from scheduler_daemon.cli import times
from scheduler_daemon.cli.client import Refused
from scheduler_daemon.cli.command import directory

REPEATED = "May be repeated."
REPLACED = "May be repeated; replaces those there are."
"""The ends of the help of an option that makes a list: of something new, and of something that is updated."""

OVERLAP = (
    "What becomes of a run that comes while the last one goes on: left out, queued behind it, or put in its place"
)
"""The help of an option for it, as far as jobs and tasks have it in common."""
OVERLAPS = click.Choice(["skip", "queue", "replace"])


_OPTIONS = {
    "schedule": "",
    "schedule.cron_expression": "--cron",
    "schedule.interval_value": "--every",
    "schedule.interval_type": "--every",
    "schedule.watch_patterns": "--watch-pattern",
    "verify.command": "--verify",
    "verify.time_limit": "--verify-time-limit",
    "notifications.on_success": "--notify-on-success",
    "notifications.on_failure": "--notify-on-failure",
    "allowed_tools": "--allowed-tool",
    "disallowed_tools": "--disallowed-tool",
    "working_directory": "--working-directory",
    "working_directory.path": "--working-directory",
}
"""By the field of a request, the option that it comes from, where that has not the field's name; "" for none."""
_PROMPTS = ("--prompt", "--prompt-file", "--command")
_TIMES = (
    "--jitter",
    "--missed-within",
    "--time-limit",
    "--max-limit-wait",
    "--stall-after",
    "--verify-time-limit",
    "--retry-delay",
    "--max-retry-delay",
)
"""Options whose values are typed with units and sent in seconds."""
_RANGE = re.compile(r"must be (at least|at most|more than|less than) \S+, not \S+")


class Dollars(click.FloatRange):
    """An amount of US dollars, more than nothing."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The amount that was written, which JSON has a way to write."""
        amount: float = super().convert(value, param, ctx)
        if not math.isfinite(amount):
            self.fail(f"{value!r} is not an amount of dollars.", param, ctx)
        return amount


def only_one(purpose: str, given: Mapping[str, bool]) -> str | None:
    """Which of several options that exclude each other was given; None for none of them.

    Args:
        purpose: what each of them says, as the end of "both say …".
        given: whether each was given, by its spelling.

    Raises:
        click.UsageError: naming two that were given.
    """
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise click.UsageError(f"{names[0]} and {names[1]} both say {purpose}; give one of them.")
    return names[0] if names else None


def demand_a_change(context: click.Context, changes: Mapping[str, object]) -> None:
    """Refuse an update that changes nothing.

    Raises:
        click.UsageError: saying where the options are.
    """
    if not changes:
        raise click.UsageError(f"Say what to change; the options: {context.command_path} --help")


@contextmanager
def naming_options(context: click.Context) -> Iterator[None]:
    """Have the daemon's refusal of a value name the option that it was typed with, where there is one.

    Raises:
        click.UsageError: the value is too large or too small.
        Refused: for any other reason.
    """
    try:
        yield
    except Refused as refusal:
        named = [(_option_of(context, each["field"]), each["message"]) for each in refusal.errors]
        if not named or not all(option for option, _ in named):
            raise
        told = "\n".join(
            f"{option}: {with_units(message, times.spelled) if option in _TIMES else message}"
            for option, message in named
        )
        if all(_RANGE.fullmatch(message) for _, message in named):
            raise click.UsageError(told) from None
        raise Refused(told) from None


def _option_of(context: click.Context, field: str) -> str:
    """The option, as it is spelled, that a field of a request comes from; nothing where there is none."""
    path = ".".join(part for part in field.removeprefix("changes.").split(".") if not part.isdigit())
    if path == "command":
        given = ("prompt", "prompt_file", "command_text")
        return next((option for name, option in zip(given, _PROMPTS, strict=True) if context.params.get(name)), "")
    spelling = _OPTIONS.get(path, f"--{path.rpartition('.')[2].replace('_', '-')}")
    there = {each for parameter in context.command.params for each in (*parameter.opts, *parameter.secondary_opts)}
    return spelling if spelling in there else ""


def with_units(message: str, spelled: Callable[[int], str]) -> str:
    """A refusal of a number that is too large or too small, with the numbers in it spelled as they are typed."""
    return _RANGE.sub(
        lambda found: re.sub(r"(\d+)(\.0)?(?![\d.])", lambda number: spelled(int(number[1])), found[0]), message
    )


def place(option: str, path: str) -> str:
    """The absolute path that an option's value means.

    Raises:
        click.BadParameter: when it is empty, as where a shell's variable is not set.
    """
    if not path:
        raise click.BadParameter("it is empty; name a path", param_hint=option)
    return directory(path)


@overload
def seconds(option: str, written: str) -> int: ...
@overload
def seconds(option: str, written: str | None) -> int | None: ...
def seconds(option: str, written: str | None) -> int | None:
    """The seconds that an option's value means; None where it is not given.

    Raises:
        click.BadParameter: saying how to write a time.
    """
    if written is None:
        return None
    try:
        return times.seconds(written)
    except times.NotADuration as problem:
        raise click.BadParameter(str(problem), param_hint=option) from None


def or_none(option: str, purpose: str, value: object, taken_away: bool) -> dict[str, object]:
    """The field of an option's name with its value, or with None where the flag ``--no-…`` takes it away.

    No field where neither is given.

    Args:
        option: its spelling; that of the flag is made from it.
        purpose: what both of them say, as the end of "both say …".
        value: what was given; None for nothing.
        taken_away: whether the flag was given.

    Raises:
        click.UsageError: when both were given.
    """
    name = option.removeprefix("--")
    given = only_one(purpose, {option: value is not None, f"--no-{name}": taken_away})
    return {} if given is None else {name.replace("-", "_"): value}


def takes_away(spelling: str, meaning: str, *, creating: bool) -> list[click.Option]:
    """The flag of an update that takes something away; where something is created, there is none."""
    return [] if creating else [click.Option([spelling], is_flag=True, help=meaning)]


def default(meaning: str, value: str, creating: bool) -> str:
    """The help of an option that has a default when something is created, and none when it is updated."""
    return f"{meaning}; {value} if not given." if creating else f"{meaning}."
