"""``daemon.examine``: is everything there that runs need, as the daemon sees it?"""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from uuid import UUID

from pydantic import Field

from scheduler_daemon.control import Json
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.engine.watching import Watching
from scheduler_daemon.examination.coming import Coming, Night, night
from scheduler_daemon.examination.examination import concerning, documents, examine, programs
from scheduler_daemon.examination.finding import Examined
from scheduler_daemon.examination.programs import found_on
from scheduler_daemon.examination.standing import spent
from scheduler_daemon.examination.subject import Subject, subject
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.record import instant_text, now
from scheduler_daemon.store.store import Store


class Examine(Params):
    """How many hours are the night, and whether to rehearse it."""

    hours: Annotated[int, Field(ge=1, le=744)] = 24
    """What is due within them is looked at more strictly."""
    rehearse: bool = False
    """Whether each task that is due within them is looked at, too."""


class ExaminationMethods:
    """The method about what runs need."""

    def __init__(
        self,
        store: Store,
        home: Home,
        watching: Watching,
        threads: ThreadPoolExecutor,
        attended: Callable[[], Iterable[UUID]],
    ) -> None:
        """``threads`` are for waiting, and ``attended`` tells which runs this daemon sees through."""
        self._store = store
        self._home = home
        self._watching = watching
        self._threads = threads
        self._attended = attended

    def register(self, registry: Registry) -> None:
        """Add it."""
        add(
            registry,
            "daemon.examine",
            Examine,
            self.examine,
            summary="Look at everything that runs need, and whether tonight's would run; may take a minute",
        )

    async def examine(self, params: Examine, caller: Caller) -> Json:
        """Nothing is run, and nothing changed."""
        record = subject(self._store, self._home, self._watching, self._attended(), now())
        spending = spent(self._store, record)
        to_come = await night(self._store, record, params.hours)

        def look() -> Json:
            found = examine(record, spending, to_come, rehearse=params.rehearse)
            return {
                "checks": [*documents(found.examined)],
                "path": os.environ.get("PATH", ""),
                "programs": {**found_on(None, programs(record))},
                "tonight": _night(record, to_come, params.hours, found.rehearsed) if params.rehearse else None,
            }

        return await asyncio.get_running_loop().run_in_executor(self._threads, look)


def _night(record: Subject, to_come: Night, hours: int, rehearsed: Sequence[Sequence[Examined]]) -> Json:
    watching = [task for task in record.enabled() if task.schedule.type is ScheduleType.FILE_WATCH]
    return {
        "hours": hours,
        "until": instant_text(to_come.until),
        "tasks": [_coming(coming, found) for coming, found in zip(to_come.coming, rehearsed, strict=True)],
        "asleep": [
            {
                "task_id": str(each.task.id),
                "task_name": each.task.name,
                "job_name": record.jobs[each.task.job_id].name,
                "why": each.why,
                "fix": each.fix,
            }
            for each in to_come.asleep
        ],
        "watching": len(watching),
        "next_due": instant_text(to_come.next_due) if to_come.next_due else None,
    }


def _coming(coming: Coming, found: Sequence[Examined]) -> Json:
    problems = concerning(found)
    worst = {problem["status"] for problem in problems}
    return {
        "task_id": str(coming.task.id),
        "task_name": coming.task.name,
        "job_id": str(coming.job.id),
        "job_name": coming.job.name,
        "due": instant_text(coming.due),
        "starts_at": instant_text(coming.starts),
        "follows": coming.follows.name if coming.follows else None,
        "run_id": str(coming.run.id) if coming.run else None,
        "status": "failed" if "failed" in worst else "warning" if worst else "ok",
        "problems": [dict(problem) for problem in problems],
    }
