"""``profiles.*``: the environments that runs get. A secret is masked in every answer, unless it is to be revealed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

from pydantic import Field

from scheduler_daemon.control import Json
from scheduler_daemon.control.changes import ProfileChanges, changed
from scheduler_daemon.control.errors import NotFound, Refused, invalid
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.references import find
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.engine.events import Changed, Deleted, Event, Events
from scheduler_daemon.model.job import Job, Name
from scheduler_daemon.model.limits import UsdPerDay
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.model.task import Task
from scheduler_daemon.profile import examine
from scheduler_daemon.profile.ready_made import SHORTCUTS, ready_made
from scheduler_daemon.run.preparation import inherited_environment, run_environment
from scheduler_daemon.store.store import Store

_NAMED = 5
"""The most users that the refusal to delete a profile names."""


class ListProfiles(Params):
    """All profiles."""

    reveal: bool = False
    """Whether secrets are shown as they are."""


class GetProfile(Params):
    """A profile by id, unique prefix of an id, or unique name."""

    profile: Annotated[str, Field(min_length=1)]
    reveal: bool = False
    """Whether secrets are shown as they are."""


class ProfileReference(Params):
    """A profile by id, unique prefix of an id, or unique name."""

    profile: Annotated[str, Field(min_length=1)]


class CreateProfile(Params):
    """What a new profile is made of; or which ready-made one is to be there again."""

    name: Name | None = None
    ready_made: Literal["zai", "bedrock"] | None = None
    """One of the two that are there from the first start, in place of a name."""
    description: str = ""
    env_vars: list[EnvVar] = Field(default_factory=list)
    max_usd_per_day: UsdPerDay | None = None


class UpdateProfile(Params):
    """A profile and what of it is to change."""

    profile: Annotated[str, Field(min_length=1)]
    changes: ProfileChanges = Field(default_factory=lambda: ProfileChanges())
    set: list[EnvVar] = Field(default_factory=list)
    """Variables to add, or to put in the place of those of the same name."""
    remove: list[str] = Field(default_factory=list)
    """Names of variables to take out."""


class DeleteProfile(Params):
    """A profile, and whether to take it from the jobs and tasks that use it."""

    profile: Annotated[str, Field(min_length=1)]
    force: bool = False


class ProfileMethods:
    """The methods about profiles."""

    def __init__(self, store: Store, events: Events, threads: ThreadPoolExecutor) -> None:
        """``threads`` are for sources, which may take their time."""
        self._store = store
        self._events = events
        self._threads = threads

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "profiles.list", ListProfiles, self.list_all, summary="All profiles, oldest first")
        add(registry, "profiles.get", GetProfile, self.get, summary="One profile", result=Profile)
        add(registry, "profiles.create", CreateProfile, self.create, summary="Create a profile", result=Profile)
        add(
            registry,
            "profiles.update",
            UpdateProfile,
            self.update,
            summary="Change a profile; what is not given stays",
            result=Profile,
        )
        add(registry, "profiles.delete", DeleteProfile, self.delete, summary="Delete a profile that nothing uses")
        add(
            registry,
            "profiles.check",
            ProfileReference,
            self.check,
            summary="Ask every source of a profile for its value, and say which have one",
        )

    async def list_all(self, params: ListProfiles, caller: Caller) -> Json:
        """Every profile."""
        return {"profiles": [profile.shown(params.reveal) for profile in self._store.profiles.all()]}

    async def get(self, params: GetProfile, caller: Caller) -> Json:
        """One profile."""
        return find(self._store.profiles, params.profile).shown(params.reveal)

    async def create(self, params: CreateProfile, caller: Caller) -> Json:
        """Names of profiles are unique."""
        if (params.name is None) is (params.ready_made is None):
            raise invalid("name", "must be given, or else ready_made")
        if params.ready_made:
            wanted = SHORTCUTS[params.ready_made]
            if self._store.profiles.get(wanted):
                raise Refused(f"the profile {wanted} is there")
            profile = next(each for each in ready_made() if each.id == wanted)
        else:
            profile = Profile(
                name=params.name or "",
                description=params.description,
                env_vars=params.env_vars,
                max_usd_per_day=params.max_usd_per_day,
            )
        self._put(profile)
        return profile.shown()

    async def update(self, params: UpdateProfile, caller: Caller) -> Json:
        """First the variables as a whole, then those to take out, then those to set."""
        before = find(self._store.profiles, params.profile)
        profile = changed(before, params.changes)
        variables = {variable.name: variable for variable in profile.env_vars}
        for position, name in enumerate(params.remove):
            if name not in variables:
                has = ", ".join(variables) or "none"
                raise NotFound(
                    f"the profile {before.name!r} has no variable {name}; it has {has}", field=f"remove.{position}"
                )
            del variables[name]
        for variable in params.set:
            variables[variable.name] = variable
        profile = changed(profile, {"env_vars": [variable.to_dict() for variable in variables.values()]})
        if profile is not before:
            self._put(profile)
        return profile.shown()

    def _put(self, profile: Profile) -> None:
        for other in self._store.profiles.all():
            if other.name == profile.name and other.id != profile.id:
                raise invalid("name", f"another profile is called {profile.name!r} already ({other.id})")
        with self._store.transaction():
            self._store.profiles.put(profile)
        self._events.tell(Changed("profile", profile))

    async def delete(self, params: DeleteProfile, caller: Caller) -> Json:
        """One that is in use is deleted only by force, and then its users have none."""
        profile = find(self._store.profiles, params.profile)
        jobs = [job for job in self._store.jobs.all() if job.profile == profile.id]
        tasks = [task for task in self._store.tasks.all() if task.profile == profile.id]
        if (jobs or tasks) and not params.force:
            raise Refused(
                f"profile {profile.name!r} is used by {_named(jobs, tasks)}",
                hint=f"to delete it all the same, and leave them without a profile: "
                f"ccsched profiles delete {str(profile.id)[:8]} --force",
            )
        jobs = [changed(job, {"profile": None}) for job in jobs]
        tasks = [changed(task, {"profile": None}) for task in tasks]
        with self._store.transaction():
            for job in jobs:
                self._store.jobs.put(job)
            for task in tasks:
                self._store.tasks.put(task)
            self._store.profiles.delete(profile.id)
        events: list[Event] = [*(Changed("job", job) for job in jobs), *(Changed("task", task) for task in tasks)]
        self._events.tell(*events, Deleted("profile", profile.id))
        detached: list[Json] = [
            {"kind": kind, "id": str(user.id), "name": user.name} for kind, user in _users(jobs, tasks)
        ]
        return {"profile_id": str(profile.id), "detached": detached}

    async def check(self, params: ProfileReference, caller: Caller) -> Json:
        """The sources are asked as a run would ask them, from the daemon's own environment."""
        profile = find(self._store.profiles, params.profile)
        base = run_environment(inherited_environment())
        findings = await asyncio.get_running_loop().run_in_executor(self._threads, examine, profile, base)
        return {
            "profile_id": str(profile.id),
            "name": profile.name,
            "variables": [
                {
                    "name": finding.name,
                    "source": finding.source.value,
                    "ok": finding.problem is None,
                    "problem": finding.problem,
                }
                for finding in findings
            ],
        }


def _users(jobs: list[Job], tasks: list[Task]) -> list[tuple[str, Job | Task]]:
    return [*(("job", job) for job in jobs), *(("task", task) for task in tasks)]


def _named(jobs: list[Job], tasks: list[Task]) -> str:
    users = [f"{kind} {user.name!r} ({str(user.id)[:8]})" for kind, user in _users(jobs, tasks)]
    more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
    return ", ".join(users[:_NAMED]) + more
