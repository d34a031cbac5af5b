"""``daemon.backup`` and ``daemon.restore``: a copy of everything, and everything as it was in such a copy."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator

from scheduler_daemon.control import Json
from scheduler_daemon.control.errors import Refused
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.methods.waiting import until_ended
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Events
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import RunStatus
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.model.run import Run
from scheduler_daemon.store import backup
from scheduler_daemon.store.archive import NoBackup
from scheduler_daemon.store.connection import StoreDamaged
from scheduler_daemon.store.restoration import Restoration, make_ready
from scheduler_daemon.store.store import Store

T = TypeVar("T")


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path: the daemon works in another directory")
    return path


class BackUp(Params):
    """Where a backup is to be, and what is to be in it."""

    file: Annotated[Path, AfterValidator(_absolute)]
    logs: bool = False
    """Whether the runs' logs are in it."""
    force: bool = False
    """Whether it may take the place of another file."""


class Restore(Params):
    """A backup that is to take the place of the record."""

    file: Annotated[Path, AfterValidator(_absolute)]
    dry_run: bool = False
    """Whether to tell only what is in it and what would be replaced."""
    stop_runs: bool = False
    """Whether live runs are stopped for it."""
    catch_up: bool = False
    """Whether what was under way in it, and what became due since, is started as after a power cut."""


class BackupMethods:
    """The methods about backups."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        events: Events,
        home: Home,
        threads: ThreadPoolExecutor,
        start_again: Callable[[], None],
    ) -> None:
        """``start_again`` ends the daemon, and has one follow that puts a restored record in place."""
        self._store = store
        self._engine = engine
        self._events = events
        self._home = home
        self._threads = threads
        self._start_again = start_again
        self._one_at_a_time = asyncio.Lock()

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "daemon.backup", BackUp, self.back_up, summary="Write a copy of everything to a file")
        add(registry, "daemon.restore", Restore, self.restore, summary="Put a backup in the place of the record")

    async def back_up(self, params: BackUp, caller: Caller) -> Json:
        """The record as it is at one moment; nobody waits for it but the caller."""
        work = partial(backup.back_up, self._home, params.file, logs=params.logs, force=params.force)
        async with self._one_at_a_time:
            try:
                made = await self._in_thread(work)
            except backup.AlreadyThere as error:
                raise Refused(f"{error}; add --force to overwrite it") from error
            except StoreDamaged as error:
                raise Refused(str(error), hint="restore a backup that is sound: ccsched restore FILE") from error
            except backup.Refused as error:
                raise Refused(str(error)) from error
        return {
            "file": str(params.file),
            "size": made.size,
            **{name: value for name, value in made.manifest.model_dump(mode="json").items() if name != "format"},
            **made.counts,
            "static_secrets": made.static_secrets,
        }

    async def restore(self, params: Restore, caller: Caller) -> Json:
        """Answers when the backup is ready to be put in place; that is done by the next daemon, in some moments."""
        async with self._one_at_a_time:
            try:
                ready = await self._in_thread(partial(make_ready, self._home, params.file, catch_up=params.catch_up))
            except NoBackup as error:
                raise Refused(str(error), hint="nothing was changed") from error
            try:
                answer = self._answer(params, ready)
                if not params.dry_run:
                    await self._end_runs(params)
                    # From here to the daemon's end nothing starts, and nothing waits.
                    self._engine.requests.close()
                    ready.replacement.announce()
                    self._start_again()
            finally:
                ready.replacement.discard()
            return answer

    async def _end_runs(self, params: Restore) -> None:
        while live := self._live():
            if not params.stop_runs:
                named = ", ".join(f"{run.task_name} of job {run.job_name} ({str(run.id)[:8]})" for run in live)
                raise Refused(
                    f"runs are under way, which the backup knows nothing of: {named}",
                    hint="wait for them, or have them stopped with --stop-runs",
                )
            for run in live:
                self._engine.requests.stop_run(run)
            await until_ended(self._store, self._events, [run.id for run in live])

    def _live(self) -> list[Run]:
        return [run for run in self._store.runs.unfinished() if run.status is RunStatus.RUNNING]

    def _answer(self, params: Restore, ready: Restoration) -> dict[str, Json]:
        contents = ready.contents
        manifest = contents.manifest
        tables = (self._store.jobs, self._store.tasks, self._store.profiles, self._store.runs)
        return {
            "dry_run": params.dry_run,
            "file": str(params.file),
            "created_at": instant_text(contents.made_at),
            "ccsched": manifest.ccsched if manifest else None,
            "home": manifest.home if manifest else None,
            "record": contents.version,
            **contents.counts,
            "unfinished": contents.unfinished,
            "present": {table.name: table.count() for table in tables},
            "live": [str(run.id) for run in self._live()],
            "kept": str(ready.replacement.kept),
        }

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
