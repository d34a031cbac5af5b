"""Starts runs on this machine, each under a supervisor that outlives the daemon."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

import structlog

from scheduler_daemon.home import Home
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.run import process
from scheduler_daemon.run.conduct import Conduct
from scheduler_daemon.run.delegation import Delegation
from scheduler_daemon.run.exit_record import remove_folder
from scheduler_daemon.run.order import Observer, Order

log = structlog.get_logger()


class LocalLauncher:
    """The launcher of a daemon: one conduct, in one asyncio task, for each live run."""

    def __init__(self, home: Home) -> None:
        self._home = home
        try:
            process.keep_supervisor(home.program)
        except OSError as error:
            log.warning("supervisors run what is installed, also after an upgrade", problem=str(error))
        self._delegation = Delegation.found()
        # A thread for each live run at the most, and made when it is needed. They are not the loop's own threads: a
        # run that waits for a slow command or a locked repository must keep nothing else waiting.
        self._threads = ThreadPoolExecutor(max_workers=1000, thread_name_prefix="run")
        self._conducts: dict[UUID, tuple[Conduct, asyncio.Task[None]]] = {}
        self._attempts: dict[UUID, int] = {}
        """How often a run's supervisor has ended without starting the agent."""

    def launch(self, order: Order, observer: Observer) -> None:
        """Begin a run; see ``Launcher``."""
        conduct = self._conduct(order, observer)
        self._begin(conduct, conduct.start)

    def adopt(self, order: Order, execution: Execution, observer: Observer) -> None:
        """Take over a live run; see ``Launcher``."""
        conduct = self._conduct(order, observer)
        conduct.execution = execution
        self._begin(conduct, conduct.attend)

    def stop(self, run_id: UUID) -> None:
        """End a live run; see ``Launcher``."""
        if run_id in self._conducts:
            self._conducts[run_id][0].stop()

    def live(self) -> Collection[UUID]:
        """The runs that have not ended; see ``Launcher``."""
        return self._conducts.keys()

    async def ended(self) -> None:
        """Return when no run lives any more."""
        while tasks := [task for _, task in self._conducts.values()]:
            await asyncio.wait(tasks)

    async def detach(self) -> None:
        """Let go of all runs, and leave them alive."""
        tasks = [task for _, task in self._conducts.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def sweep(self, unfinished: Collection[UUID]) -> None:
        """Remove the folders and cgroups of all other runs: a daemon ended before it could."""
        kept = {str(run_id) for run_id in unfinished}
        with suppress(FileNotFoundError):
            for folder in self._home.run_folder("").iterdir():
                if folder.name not in kept:
                    remove_folder(folder)
        self._delegation.sweep(unfinished)

    def _conduct(self, order: Order, observer: Observer) -> Conduct:
        cgroup = self._delegation.path(order.run.id)
        return Conduct(order, observer, self._home, self._threads, self._attempts, cgroup)

    def _begin(self, conduct: Conduct, way: Callable[[], Coroutine[None, None, None]]) -> None:
        order = conduct.order
        run_id = order.run.id

        async def bound() -> None:
            structlog.contextvars.bind_contextvars(job=order.job.name, task=order.task.name, run=str(run_id))
            await way()

        def done(task: asyncio.Task[None]) -> None:
            # By now the run may be under way again, in a task of its own.
            if self._conducts.get(run_id) == (conduct, task):
                del self._conducts[run_id]
            if not task.cancelled() and (error := task.exception()):
                log.error("a run cannot be conducted any further", run=str(run_id), exc_info=error)

        task = asyncio.get_running_loop().create_task(bound())
        self._conducts[run_id] = (conduct, task)
        task.add_done_callback(done)
