"""A directory that holds only the JSON files, made into a record: a restore, or an older installation."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from scheduler_daemon.home import Home
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.store import files
from scheduler_daemon.store.differences import Difference, read_whole, validated
from scheduler_daemon.store.documents import Document, Unacceptable
from scheduler_daemon.store.hand_edits import Change, Edit, settle
from scheduler_daemon.store.rendering import FILES
from scheduler_daemon.store.store import Store
from scheduler_daemon.store.three_way import in_short, kept
from scheduler_daemon.store.written import Written

N = TypeVar("N", Job, Task, Profile)


class FaceUnreadable(Exception):
    """The files of a directory without a record cannot be taken in; nothing was changed."""


@dataclass
class Restored:
    """What was found and taken in."""

    taken: list[str]
    changes: list[Change]


def restore(home: Home, store: Store, ready_made: Sequence[Profile] = ()) -> Restored:
    """Take in whatever files there are, in one transaction; everything in them is kept as it is.

    ``ready_made`` profiles come with them, unless the files have one of the same id or name.

    A directory that is not there today does not stop it: a run that needs it says so, and the rest is not lost.

    Raises:
        FaceUnreadable: when a file is no such file; none is taken then.
        StoreUnavailable: when the record cannot be written; none is taken then.
    """
    try:
        return _restore(home, store, ready_made)
    except Unacceptable as error:
        raise FaceUnreadable(
            f"{error}. {home.path} has no record yet and its JSON files were to be taken in; nothing was "
            f"changed. Correct the file or move it out of {home.path}, then start again. Files of the earlier "
            "desktop application go to a directory of their own: ccsched migrate takes them over from there"
        ) from error


def _restore(home: Home, store: Store, ready_made: Sequence[Profile]) -> Restored:
    documents: dict[str, Document] = {}
    digests: dict[str, str] = {}
    for name in FILES:
        # Missing files are as good as empty ones.
        with contextlib.suppress(FileNotFoundError):
            content = _read(home, name)
            documents[name], digests[name] = Document.parse(name, content), files.digest_of([content])
    edit = Edit(
        jobs=_objects(documents, "jobs.json", Job),
        tasks=_objects(documents, "tasks.json", Task),
        profiles=_objects(documents, "profiles.json", Profile),
    )
    settle(edit, {}, {}, {})
    runs = _runs(documents.get("runs.json"), edit)
    settings = _settings(documents.get("settings.json"))
    bases = edit.bases()
    if settings is not None:
        bases["settings.json"] = {"": in_short(settings.to_dict())}
    with store.transaction():
        edit.apply(store)
        names = {profile.name for profile in edit.profiles.created.values()}
        for profile in ready_made:
            if profile.id not in edit.profiles.created and profile.name not in names:
                store.profiles.put(profile)
        for run in runs:
            store.runs.put(run)
        if settings is not None:
            store.put_settings(settings)
        for name, digest in digests.items():
            store.written.put(name, Written.settled(digest, kept(bases.get(name, {}))))
    changes = edit.changes() + [Change("run", "created", run.id) for run in runs]
    if settings is not None:
        changes.append(Change("settings", "changed", None))
    return Restored(list(documents), changes)


def _read(home: Home, name: str) -> bytes:
    try:
        return files.read(home.path / name)[0]
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unacceptable(name, f"this cannot be read: {error}") from error


def _objects(documents: dict[str, Document], name: str, kind: type[N]) -> Difference[N]:
    return read_whole(documents[name], kind) if name in documents else Difference()


def _settings(document: Document | None) -> Settings | None:
    if document is None:
        return None
    if not isinstance(document.value, dict):
        raise document.refuse((), "an object, { ... }, is wanted here")
    return validated(Settings, document.value, document, ())


def _runs(document: Document | None, edit: Edit) -> list[Run]:
    """The runs, oldest first: the file has the newest first."""
    if document is None:
        return []
    tasks, jobs = edit.tasks.created, edit.jobs.created
    for row in document.value if isinstance(document.value, list) else []:
        if isinstance(row, dict):
            # An older installation wrote the documented fields alone. A run is never newer than its turn.
            if "scheduled_time" in row:
                row.setdefault("created_at", row["scheduled_time"])
            with contextlib.suppress(KeyError, ValueError):
                job = jobs[tasks[UUID(str(row["task_id"]))].job_id]
                row.setdefault("job_id", str(job.id))
                row.setdefault("job_name", job.name)
    runs = read_whole(document, Run)
    for run in runs.created.values():
        if run.task_id not in tasks:
            raise runs.refuse(run.id, ("task_id",), f"there is no task {run.task_id} in tasks.json")
    oldest_first = [*runs.created.values()][::-1]
    oldest_first.sort(key=lambda run: run.created_at)
    return oldest_first
