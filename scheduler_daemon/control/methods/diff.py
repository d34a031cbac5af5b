"""``runs.diff``: between which two trees of which repository the changes of a run lie."""

import asyncio
import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import cast

from scheduler_daemon.control import Json
from scheduler_daemon.control.errors import Refused
from scheduler_daemon.control.methods.runs import RunReference
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.references import find
from scheduler_daemon.control.registry import Caller, Registry
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.store.store import Store
from scheduler_daemon.workspace import WorkspaceRefused, layout
from scheduler_daemon.workspace.difference import Difference, of_commit, of_work_tree
from scheduler_daemon.workspace.git import GitError
from scheduler_daemon.workspace.place import expanded
from scheduler_daemon.workspace.snapshot import Snapshot, SnapshotData


class DiffMethods:
    """The method about a run's changes."""

    def __init__(self, store: Store, home: Home, threads: ThreadPoolExecutor) -> None:
        """``threads`` are for questions to git, which may never be answered."""
        self._store = store
        self._home = home
        self._threads = threads

    def register(self, registry: Registry) -> None:
        """Add it."""
        add(
            registry,
            "runs.diff",
            RunReference,
            self.diff,
            summary="Which two trees of which repository git is to compare to show what a run changed",
        )

    async def diff(self, params: RunReference, caller: Caller) -> Json:
        """The client has git show it, in the person's own way and at any length."""
        run = find(self._store.runs, params.run)
        job, execution = self._store.jobs.get(run.job_id), self._store.runs.execution(run.id)
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, _answer, run, job, execution, self._home.workspace_locks
        )


def _answer(run: Run, job: Job | None, execution: Execution | None, lock_folder: Path) -> Json:
    try:
        if run.commit is not None:
            found = of_commit(_directories(run, job), run.base_commit, run.commit)
            return _compared(run, found, run.uncommitted)
        if run.status.ended:
            return _not_committed(run)
        return _under_way(run, execution, lock_folder)
    except (WorkspaceRefused, GitError, OSError) as error:
        raise Refused(f"the changes of run {run.id} cannot be shown: {error}") from error


def _under_way(run: Run, execution: Execution | None, lock_folder: Path) -> Json:
    if run.status is RunStatus.UPCOMING or execution is None:
        return _told(run, changed=False, note="it has not started yet")
    if execution.snapshot is None:
        return _told(run, changed=None, note=f"it works in {execution.directory}, which is in no git work tree")
    before = Snapshot.from_dict(cast(SnapshotData, execution.snapshot))
    found = of_work_tree(Path(execution.directory), before, lock_folder)
    if found.before == found.after and not found.left:
        return _told(run, changed=False, note="it has changed nothing so far")
    return _compared(run, found, found.left)


def _not_committed(run: Run) -> Json:
    """Of what was not committed nobody can tell later what it was: others have worked on the same files since."""
    if run.outcome is Outcome.NOT_STARTED:
        return _told(run, changed=False, note="it was not started")
    if run.uncommitted:
        note = "it committed nothing; what it changed was left in the work tree"
        return _told(run, changed=True, note=note, commands=_commands(run))
    if run.outcome is Outcome.NO_CHANGE:
        return _told(run, changed=False, note="it changed nothing")
    note = f"it committed nothing; what it may have changed is in {run.working_directory}"
    return _told(run, changed=None, note=note, commands=_commands(run))


def _commands(run: Run) -> list[Json]:
    """What a person types to see what has become of it, others' changes since among it."""
    if run.working_directory is None or layout.find(Path(run.working_directory)) is None:
        return []
    git = f"git -C {shlex.quote(run.working_directory)}"
    return [f"{git} status", f"{git} diff HEAD" + (f" -- {shlex.join(run.uncommitted)}" if run.uncommitted else "")]


def _told(run: Run, *, changed: bool | None, note: str, commands: Sequence[Json] = ()) -> Json:
    return {
        "run_id": str(run.id),
        "changed": changed,
        "repository": None,
        "before": None,
        "after": None,
        "uncommitted": [*run.uncommitted],
        "note": note,
        "commands": [*commands],
    }


def _compared(run: Run, found: Difference, uncommitted: Sequence[str]) -> Json:
    return {
        "run_id": str(run.id),
        "changed": True,
        "repository": found.repository,
        "before": found.before,
        "after": found.after,
        "uncommitted": [*uncommitted],
        "note": None,
        "commands": [],
    }


def _directories(run: Run, job: Job | None) -> list[str]:
    """Where the repository may be: where the run worked, and where its job works by now, if that was moved."""
    found = [run.working_directory] if run.working_directory else []
    if job is not None:
        with suppress(WorkspaceRefused):
            found.append(str(expanded(job.working_directory)))
    return found
