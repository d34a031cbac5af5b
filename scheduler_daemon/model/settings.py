"""What a person can set for the daemon as a whole."""

from typing import Annotated

from pydantic import Field, StringConstraints

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
