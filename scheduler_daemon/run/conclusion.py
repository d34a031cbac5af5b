"""From the evidence a run left to its ending, with what it changed committed if that was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from scheduler_daemon.agent.command_line import slash_command_of
from scheduler_daemon.agent.outcome import Evidence, Verdict, not_committed, not_verified, weigh
from scheduler_daemon.agent.stream import StreamSummary
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.run import VerifyRound
from scheduler_daemon.run.exit_record import ExitRecord
from scheduler_daemon.run.legs import Legs
from scheduler_daemon.run.log_reader import LogReader
from scheduler_daemon.run.order import Ending, Order
from scheduler_daemon.run.strays import end_strays
from scheduler_daemon.run.supervisor.fault import step
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.commit import commit
from scheduler_daemon.workspace.git import GitError
from scheduler_daemon.workspace.printable import printable
from scheduler_daemon.workspace.snapshot import Snapshot, SnapshotData, changes, take

RAW_TAIL = 4096


@dataclass(frozen=True)
class CutShort:
    """Why a leg that was to follow did not."""

    stopped: bool = False
    """The run was stopped before it began."""
    problem: str | None = None


@dataclass(frozen=True)
class _Work:
    """What became of the work tree."""

    changed: bool | None = None
    commit: str | None = None
    """The newest one of the run's, be it the agent's own."""
    branch: str | None = None
    left: Sequence[str] = ()
    """Paths the run changed that are in no commit of it."""
    problem: str | None = None


def verdict_on(order: Order, record: ExitRecord | None, stream: StreamSummary, **known: Any) -> Verdict:
    """The verdict on the agent's last call; ``known`` is what else the evidence holds."""
    return weigh(
        Evidence(
            exit_code=record.exit_code if record else None,
            signal=record.signal if record else None,
            ended_by=record.ended_by if record else None,
            not_started=record.not_started if record else None,
            exit_record=record is not None,
            stream=stream,
            slash_command=slash_command_of(order.task),
            **known,
        )
    )


def conclude(
    order: Order, execution: Execution, legs: Legs, log: LogReader, home: Home, cut_short: CutShort
) -> Ending:
    """Weigh what a run left and commit what it changed; may take seconds, so it is called in a thread.

    It may be called again for the same run, by a daemon that came after: the same evidence gives the same ending,
    and a commit that was made is found again, not made twice.
    """
    records = [legs.record(number) for number in range(execution.leg + 1)]
    # What goes on without its supervisor would go on changing what is looked at and committed here.
    strays = end_strays(order.run.id) if None in records else []
    stream = log.finish()
    snapshot = Snapshot.from_dict(cast(SnapshotData, execution.snapshot)) if execution.snapshot is not None else None
    directory = Path(execution.directory)
    work = _look(directory, snapshot)
    agent, last = records[execution.leg - execution.leg % 2], records[-1]
    verdict = verdict_on(order, agent, stream, changed=work.changed, stalled=execution.stalled)
    rounds = legs.rounds(execution.leg)
    if verdict.status is RunStatus.SUCCESS and order.task.verify.command is not None:
        verdict = _verified(order.task.verify.command, verdict, last, rounds, cut_short)
    if verdict.status is RunStatus.SUCCESS and order.task.commit_on_success and snapshot and work.changed:
        step("before-commit")
        work = _commit(order, directory, snapshot, stream.session_id or order.run.session_id, home)
        step("committed")
    if verdict.status is RunStatus.SUCCESS and work.problem and order.task.commit_on_success:
        verdict = not_committed(verdict, work.problem)
    present = [record for record in records if record]
    errors = [*verdict.errors, *_of_the_log(present)]
    return Ending(
        status=verdict.status,
        outcome=verdict.outcome,
        errors=errors,
        end_time=last.ended_at if last else None,
        duration=_duration(present),
        exit_code=_exit_code(agent),
        session_id=stream.session_id,
        output=stream.result or "",
        raw_output=log.tail(RAW_TAIL),
        num_turns=stream.num_turns,
        cost_usd=stream.cost_usd,
        model=stream.model,
        commit=work.commit,
        branch=work.branch,
        uncommitted=work.left,
        base_commit=snapshot.head if snapshot else None,
        verify_rounds=rounds,
        leftovers=[*_leftovers(present), *strays],
        tool_times=log.tool_times,
        retriable=verdict.retriable,
        session_lost=verdict.session_lost,
        rate_limits=stream.rate_limits,
        carried=_carried(verdict, directory, snapshot),
    )


def _verified(
    command: str, verdict: Verdict, last: ExitRecord | None, rounds: Sequence[VerifyRound], cut_short: CutShort
) -> Verdict:
    """The verdict on an agent's success, as the verify command has it."""
    if cut_short.stopped or (last and last.ended_by == "stop"):
        return Verdict(RunStatus.CANCELLED, Outcome.STOPPED)
    if cut_short.problem is not None:
        problem = f"its work could not be verified, and was not committed: {cut_short.problem}"
        return Verdict(RunStatus.FAILED, Outcome.UNVERIFIED, (*verdict.errors, problem), retriable=True)
    if last is None:
        return Verdict(
            RunStatus.FAILED,
            Outcome.INTERRUPTED,
            ("The run was cut off while its work was verified. Look at what is in the directory.",),
            retriable=True,
        )
    if rounds and rounds[-1].passed:
        return verdict
    return not_verified(verdict, command, rounds)


def _of_the_log(records: Sequence[ExitRecord]) -> list[str]:
    """What is to be said of a log that could not be written."""
    lost = sum(record.log_lost_bytes for record in records)
    problems = [record.log_error for record in records if record.log_error]
    return [f"{lost} bytes of the log could not be written: {problems[0]}"] if problems else []


def _leftovers(records: Sequence[ExitRecord]) -> list[str]:
    """The processes that had to be ended, or as many of them as were recorded."""
    named = [left.text for record in records for left in record.leftovers]
    more = sum(record.leftovers_total for record in records) - len(named)
    return [*named, f"and {more} more"] if more > 0 else named


def _duration(records: Sequence[ExitRecord]) -> float | None:
    """Seconds of all legs; None where no process was started."""
    started = [record for record in records if record.not_started is None and record.duration is not None]
    return sum(record.duration or 0.0 for record in started) if started else None


def _carried(verdict: Verdict, directory: Path, before: Snapshot | None) -> dict[str, Any] | None:
    """What a run that continues this one has to know of the work tree, if one may."""
    if before is None or not (verdict.retriable or verdict.outcome is Outcome.USAGE_LIMIT):
        return None
    try:
        left = take(directory)
    except (GitError, WorkspaceRefused, OSError):
        return None
    return {"before": before.to_dict(), "left": left.to_dict()} if left else None


def _look(directory: Path, snapshot: Snapshot | None) -> _Work:
    if snapshot is None:
        return _Work()
    try:
        found = changes(directory, snapshot)
    except (GitError, WorkspaceRefused, OSError) as error:
        return _Work(problem=f"not committed: {error}")
    left = [printable(path) for path in sorted({*found.paths, *found.left})]
    return _Work(changed=found.any, commit=found.commits[-1] if found.commits else None, left=left)


def _commit(order: Order, directory: Path, snapshot: Snapshot, session_id: str | None, home: Home) -> _Work:
    trailers = {"Run": str(order.run.id)}
    if session_id:
        trailers["Session"] = session_id
    try:
        result = commit(directory, snapshot, f"task: {order.task.name}", trailers, home.workspace_locks)
    except (GitError, WorkspaceRefused, OSError) as error:
        return _Work(problem=f"not committed: {error}")
    return _Work(True, result.commit, result.branch, result.left, result.problem)


def _exit_code(record: ExitRecord | None) -> int | None:
    if record is None:
        return None
    return -record.signal if record.signal is not None else record.exit_code
