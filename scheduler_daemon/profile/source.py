"""The shape that every source of a variable has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scheduler_daemon.model.profile import EnvVar


class SourceFailed(Exception):
    """A source has no value to give; the message is the cause, and never holds a value or any output."""


@dataclass(frozen=True)
class Found:
    """What a source gives for a variable."""

    value: str | None = field(repr=False)
    """None: the run's environment is to be without the variable."""
    secret: bool
    """Whether the value must be masked wherever the run's output is kept."""


Source = Callable[[EnvVar, Mapping[str, str], float], Found]
"""``find(variable, base, limit)``: the daemon's environment is ``base``, and ``limit`` is in seconds.

Raises:
    SourceFailed: when there is no value.
"""
