"""Tasks that are due when files change: what is watched for them, and what of it their own runs have done."""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol
from uuid import UUID

import structlog

from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted, Event, Events, Over
from scheduler_daemon.model.enums import RunStatus, ScheduleType
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import ScheduleConfig, Task
from scheduler_daemon.store.store import Store
from scheduler_daemon.watch import Changes, Snapshot, Status, Watch, WatchRefused

log = structlog.get_logger()

DEBOUNCE = 2.0
MAX_WAIT = 30.0
SLACK = 0.1
"""Seconds by which a file's time may differ from ours: file systems read a coarser clock."""

Times = Sequence[tuple[float, float]]
"""From and until, in seconds since 1970."""


class Watcher(Protocol):
    """Who looks at the files; see ``watch/watcher.py``."""

    def add(self, watch: Watch, snapshot: Snapshot | None = None, *, running: bool = False) -> None:
        """Watch something; what has changed since the snapshot is told."""

    def remove(self, key: UUID) -> None:
        """Watch it no more."""

    def run_began(self, key: UUID) -> None:
        """What changes from now on is told when the run has ended."""

    def run_ended(self, key: UUID, by_run: Callable[[str], bool]) -> None:
        """What has changed meanwhile, and not by the run, is told."""

    def status(self, key: UUID) -> Status:
        """How well the watch sees what changes."""

    def snapshot(self, key: UUID) -> "Future[Snapshot]":
        """What the watch knows of."""

    def close(self) -> None:
        """Watch nothing any more."""


class Watching:
    """Keeps the watcher in step with the tasks and their runs; all of it in the thread that uses the store."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        events: Events,
        clock: Callable[[], datetime],
        call: Callable[[Callable[[], None]], object],
        watcher: Callable[[Callable[[UUID, Changes], object]], Watcher],
    ) -> None:
        """``call`` has something done in the thread of the store; ``watcher`` makes one that tells it of changes."""
        self._store = store
        self._engine = engine
        self._events = events
        self._clock = clock
        self._call = call
        self._watcher = watcher(self._changed)
        self._watches: dict[UUID, Watch] = {}
        self._sequences: dict[UUID, UUID] = {}
        """By task: the sequence that is under way."""
        self._tool_times: dict[UUID, list[tuple[float, float]]] = {}
        """By sequence."""

    def start(self) -> None:
        """Watch what the tasks on record ask for, and follow what becomes of them."""
        self._events.subscribe(self._heard)
        self._follow_all()

    def close(self) -> None:
        """Watch nothing any more."""
        self._watcher.close()

    def seen(self, task_id: UUID) -> Status | None:
        """How well is seen what changes in a task's files; None for one that watches none."""
        return self._watcher.status(task_id) if task_id in self._watches else None

    def status(self, task_id: UUID) -> str | None:
        """What is to be said of how a task's files are watched; None where there is nothing to say."""
        status = self.seen(task_id)
        if status is None:
            return None
        path = self._watches[task_id].path
        match status.kind:
            case "native":
                return f"it waits for a change of {path}"
            case "polling":
                return f"it waits for a change of {path}, which is looked at every few seconds: {status.reason}"
            case "waiting":
                return f"it waits for {path}: {status.reason}"
            case _:
                return f"it cannot watch {path}: {status.reason}"

    # Tasks

    def _heard(self, event: Event) -> None:
        if isinstance(event, Changed) and isinstance(event.object, Task):
            self._follow(event.object)
        elif isinstance(event, Changed) and isinstance(event.object, Run):
            if event.object.status is RunStatus.RUNNING:
                self._began(event.object)
        elif isinstance(event, Over):
            self._over(event)
        elif isinstance(event, Deleted) and event.kind in ("job", "task"):
            self._follow_all()

    def _follow_all(self) -> None:
        tasks = {task.id: task for task in self._store.tasks.of_schedule(ScheduleType.FILE_WATCH)}
        for task_id in self._watches.keys() - tasks.keys():
            self._forget(task_id)
        for task in tasks.values():
            self._follow(task)

    def _follow(self, task: Task) -> None:
        watched = task.enabled and task.schedule.type is ScheduleType.FILE_WATCH
        if not watched:
            if task.id in self._watches:
                self._forget(task.id)
                with self._store.transaction():
                    self._store.watches.delete(task.id)
            return
        try:
            watch = watch_of(task.id, task.schedule)
        except WatchRefused as error:
            # Refused when it was saved, so this is a home directory that has gone, say.
            log.error("not watched", task=task.name, task_id=str(task.id), problem=str(error))
            return
        if self._watches.get(task.id) == watch:
            return
        self._watches[task.id] = watch
        kept = self._store.watches.get(task.id)
        runs = self._store.runs.newest(100, task_id=task.id)
        live = next((run for run in runs if run.status is RunStatus.RUNNING), None)
        missed = [
            (run.start_time.timestamp(), run.end_time.timestamp())
            for run in runs
            if kept and run.start_time and run.end_time and run.end_time >= kept[1]
        ]
        self._watcher.add(watch, _snapshot(kept[0]) if kept else None, running=bool(live or missed))
        if live:
            self._sequences[task.id] = _sequence(live)
        elif missed:
            # These ended, and what they had changed was not looked at before the daemon was gone.
            self._watcher.run_ended(task.id, partial(changed_within, missed))
        self._keep(task.id)

    def _forget(self, task_id: UUID) -> None:
        del self._watches[task_id]
        self._sequences.pop(task_id, None)
        self._watcher.remove(task_id)

    # Changes

    def _changed(self, task_id: UUID, changes: Changes) -> None:
        """Something is to be told: what the watch then knows of goes on record together with the run."""
        more = f" and {changes.count - len(changes.paths)} more" if changes.count > len(changes.paths) else ""
        what = ", ".join(changes.paths[:5]) + (f" and {changes.count - 5} more" if changes.count > 5 else more)
        self._with_snapshot(task_id, partial(self._due, task_id, what))

    def _due(self, task_id: UUID, what: str, snapshot: str) -> None:
        task = self._store.tasks.get(task_id)
        if task is not None and task_id in self._watches:
            self._engine.changed(task, what, partial(self._put, task_id, snapshot))

    def _with_snapshot(self, task_id: UUID, then: Callable[[str], None]) -> None:
        def known(answer: "Future[Snapshot]") -> None:
            if answer.exception() is None:
                text = json.dumps(answer.result().to_dict(), separators=(",", ":"))
                self._call(partial(then, text))

        self._watcher.snapshot(task_id).add_done_callback(known)

    def _keep(self, task_id: UUID) -> None:
        self._with_snapshot(task_id, partial(self._put_alone, task_id))

    def _put_alone(self, task_id: UUID, snapshot: str) -> None:
        if task_id in self._watches and self._store.tasks.get(task_id):
            with self._store.transaction():
                self._put(task_id, snapshot)

    def _put(self, task_id: UUID, snapshot: str) -> None:
        self._store.watches.put(task_id, snapshot, self._clock())

    # Runs: what a sequence changes is no news to the tasks in it

    def _began(self, run: Run) -> None:
        for each in self._of_sequence(run):
            if each.task_id in self._watches and self._sequences.get(each.task_id) != _sequence(run):
                self._sequences[each.task_id] = _sequence(run)
                self._watcher.run_began(each.task_id)

    def _over(self, event: Over) -> None:
        run = event.run
        runs = self._of_sequence(run)
        times = self._tool_times.setdefault(_sequence(run), [])
        times += event.tool_times
        ended = next((each.end_time for each in runs if each.id == run.id), None)
        if ended:
            # What happened since is our own doing: the commit, and the hooks that it runs.
            times.append((ended.timestamp(), self._clock().timestamp()))
        if any(not each.status.ended for each in runs):
            return
        del self._tool_times[_sequence(run)]
        for each in runs:
            if self._sequences.get(each.task_id) == _sequence(run):
                del self._sequences[each.task_id]
                self._watcher.run_ended(each.task_id, partial(changed_within, times))
                self._keep(each.task_id)

    def _of_sequence(self, run: Run) -> list[Run]:
        return self._store.runs.sequence(run.sequence_id) if run.sequence_id else [run]


def watch_of(task_id: UUID, schedule: ScheduleConfig) -> Watch:
    """What a task's schedule asks to be watched.

    Raises:
        WatchRefused: when the path or a pattern cannot be used.
    """
    return Watch(
        key=task_id,
        path=schedule.watch_path or "",
        patterns=schedule.watch_patterns,
        recursive=schedule.watch_recursive is not False,
        debounce=DEBOUNCE if schedule.watch_debounce is None else schedule.watch_debounce,
        most_wait=MAX_WAIT if schedule.watch_max_wait is None else schedule.watch_max_wait,
    )


def changed_within(times: Times, path: str) -> bool:
    """Whether a file was last changed, or its folder when it was removed, within one of these times."""
    where = Path(path)
    for place in (where, *where.parents):
        try:
            status = os.lstat(place)
        except OSError:
            continue
        # What becomes of a name shows in its folder alone; what becomes of a file, in the time of its own change.
        changed = status.st_ctime if place == where else status.st_mtime
        return any(since - SLACK <= changed <= until + SLACK for since, until in times)
    return True


def _snapshot(text: str) -> Snapshot | None:
    try:
        return Snapshot.from_dict(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _sequence(run: Run) -> UUID:
    return run.sequence_id or run.id
