"""What a person can set for the daemon as a whole."""

from typing import Annotated

from pydantic import Field, StringConstraints

from scheduler_daemon.model.limits import UsdPerDay
from scheduler_daemon.model.record import Record


class Settings(Record):
    """The content of ``settings.json``."""

    agent_command: list[Annotated[str, StringConstraints(min_length=1)]] = Field(
        default_factory=lambda: ["claude"], min_length=1
    )
    """The agent's program and the arguments that come before ours."""
    max_concurrent_runs: Annotated[int, Field(ge=1, le=1000)] = 3
    time_limit: Annotated[int, Field(ge=1, le=7 * 86400)] = 4 * 3600
    """Seconds a run may take if its task does not say."""
    stop_grace: Annotated[float, Field(ge=0, le=600)] = 10.0
    """Seconds between asking a run's processes to end and killing them."""
    runs_in_json: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """How many of the newest runs ``runs.json`` holds."""
    log_limit: Annotated[int, Field(ge=65536, le=2**40)] = 256 * 2**20
    """Bytes that a run's log may have; what the agent says beyond is left out, but for what its end is told by."""
    stall_after: Annotated[int, Field(ge=1, le=7 * 86400)] = 1800
    """Seconds without a word of the agent's after which a person is told, if the task does not say."""
    max_limit_wait: Annotated[int, Field(ge=0, le=31 * 86400)] = 12 * 3600
    """Seconds that a task waits for usage limits, all in all, before it is given up, if the task does not say."""
    reserve: Annotated[int, Field(ge=1, le=100)] = 100
    """Percent of a usage window beyond which scheduled runs wait for its reset; at 100 none does."""
    max_usd_per_day: UsdPerDay | None = None
    """What all runs of any 24 hours may cost before new ones wait."""
    run_retention_count: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    """How many runs of a task are kept, if the task does not say."""
    log_retention_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """Days after which a run's log is deleted."""
    notify_command: list[Annotated[str, StringConstraints(min_length=1)]] = Field(default_factory=list)
    """The program that tells a person, with its arguments; the desktop's own way if not given."""
