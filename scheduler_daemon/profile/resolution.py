"""From a profile's variables to the environment of a run."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.profile import apart, command, environment, static, unset
from scheduler_daemon.profile.source import Found, Source, SourceFailed, ask

LIMIT = 30.0
"""Seconds that the sources may take."""

_SHORTEST_SECRET = 4
"""Characters; to mask a shorter value would make a log unreadable and tell what the value is."""

_MOST_THREADS = 32


@dataclass(frozen=True)
class Resolved:
    """The environment of a run. Its text form shows no value."""

    environment: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """Values to mask in what is kept of the run's output, the longest first: one may be a part of another."""


@dataclass(frozen=True)
class Finding:
    """Whether a variable has a value to give, and never which."""

    name: str
    source: EnvVarSource
    problem: str | None
    """Why it has none, in plain words."""


class Unresolved(Exception):
    """Variables whose sources gave no value.

    ``failures`` has one line for each: the variable, its source and the cause, never a value or any output.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        self.failures = tuple(f"{each.name} (source {each.source}): {each.problem}" for each in findings)
        super().__init__("; ".join(self.failures))


def resolve(profile: Profile | None, base: Mapping[str, str], *, limit: float = LIMIT) -> Resolved:
    """The environment ``base`` with a profile's variables applied.

    It blocks while it waits for commands, the keychain and AWS, side by side, ``limit`` seconds at the most.

    Raises:
        Unresolved: naming every variable that got no value, not only the first.
    """
    applied = dict(base)
    secrets: set[str] = set()
    failed: list[Finding] = []
    for variable, outcome in _ask_all(profile, base, limit) if profile else ():
        if isinstance(outcome, SourceFailed):
            failed.append(Finding(variable.name, variable.source, str(outcome)))
        elif outcome.value is None:
            applied.pop(variable.name, None)
        else:
            applied[variable.name] = outcome.value
            if outcome.secret and len(outcome.value) >= _SHORTEST_SECRET:
                secrets.add(outcome.value)
    if failed:
        raise Unresolved(failed)
    return Resolved(applied, tuple(sorted(secrets, key=lambda secret: (-len(secret), secret))))


def examine(profile: Profile, base: Mapping[str, str], *, limit: float = LIMIT) -> list[Finding]:
    """What ``resolve`` would find, variable by variable, in the profile's order. It blocks as long."""
    return [
        Finding(variable.name, variable.source, str(outcome) if isinstance(outcome, SourceFailed) else None)
        for variable, outcome in _ask_all(profile, base, limit)
    ]


def _ask_all(profile: Profile, base: Mapping[str, str], limit: float) -> list[tuple[EnvVar, Found | SourceFailed]]:
    sources: dict[EnvVarSource, Source] = {
        EnvVarSource.STATIC: lambda variable: static.find(variable, profile.id),
        EnvVarSource.ENVIRONMENT: lambda variable: environment.find(variable, base),
        EnvVarSource.COMMAND: lambda variable: command.find(variable, base, limit),
        EnvVarSource.UNSET: unset.find,
    }
    elsewhere = [variable for variable in profile.env_vars if variable.source not in sources]
    outcomes: dict[str, Found | SourceFailed] = {}
    # A thread is started for a command, and for nothing else.
    with ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="profile") as pool:
        commands: dict[str, Future[Found | SourceFailed]] = {}
        for variable in profile.env_vars:
            if variable.source is EnvVarSource.COMMAND:
                commands[variable.name] = pool.submit(ask, sources[variable.source], variable)
            elif variable.source in sources:
                outcomes[variable.name] = ask(sources[variable.source], variable)
        for variable, outcome in zip(elsewhere, apart.find_all(elsewhere, base, limit), strict=True):
            outcomes[variable.name] = outcome
        outcomes.update((name, future.result()) for name, future in commands.items())
    return [(variable, outcomes[variable.name]) for variable in profile.env_vars]
