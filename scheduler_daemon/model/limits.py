"""What is known of the limits of an account, and what runs may cost."""

from typing import Annotated

from pydantic import Field

from scheduler_daemon.model.record import Instant, Record

UsdPerDay = Annotated[float, Field(gt=0, le=1_000_000)]
"""US dollars in any 24 hours."""


class UsageWindow(Record):
    """One of an account's limits, as the agent last told of it."""

    type: str
    """``five_hour``, ``seven_day``, ``seven_day_opus``, ``seven_day_sonnet``, ``overage``; newer agents tell more."""
    status: str
    """``allowed``, ``allowed_warning`` or ``rejected``."""
    utilization: float | None = None
    """How much of it is used, from 0 to 1."""
    resets_at: Instant | None = None
    seen_at: Instant


class AccountLimits(Record):
    """What is known of one profile's account."""

    windows: list[UsageWindow] = Field(default_factory=list)
    held_until: Instant | None = None
    """Until then the account takes no more, so nothing is started with it."""
    refusals: int = 0
    """How many times in a row it has refused without a word on when it will take more."""
