"""``worktrees.*``: what is left in the repositories that jobs worked in, and what becomes of a job's own."""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from scheduler_daemon.control import Json
from scheduler_daemon.control.errors import Refused
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.home import Home
from scheduler_daemon.model.job import Job
from scheduler_daemon.store.store import Store
from scheduler_daemon.workspace import WorkspaceRefused, lock
from scheduler_daemon.workspace.inventory import removal_of, repositories, worktrees
from scheduler_daemon.workspace.place import exclusion_key, worktree_name
from scheduler_daemon.workspace.removal import WouldBeLost, remove, standing

_RUNS = 1000
"""How many of the newest runs are asked where they worked."""


class ListWorktrees(Params):
    """Which of the worktrees."""

    unused: bool = False
    """Only those that no job works in."""


class WorktreeMethods:
    """The methods about worktrees."""

    def __init__(self, store: Store, home: Home, threads: ThreadPoolExecutor) -> None:
        """``threads`` are for questions to git and looks at many files, which take their time."""
        self._store = store
        self._home = home
        self._threads = threads

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(
            registry,
            "worktrees.list",
            ListWorktrees,
            self.list_all,
            summary="The worktrees in the repositories that were worked in, with their sizes; may take minutes",
        )

    async def list_all(self, params: ListWorktrees, caller: Caller) -> Json:
        """By their paths."""
        jobs = self._store.jobs.all()
        places = {job.working_directory.path for job in jobs}
        places |= {run.working_directory for run in self._store.runs.newest(_RUNS) if run.working_directory}
        users: dict[str, list[Job]] = {}
        for job in jobs:
            users.setdefault(exclusion_key(job.working_directory, job.name), []).append(job)
        listed = await asyncio.get_running_loop().run_in_executor(
            self._threads, _listed, places, users, params.unused, self._home
        )
        return {"worktrees": listed}


def kept(job: Job) -> Json:
    """The worktree of a job that stays when the job goes, and how to remove it; None if there is none."""
    folder = standing(job.working_directory, job.name)
    if folder is None:
        return None
    branch = worktree_name(job.working_directory, job.name)
    return {"path": str(folder), "branch": branch, "removed": False, "commands": [*removal_of(folder)]}


def removed(job: Job, force: bool, home: Home) -> Json:
    """The worktree of a job, after its removal; None if there was none.

    Raises:
        Refused: it cannot be removed, or not without a loss; nothing was removed.
    """
    try:
        gone = remove(job.working_directory, job.name, home.workspace_locks, force=force)
    except WouldBeLost as error:
        hint = f"or lose it: ccsched jobs delete {job.id} --worktree --force"
        raise Refused(str(error), kind="would_be_lost", hint=hint) from error
    except WorkspaceRefused as error:
        raise Refused(str(error)) from error
    if gone.folder is None and gone.branch is None:
        return None
    return {"path": str(gone.folder) if gone.folder else None, "branch": gone.branch, "removed": True, "commands": []}


def _listed(places: Iterable[str], users: Mapping[str, list[Job]], unused: bool, home: Home) -> Json:
    found: list[Json] = []
    for repository in repositories([*places, *lock.known(home.workspace_locks)]):
        for each in worktrees(repository, passed_over=users if unused else ()):
            jobs: list[Json] = [{"id": str(job.id), "name": job.name} for job in users.get(each.path, ())]
            found.append(
                {
                    **asdict(each),
                    "clean": each.clean,
                    "merged": each.merged,
                    "jobs": jobs,
                    "commands": [*each.commands],
                }
            )
    return found
