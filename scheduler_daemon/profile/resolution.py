"""From a profile's variables to the environment of a run."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile import command, environment, static, unset
from scheduler_daemon.profile.source import Found, Source, SourceFailed

COMMAND_LIMIT = 30.0
"""Seconds a command may take."""

_SHORTEST_SECRET = 4
"""Characters; to mask a shorter value would make a log unreadable and tell what the value is."""

_LONGEST = 128 * 1024
"""Bytes of ``NAME=value`` with its final zero: what Linux hands to a process (MAX_ARG_STRLEN)."""

_SOURCES: Mapping[EnvVarSource, Source] = {
    EnvVarSource.STATIC: static.find,
    EnvVarSource.ENVIRONMENT: environment.find,
    EnvVarSource.COMMAND: command.find,
    EnvVarSource.UNSET: unset.find,
}


class Unresolved(Exception):
    """Variables whose sources gave no value.

    ``failures`` has one line for each: the variable, its source and the cause, never a value or any output.
    """

    def __init__(self, failures: Sequence[str]) -> None:
        super().__init__("; ".join(failures))
        self.failures = tuple(failures)


@dataclass(frozen=True)
class Resolved:
    """The environment of a run. Its text form shows no value."""

    environment: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """Values to mask in what is kept of the run's output, the longest first: one may be a part of another."""


def resolve(
    variables: Sequence[EnvVar], base: Mapping[str, str], *, command_limit: float = COMMAND_LIMIT
) -> Resolved:
    """The environment ``base`` with the variables applied; it blocks while commands run, side by side.

    Raises:
        Unresolved: naming every variable that got no value, not only the first.
    """
    applied = dict(base)
    secrets: set[str] = set()
    failures: list[str] = []
    for variable, outcome in zip(variables, _find_all(variables, base, command_limit), strict=True):
        if isinstance(outcome, SourceFailed):
            failures.append(f"{variable.name} (source {variable.source}): {outcome}")
        elif outcome.value is None:
            applied.pop(variable.name, None)
        else:
            applied[variable.name] = outcome.value
            if outcome.secret and len(outcome.value) >= _SHORTEST_SECRET:
                secrets.add(outcome.value)
    if failures:
        raise Unresolved(failures)
    return Resolved(applied, tuple(sorted(secrets, key=lambda secret: (-len(secret), secret))))


def _find_all(variables: Sequence[EnvVar], base: Mapping[str, str], limit: float) -> list[Found | SourceFailed]:
    def find(variable: EnvVar) -> Found | SourceFailed:
        try:
            return _find(variable, base, limit)
        except SourceFailed as failure:
            return failure

    commands = sum(variable.source is EnvVarSource.COMMAND for variable in variables)
    if commands < 2:
        return [find(variable) for variable in variables]
    with ThreadPoolExecutor(min(commands, 32), thread_name_prefix="profile") as pool:
        return list(pool.map(find, variables))


def _find(variable: EnvVar, base: Mapping[str, str], limit: float) -> Found:
    source = _SOURCES.get(variable.source)
    if source is None:
        readable = ", ".join(_SOURCES)
        raise SourceFailed(f"this version cannot read this source yet; it can read {readable}")
    found = source(variable, base, limit)
    if found.value is not None:
        _check_fits(variable.name, found.value)
    return found


def _check_fits(name: str, value: str) -> None:
    """Whether a process can be given the value; to find out when it starts would be too late to say which."""
    if "\0" in value:
        raise SourceFailed("its value holds a zero character, which no variable can hold")
    try:
        size = len(os.fsencode(f"{name}={value}")) + 1
    except UnicodeEncodeError:
        # Not chained: the error holds the value.
        raise SourceFailed("its value holds a character that is none") from None
    if size > _LONGEST:
        raise SourceFailed(f"its value is longer than the {_LONGEST // 1024} KiB a variable can hold")
