"""A profile of the earlier application as one of ours."""

import re
from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue

from scheduler_daemon.exchange.earlier import shapes
from scheduler_daemon.exchange.earlier.takeover import Present, Takeover
from scheduler_daemon.exchange.earlier.task import title
from scheduler_daemon.exchange.found import Place, named
from scheduler_daemon.exchange.notes import Entry
from scheduler_daemon.exchange.profiles import Profiles
from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.model.record import now
from scheduler_daemon.profile.ready_made import ready_made

_UNTITLED = "Untitled Profile"

_SOURCES = {"env": EnvVarSource.ENVIRONMENT, "aws_sm": EnvVarSource.AWS_SECRETS_MANAGER}
_AWS = {EnvVarSource.AWS_SECRETS_MANAGER, EnvVarSource.AWS_SSM}
_AWS_CONFIG = ("region", "profile")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def take(given_profiles: Sequence[tuple[shapes.Profile, Place]], present: Present, takeover: Takeover) -> Profiles:
    """Take over the profiles that are not here; the result finds those of both sides."""
    profiles = {profile.id: profile for profile in present.profiles}
    ids = {id_: id_ for id_ in profiles}
    taken: set[UUID] = set()
    for given, place in given_profiles:
        entry = place.entry(named("profile", given.name), takeover.lines)
        name = given.name if given.name.strip() else _UNTITLED
        same = profiles.get(given.id) or next((each for each in profiles.values() if each.name == name), None)
        if same is None:
            entry.taken(f"variables: {len(given.env_vars)}")
            ours = profile(given, entry)
        elif same.id in taken and given.id not in profiles:
            entry.taken(f"variables: {len(given.env_vars)}")
            ours = _renamed(profile(given, entry), entry)
        elif given.env_vars and _is_not_filled_in(same):
            entry.taken(f"it fills in {named('profile', same.name)}, which came with the daemon")
            ours = _filled_in(same, profile(given, entry))
        else:
            entry.left_out(f"{named('profile', same.name)} is here already, and is used in its place")
            ids[given.id] = same.id
            continue
        ids[given.id] = ours.id
        profiles[ours.id] = ours
        taken.add(ours.id)
        takeover.profiles.append(ours)
        takeover.places[ours.id] = place
    return Profiles(ids, {profile.name: profile.id for profile in profiles.values()})


def _is_not_filled_in(ours: Profile) -> bool:
    """Whether a profile is as it came with the daemon, and so of no use to anybody yet."""
    return any(ours.id == ready.id and ours.env_vars == ready.env_vars for ready in ready_made())


def _filled_in(ours: Profile, theirs: Profile) -> Profile:
    filled = {"description": theirs.description, "env_vars": theirs.env_vars, "updated_at": now()}
    return ours.model_copy(update=filled)


def _renamed(ours: Profile, entry: Entry) -> Profile:
    name = f"{ours.name[:480]} ({str(ours.id)[:8]})"
    entry.changed(f"another one has this name, so it is {name}", "name")
    return ours.model_copy(update={"name": name})


def profile(given: shapes.Profile, entry: Entry) -> Profile:
    """The profile with its own id; what becomes something else is noted, and never a value."""
    entry.left_out_unknown(given)
    return Profile(
        id=given.id,
        name=title(given.name, _UNTITLED, entry),
        description=given.description,
        env_vars=_variables(given, entry),
        created_at=given.created_at or now(),
        updated_at=given.updated_at or given.created_at or now(),
    )


def _variables(given: shapes.Profile, entry: Entry) -> list[EnvVar]:
    last = {variable.name: at for at, variable in enumerate(given.env_vars)}
    variables = []
    for at, variable in enumerate(given.env_vars):
        path = ("env_vars", at)
        if last[variable.name] != at:
            entry.left_out(f"{variable.name} is set again further down, and that is what counted", *path)
        elif not _VARIABLE.fullmatch(variable.name):
            entry.left_out(f"{variable.name!r} is no name of a variable here", *path)
        elif variable.source == "static" and not variable.value:
            entry.left_out(f"{variable.name} is empty, and an empty variable was not set", *path)
        else:
            entry.left_out_unknown(variable, *path)
            variables.append(_variable(variable, entry, path))
    return variables


def _variable(given: shapes.EnvVar, entry: Entry, path: tuple[str, int]) -> EnvVar:
    source = _SOURCES.get(given.source) or EnvVarSource(given.source)
    return EnvVar(
        name=given.name,
        source=source,
        value=_value(given, source, entry, path),
        config=_config(given, source, entry, path),
    )


def _value(given: shapes.EnvVar, source: EnvVarSource, entry: Entry, path: tuple[str, int]) -> str:
    if source is not EnvVarSource.KEYCHAIN:
        return given.value
    service, slash, _ = given.value.partition("/")
    if not slash:
        entry.changed("a service alone was also the account, so it is service/account now", *path, "value")
        return f"{service}/{service}"
    if given.value.count("/") > 1:
        entry.changed("the account begins after the last slash here; it did so after the first", *path, "value")
    return given.value


def _config(given: shapes.EnvVar, source: EnvVarSource, entry: Entry, path: tuple[str, int]) -> dict[str, JsonValue]:
    config: dict[str, JsonValue] = {}
    for key, value in (given.config or {}).items():
        if source in _AWS and key in _AWS_CONFIG and isinstance(value, str) and value:
            config[key] = value
        elif source is EnvVarSource.AWS_SSM and key == "decrypt":
            if value is not True:
                entry.left_out("a parameter is always decrypted", *path, "config", key)
        elif value not in (None, ""):
            entry.left_out(f"the source {source} takes no {key} here", *path, "config", key)
    return config
