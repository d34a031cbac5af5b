"""A run has ended, and not well: is another to go on from there, and when?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from scheduler_daemon.engine.accounts import SLACK, held_until
from scheduler_daemon.model.enums import Outcome, RunStatus, Trigger
from scheduler_daemon.model.limits import AccountLimits
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import RetryConfig, Task
from scheduler_daemon.run.order import Ending


@dataclass(frozen=True)
class Decision:
    """What follows."""

    run: Run | None
    """The run that continues the one that ended, if one does."""
    said: str
    """That it does, or why not, for the person who reads of the end."""


def continuation(
    run: Run, task: Task, ending: Ending, settings: Settings, limits: AccountLimits, now: datetime
) -> Decision | None:
    """What follows the end of a run; None where nothing is to be said of that.

    ``limits`` is what is known of its account, this end included.
    """
    if ending.status is not RunStatus.FAILED:
        return None
    if ending.session_lost and run.resumes and run.trigger is Trigger.LIMIT_RESET:
        anew = _next(run, Trigger.RETRY, now, {"resumes": None, "attempt": run.attempt})
        return Decision(anew, f"Its session is gone, so the task begins anew, as run {anew.id}.")
    if ending.outcome is Outcome.USAGE_LIMIT:
        return _after_limit(run, task, ending, settings, limits, now)
    if not ending.retriable or task.retry.max_retries == 0:
        return None
    if run.attempt > task.retry.max_retries:
        return Decision(None, f"It was tried {run.attempt} times, and is not tried again.")
    begin = now + retry_wait(task.retry, run.attempt)
    again = _next(run, Trigger.RETRY, begin, {"attempt": run.attempt + 1, "resumes": None})
    return Decision(again, f"It is tried again at {_told(begin)}, as run {again.id}.")


def retry_wait(retry: RetryConfig, attempt: int) -> timedelta:
    """How long to wait after a try has failed, before the next one."""
    doubled = timedelta(seconds=retry.retry_delay * 2 ** min(attempt - 1, 30))
    return min(doubled, longest_wait(retry))


def longest_wait(retry: RetryConfig) -> timedelta:
    """How long to wait before any try, at the most: a longer wait is one of a clock that was wrong."""
    return timedelta(seconds=max(retry.max_retry_delay, retry.retry_delay))


def patience(task: Task, settings: Settings) -> timedelta:
    """How long a task waits for usage limits, all in all."""
    seconds = settings.max_limit_wait if task.max_limit_wait is None else task.max_limit_wait
    return timedelta(seconds=seconds)


def _after_limit(
    run: Run, task: Task, ending: Ending, settings: Settings, limits: AccountLimits, now: datetime
) -> Decision:
    again = f"Run it again then: ccsched tasks run {task.id}"
    if not task.wait_for_limit:
        return Decision(None, f"The task does not wait for the reset. {again}")
    begin = held_until(limits, task.model, now) or now + SLACK
    waited = run.limit_waited + (begin - now).total_seconds()
    if waited > patience(task, settings).total_seconds():
        return Decision(
            None,
            f"That is not waited for: it would be at {_told(begin)}, and the task waits no longer than "
            f"{patience(task, settings)} for limits (max_limit_wait). {again}",
        )
    resumes = run.id if ending.session_id or run.session_id else None
    goes_on = _next(run, Trigger.LIMIT_RESET, begin, {"resumes": resumes, "limit_waited": waited})
    how = "It goes on in the same session" if resumes else "It begins anew"
    return Decision(goes_on, f"{how} at {_told(begin)}, as run {goes_on.id}.")


def _next(run: Run, trigger: Trigger, begin: datetime, fields: dict[str, object]) -> Run:
    """A run in the place of another, with its turn."""
    same = {"attempt": run.attempt, "limit_waited": run.limit_waited, "sequence_position": run.sequence_position}
    return Run.model_validate(
        {
            "id": uuid4(),
            "task_id": run.task_id,
            "task_name": run.task_name,
            "job_id": run.job_id,
            "job_name": run.job_name,
            "scheduled_time": begin,
            "first_run": run.first_run or run.id,
            "first_trigger": run.first_trigger or run.trigger,
            "first_scheduled": run.first_scheduled or run.scheduled_time,
            "trigger": trigger,
            "sequence_id": run.sequence_id,
            "continues": run.id,
            **same,
            **fields,
        }
    )


def _told(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
