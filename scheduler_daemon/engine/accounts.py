"""What is known of an account's usage limits, and how long they hold its runs back. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler_daemon.agent.stream import RateLimit
from scheduler_daemon.model.limits import AccountLimits, UsageWindow

SLACK = timedelta(seconds=10)
"""How long after the reset of a limit runs start again: clocks differ, and so do servers."""
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=1)
"""Where an account does not say when it takes more: the wait after the first refusal, twice that after the next,
and so on up to the longest."""
DAY = timedelta(days=1)
_UNNAMED = "unnamed"
_REJECTED = "rejected"
_OVERAGE = "overage"
_OF_ONE_MODEL = {"seven_day_opus": "opus", "seven_day_sonnet": "sonnet"}
_LONGEST_WINDOW = timedelta(days=32)
"""A reset later than this was told to a clock that was wrong."""


@dataclass(frozen=True)
class Told:
    """What a run has told of its account."""

    limits: Sequence[RateLimit]
    model: str
    """The model that the run was to use."""
    refused: bool
    """Whether a limit ended it."""
    began: datetime
    """It has told nothing that is older."""


def learned(limits: AccountLimits, told: Told, now: datetime) -> AccountLimits:
    """What is known after a run."""
    windows = {window.type: window for window in limits.windows if _lasts(window, now)}
    for each in told.limits:
        # Past its limit the account may go on at a price of its own: that is no refusal.
        status = "allowed" if each.status == _REJECTED and each.using_overage else each.status
        name = each.type or _UNNAMED
        known = windows.get(name)
        if known and _rejects(known, now) and status != _REJECTED and told.began < known.seen_at:
            continue  # it may have been allowed before the other was refused
        windows[name] = UsageWindow(
            type=name, status=status, utilization=each.utilization, resets_at=each.resets_at, seen_at=now
        )
    after = AccountLimits(windows=list(windows.values()))
    if not told.refused:
        # What others were refused meanwhile, without a word on when they will not be, is no older than it.
        waits = limits.held_until and limits.held_until > now and told.began < limits.held_until - FIRST_WAIT
        return after.model_copy(
            update={"refusals": limits.refusals, "held_until": limits.held_until} if waits else {}
        )
    if held_until(after, told.model, now):
        return after
    refusals = limits.refusals + 1
    wait = min(FIRST_WAIT * 2 ** min(refusals - 1, 10), LONGEST_WAIT)
    return after.model_copy(update={"refusals": refusals, "held_until": now + wait})


def held_until(limits: AccountLimits, model: str, now: datetime) -> datetime | None:
    """When the account takes runs with a model again; None if it does now, as far as is known."""
    times = [
        window.resets_at + SLACK for window in _of(limits, model, now) if window.resets_at and _rejects(window, now)
    ]
    if limits.held_until and now < limits.held_until <= now + LONGEST_WAIT:
        times.append(limits.held_until)
    return max(times, default=None)


def reserved_until(limits: AccountLimits, model: str, percent: int, now: datetime) -> tuple[datetime, str] | None:
    """When a window is reset of which more than so many percent is used, and which; the last of them to be reset."""
    used = [
        (window.resets_at + SLACK, f"{window.utilization:.0%} of its {window.type.replace('_', '-')} window are used")
        for window in _of(limits, model, now)
        if percent < 100
        and window.resets_at
        and window.utilization is not None
        and window.utilization * 100 > percent
    ]
    return max(used, default=None)


def below(spent: Iterable[tuple[datetime, float]], limit: float) -> datetime | None:
    """When less than a limit was spent in the 24 hours before; None if that is so already.

    ``spent`` are the times and amounts of those 24 hours, oldest first.
    """
    entries = list(spent)
    total = sum(usd for _, usd in entries)
    if total < limit:
        return None
    for at, usd in entries:
        total -= usd
        if total < limit:
            return at + DAY
    return entries[-1][0] + DAY


def _of(limits: AccountLimits, model: str, now: datetime) -> list[UsageWindow]:
    """The windows that count for a model and have not been reset."""
    return [
        window
        for window in limits.windows
        if _lasts(window, now) and window.type != _OVERAGE and _OF_ONE_MODEL.get(window.type, "") in model
    ]


def _lasts(window: UsageWindow, now: datetime) -> bool:
    return window.resets_at is not None and now < window.resets_at + SLACK <= now + _LONGEST_WINDOW


def _rejects(window: UsageWindow, now: datetime) -> bool:
    return window.status == _REJECTED and window.type != _OVERAGE and _lasts(window, now)
