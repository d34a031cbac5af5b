"""The command ``schedule explain``: what a cron expression says and when it is due. It asks no daemon."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion, show, text
from scheduler_daemon.cli.command import Choices, Group

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from scheduler_daemon.schedule import CronExpression

_MOST = 10_000
_SHOWN = 5
_YEARS = range(1900, 9800)
"""Those asked about; Python's calendar ends in 9999, and the next due time is looked for in more than a century."""


@click.group(cls=Group)
def schedule() -> None:
    """Schedules: what they say, before a task has one."""


@schedule.command("explain")
@click.argument("expression", metavar="EXPRESSION", nargs=-1, required=True)
@click.option(
    "--timezone",
    metavar="ZONE",
    shell_complete=completion.time_zones,
    help="Whose clocks count, such as Europe/Berlin; else this machine's.",
)
@click.option("--from", "start", metavar="TIME", help="Only times after this one; now if not given.")
@click.option("--until", "end", metavar="TIME", help="No times after this one.")
@click.option(
    "-n",
    "count",
    metavar="NUMBER",
    type=click.IntRange(1, _MOST),
    help=f"How many times at most; {_SHOWN} if not given, or {_MOST} with --until.",
)
@click.pass_obj
def explain(
    choices: Choices,
    expression: "Sequence[str]",
    timezone: str | None,
    start: str | None,
    end: str | None,
    count: int | None,
) -> None:
    """Tell what a cron expression says, and when it is due next.

    EXPRESSION has five fields (minute, hour, day of month, month, day of week), six with seconds first, or is a name
    such as @daily. Write it in quotes.

    A TIME is written as 2031-05-17, 2031-05-17T02:00 or 2031-05-17T02:00:00+02:00. Without an offset it is what the
    clocks of ZONE show.
    """
    from scheduler_daemon.schedule import CronExpression, ScheduleError, in_words  # no other command pays for it

    if len(expression) > 1:
        typed = choices.typed("schedule explain '0 2 * * 1-5'")
        raise click.UsageError(f"An expression is written in quotes: {typed}")
    zone = _zone(timezone)
    first = datetime.now(zone) if start is None else _instant(start, zone, "--from")
    last = None if end is None else _instant(end, zone, "--until")
    if last is not None and last.timestamp() <= first.timestamp():
        before = "is past" if start is None else f"is not after {first.isoformat(' ')}, the time of --from"
        raise click.BadParameter(f"{last.isoformat(' ')} {before}; give a later time", param_hint="--until")
    limit = count or (_SHOWN if last is None else _MOST)
    try:
        cron = CronExpression.parse(expression[0])
        found = list(itertools.islice(_due(cron, zone, first, last), limit + 1))
        due = [(time, _note(cron, time, zone)) for time in found[:limit]]
    except ScheduleError as refusal:
        raise click.ClickException(str(refusal)) from None
    if choices.as_json:
        show.document(
            {
                "expression": expression[0],
                "timezone": zone.key,
                "words": in_words(cron.fields),
                "from": first.isoformat(),
                "next": [time.isoformat() for time, _ in due],
                "more": len(found) > limit,
                "notes": [{"at": time.isoformat(), "note": note} for time, note in due if note],
            }
        )
        return
    show.write(f"{in_words(cron.fields)} ({text.line(zone.key)})\n")
    for time, note in due:
        show.write(f"{time:%a} {time.isoformat(' ')}  {note or ''}".rstrip())
    if last is not None and len(found) > limit:
        show.write("and more")
    if not due:
        show.write("Not due in that time.")


def _zone(name: str | None) -> "ZoneInfo":
    from scheduler_daemon.schedule import ScheduleError, find_zone

    try:
        return find_zone(name)
    except ScheduleError as problem:
        raise click.BadParameter(str(problem), param_hint="--timezone") from None


def _instant(written: str, zone: "ZoneInfo", option: str) -> datetime:
    """The instant that a person wrote, in a zone."""
    try:
        found, problem = datetime.fromisoformat(written), f"its year is not from {_YEARS[0]} to {_YEARS[-1]}"
    except ValueError as error:
        found, problem = None, "" if "isoformat" in str(error) else str(error)
    if found is None or found.year not in _YEARS:
        why = f": {problem}" if problem else "; write 2031-05-17, 2031-05-17T02:00 or 2031-05-17T02:00:00+02:00"
        raise click.BadParameter(f"{text.cut(repr(written), 50)} is no time{why}", param_hint=option)
    # By way of UTC, a time that clocks skip becomes the one they show instead.
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC).astimezone(zone)


def _due(cron: "CronExpression", zone: "ZoneInfo", first: datetime, last: datetime | None) -> Iterator[datetime]:
    """The due times after the first and not after the last, in a zone."""
    due = cron.after(first, zone)
    while due.year in _YEARS and (last is None or due <= last):
        yield due.astimezone(zone)
        due = cron.after(due, zone)


def _note(cron: "CronExpression", due: datetime, zone: "ZoneInfo") -> str | None:
    """What a change of the clocks does to a due time, if anything."""
    skipped = [_clock(time) for time in cron.caught_up(due, zone)]
    if len(skipped) == 1:
        return f"{skipped[0]} does not exist that day: runs right after the gap"
    if skipped:
        joined = " and " if len(skipped) == 2 else " to "
        return f"{skipped[0]}{joined}{skipped[-1]} do not exist that day: runs once, right after the gap"
    if cron.comes_twice(due, zone):
        return f"{_clock(due)} comes twice: runs at the first"
    return None


def _clock(time: datetime) -> str:
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"
