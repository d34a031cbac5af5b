"""``runs.*``: what was run, what runs, and how it ended."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated

from pydantic import Field

from scheduler_daemon.control import Json
from scheduler_daemon.control.methods.logs import remove_logs
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.methods.waiting import until_ended
from scheduler_daemon.control.references import find
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted, Event, Events, Progressed
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import RunStatus
from scheduler_daemon.model.run import Run
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.store import Store


class RunReference(Params):
    """A run by id or unique prefix of an id."""

    run: Annotated[str, Field(min_length=1)]


class RestartRun(RunReference):
    """A run, and how it is to be done over."""

    only: bool = False
    """Whether what follows in its sequence is left as it is."""
    resume: bool = False
    """Whether it goes on in the run's session, and not in a new one."""


class ListRuns(Params):
    """The newest runs, of one job, one task or one status if given."""

    limit: Annotated[int, Field(ge=1, le=10_000)] = 20
    job: str | None = None
    task: str | None = None
    status: RunStatus | None = None


class RunMethods:
    """The methods about runs."""

    def __init__(self, store: Store, engine: Engine, events: Events, home: Home) -> None:
        self._home = home
        self._store = store
        self._engine = engine
        self._events = events

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "runs.list", ListRuns, self.list_all, summary="The newest runs, newest first")
        add(registry, "runs.get", RunReference, self.get, summary="One run", result=Run)
        add(registry, "runs.stop", RunReference, self.stop, summary="End a run with all its processes", result=Run)
        add(
            registry,
            "runs.restart",
            RestartRun,
            self.restart,
            summary="Do a run over, and what followed it in its sequence",
        )
        add(registry, "runs.delete", RunReference, self.delete, summary="Delete a run's record and its log")
        add(
            registry,
            "runs.follow",
            RunReference,
            self.follow,
            summary="One run, and until it ends the notifications runs.output and runs.changed",
            result=Run,
        )

    async def list_all(self, params: ListRuns, caller: Caller) -> Json:
        """Newest first."""
        runs = self._store.runs.newest(
            params.limit,
            task_id=find(self._store.tasks, params.task).id if params.task else None,
            job_id=find(self._store.jobs, params.job).id if params.job else None,
            status=params.status,
        )
        self._seen(runs)
        return {"runs": [self._engine.with_progress(run).to_dict() for run in runs]}

    async def get(self, params: RunReference, caller: Caller) -> Json:
        """A live run with what its stream has shown so far."""
        run = find(self._store.runs, params.run)
        self._seen([run])
        return self._engine.with_progress(run).to_dict()

    def _seen(self, runs: Sequence[Run]) -> None:
        """A failure that a person has seen may be forgotten some day."""
        failed = [run.id for run in runs if run.status is RunStatus.FAILED]
        # What is asked for can be shown all the same where this cannot be put on record.
        with suppress(StoreUnavailable):
            unseen = self._store.runs.unseen(failed) if failed else []
            if unseen:
                with self._store.transaction():
                    self._store.runs.see(unseen)

    async def stop(self, params: RunReference, caller: Caller) -> Json:
        """Answers when it has ended."""
        run = find(self._store.runs, params.run)
        self._engine.requests.stop_run(run)
        await until_ended(self._store, self._events, [run.id])
        return find(self._store.runs, str(run.id)).to_dict()

    async def restart(self, params: RestartRun, caller: Caller) -> Json:
        """Ask for the sequence from this run on; it starts as soon as it may."""
        runs = self._engine.requests.restart(
            find(self._store.runs, params.run), only=params.only, resume=params.resume
        )
        return {"sequence_id": str(runs[0].sequence_id), "runs": [run.to_dict() for run in runs]}

    async def delete(self, params: RunReference, caller: Caller) -> Json:
        """Stops it first if it has not ended, and answers when it is gone."""
        run = find(self._store.runs, params.run)
        if not run.status.ended:
            self._engine.requests.stop_run(run)
            await until_ended(self._store, self._events, [run.id])
        with self._store.transaction():
            self._store.runs.delete(run.id)
        await asyncio.to_thread(remove_logs, [self._home.log(run.id)])
        self._events.tell(Deleted("run", run.id))
        return {"run_id": str(run.id)}

    async def follow(self, params: RunReference, caller: Caller) -> Json:
        """The client reads the log itself: it is a file of its own user."""
        run = find(self._store.runs, params.run)
        self._seen([run])
        if run.status.ended:
            return run.to_dict()
        ends: list[Callable[[], None]] = []

        def end() -> None:
            for each in ends:
                each()

        def heard(event: Event) -> None:
            if isinstance(event, Progressed) and event.run_id == run.id:
                caller.notify("runs.output", {"run_id": str(run.id), "size": event.progress.log_bytes})
            elif isinstance(event, Changed) and isinstance(event.object, Run) and event.object.id == run.id:
                caller.notify("runs.changed", {"run": event.object.to_dict()})
                if event.object.status.ended:
                    self._seen([event.object])
                    end()

        ends.append(self._events.subscribe(heard))
        ends.append(caller.on_close(end))
        return self._engine.with_progress(run).to_dict()
