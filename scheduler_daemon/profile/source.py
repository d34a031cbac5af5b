"""The shape that every source of a variable has, and what they share."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from scheduler_daemon.model.profile import EnvVar

LONGEST = 128 * 1024
"""Bytes of ``NAME=value`` with its final zero: what Linux hands to a process (MAX_ARG_STRLEN)."""

K = TypeVar("K", bool, str)

_WANTED: Mapping[type, str] = {bool: "true or false", str: "a text that is not empty"}


class SourceFailed(Exception):
    """A source has no value to give; the message is the cause, and never holds a value or any output."""


@dataclass(frozen=True)
class Found:
    """What a source gives for a variable."""

    value: str | None = field(repr=False)
    """None: the run's environment is to be without the variable."""
    secret: bool
    """Whether the value must be masked wherever the run's output is kept."""


Source = Callable[[EnvVar], Found]
"""What looks a variable up; each source's ``find``, with whatever else it needs.

Raises:
    SourceFailed: when there is no value.
"""


def ask(source: Source, variable: EnvVar) -> Found | SourceFailed:
    """What a source gives for a variable, if a process can be given it."""
    try:
        found = source(variable)
        if found.value is not None:
            _check_fits(variable.name, found.value)
    except SourceFailed as failure:
        return failure
    return found


def config_of(variable: EnvVar, kind: type[K], *allowed: str) -> dict[str, K]:
    """A variable's config, every value of the one kind that its source takes: a text, or true or false.

    Raises:
        SourceFailed: when it has a key that is not allowed, or a value of another kind.
    """
    config: dict[str, K] = {}
    for key, value in variable.config.items():
        if key not in allowed:
            known = ", ".join(allowed) or "none"
            raise SourceFailed(
                f"its config has the key {json.dumps(key)}, which this source does not take; it takes: {known}"
            )
        if not isinstance(value, kind) or value == "":
            raise SourceFailed(f"{key} in its config is to be {_WANTED[kind]}")
        config[key] = value
    return config


def _check_fits(name: str, value: str) -> None:
    """Whether a process can be given the value; to find out when it starts would be too late to say which."""
    if "\0" in value:
        raise SourceFailed("its value holds a zero character, which no variable can hold")
    try:
        size = len(os.fsencode(f"{name}={value}")) + 1
    except UnicodeEncodeError:
        # Not chained: the error holds the value.
        raise SourceFailed("its value holds a character that is none") from None
    if size > LONGEST:
        raise SourceFailed(f"its value is longer than the {LONGEST // 1024} KiB a variable can hold")
