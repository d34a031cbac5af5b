"""After a restore: nothing is started of which nobody can say whether it was done since the backup was made."""

from collections.abc import Callable
from datetime import datetime

import structlog

from scheduler_daemon.engine.ledger import Ledger
from scheduler_daemon.engine.planner import Planner
from scheduler_daemon.engine.settlement import interrupted, not_started
from scheduler_daemon.model.enums import RunStatus, SkipReason
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.local import local_text
from scheduler_daemon.store.replacement import RESTORED
from scheduler_daemon.store.skipped import Skipped
from scheduler_daemon.store.store import Store

log = structlog.get_logger()


def let_go(store: Store, ledger: Ledger, planner: Planner, clock: Callable[[], datetime]) -> None:
    """End what was under way in a backup that has become the record, and pass over what was due since.

    Nothing of it lives: nothing may have lived when it was restored. A record that was not restored stays as it is.
    """
    made_at = store.notes.get(RESTORED)
    if made_at is None:
        return
    why = f"the record was restored from a backup of {local_text(datetime.fromisoformat(made_at))}"
    ended = []
    with store.transaction():
        for plan in store.schedules.due(clock()):
            task = store.tasks.get(plan.task_id)
            try:
                due = planner.meet(plan, task) if task else None
            except ScheduleError:
                continue  # it is due for ever, and never met
            if due:
                passed = due.older if due.met else [*due.older, (due.newest, due.newest)]
                detail = f"{why}, and nobody knows whether it was met"
                for first, last in passed:
                    store.skipped.add(Skipped(plan.task_id, first, last, SkipReason.MISSED, detail, clock()))
        for unfinished in store.runs.unfinished():
            run = store.runs.get(unfinished.id)
            if run is None or run.status.ended:
                continue  # with the one before it in its sequence
            if run.status is RunStatus.RUNNING:
                ending = interrupted(f"{why}, in which it was running; its end is not known")
            else:
                ending = not_started(f"{why}, in which it was to come", RunStatus.CANCELLED)
            ended += ledger.settle(run, ending)
        store.notes.delete(RESTORED)
    for run in ended:
        ledger.tell(run.job_id, run)
    log.info("what was under way in the backup is let go", made_at=made_at, runs=len(ended))
