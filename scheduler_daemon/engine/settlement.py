"""What the end of one run means for it, and for the runs that were to follow it."""

from collections.abc import Sequence
from datetime import datetime

from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.run import Run
from scheduler_daemon.run.order import Ending


def settle(run: Run, ending: Ending, sequence: Sequence[Run], instant: datetime, breaks: bool = True) -> list[Run]:
    """The runs that end now, as they are to be recorded: ``run``, and those its end takes with it.

    A run that is no success takes the rest of its sequence with it, unless it does not break it (``breaks``).
    """
    ended = _ended(run, ending, instant)
    if not breaks or ending.status is RunStatus.SUCCESS:
        return [ended]
    reason = f"not started: {run.task_name!r} before it in the sequence ended {ending.status.value} ({run.id})"
    left_out = [
        later.model_copy(
            update={
                "status": RunStatus.CANCELLED,
                "outcome": Outcome.NOT_STARTED,
                "errors": [reason],
                "end_time": instant,
            }
        )
        for later in sequence
        if later.sequence_position > run.sequence_position and later.status is RunStatus.UPCOMING
    ]
    return [ended, *left_out]


def _ended(run: Run, ending: Ending, instant: datetime) -> Run:
    end_time = ending.end_time or instant
    if run.start_time:
        # The wall clock may have been set back while the run was under way.
        end_time = max(end_time, run.start_time)
    return run.model_copy(
        update={
            "status": ending.status,
            "outcome": ending.outcome,
            "errors": list(ending.errors),
            "end_time": end_time,
            "duration": ending.duration if ending.duration is not None else _between(run.start_time, end_time),
            "exit_code": ending.exit_code,
            "session_id": ending.session_id or run.session_id,
            "output": ending.output,
            "raw_output": ending.raw_output,
            "num_turns": ending.num_turns,
            "cost_usd": ending.cost_usd,
            "model": ending.model,
            "commit": ending.commit,
            "branch": ending.branch,
            "uncommitted": list(ending.uncommitted),
            "base_commit": ending.base_commit,
            "verify_rounds": list(ending.verify_rounds),
            "leftovers": list(ending.leftovers),
        }
    )


def _between(start: datetime | None, end: datetime) -> float | None:
    return (end - start).total_seconds() if start else None


def stopped(why: str = "stopped before it started") -> Ending:
    """The end of a run that was stopped before it started."""
    return Ending(RunStatus.CANCELLED, Outcome.STOPPED, [why])


def interrupted(why: str) -> Ending:
    """The end of a run whose end nobody saw."""
    return Ending(RunStatus.FAILED, Outcome.INTERRUPTED, [why])


def given_up(why: str, until: datetime | None) -> Ending:
    """The end of a run that would have had to wait longer for a usage limit than its task waits."""
    when = f" until {until:%Y-%m-%d %H:%M} UTC" if until else ""
    reason = f"not started: {why}{when}, and its task waits for limits no longer than its max_limit_wait"
    return Ending(RunStatus.FAILED, Outcome.USAGE_LIMIT, [reason])


def not_started(why: str, status: RunStatus = RunStatus.FAILED) -> Ending:
    """The end of a run that could not start, or was no longer to."""
    return Ending(status, Outcome.NOT_STARTED, [why])
