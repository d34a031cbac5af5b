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
from scheduler_daemon.run.legs import CutShort, Legs
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
_SHORT = 8
"""Characters of an id that a person types."""


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


def verdict_on(
    order: Order,
    execution: Execution,
    record: ExitRecord | None,
    stream: StreamSummary,
    changed: bool | None = None,
) -> Verdict:
    """The verdict on the agent's last call, which left an exit record, or none, and what the stream says of it."""
    return weigh(
        Evidence(
            exit_code=record.exit_code if record else None,
            signal=record.signal if record else None,
            ended_by=record.ended_by if record else None,
            not_started=record.not_started if record else None,
            exit_record=record is not None,
            stream=stream,
            slash_command=slash_command_of(order.task),
            task=str(order.task.id)[:_SHORT],
            run=str(order.run.id)[:_SHORT],
            changed=changed,
            stop_requested=execution.stop_requested,
            stalled=execution.stalled,
        )
    )


def conclude(
    order: Order, execution: Execution, legs: Legs, log: LogReader, home: Home, cut_short: CutShort
) -> Ending:
    """Weigh what a run left and commit what it changed; may take seconds, so it is called in a thread.

    It may be called again for the same run, by a daemon that came after: the same evidence gives the same ending,
    and a commit that was made is found again, not made twice.
    """
    latest = legs.began(execution.leg)
    records = [legs.record(number) for number in range(latest + 1)]
    # What goes on without its supervisor would go on changing what is looked at and committed here.
    strays = end_strays(order.run.id, execution.cgroup) if None in records else []
    stream = log.finish()
    snapshot = Snapshot.from_dict(cast(SnapshotData, execution.snapshot)) if execution.snapshot is not None else None
    directory = Path(execution.directory)
    work = _look(directory, snapshot)
    agent, last = records[latest - latest % 2], records[-1]
    verdict = verdict_on(order, execution, agent, stream, work.changed)
    rounds = legs.rounds(latest)
    if verdict.outcome is Outcome.STOPPED and cut_short.problem and not execution.stop_requested:
        verdict = Verdict(RunStatus.FAILED, Outcome.INTERRUPTED, (cut_short.problem,), retriable=True)
    if verdict.status is RunStatus.SUCCESS and execution.verify.command is not None:
        verdict = _verified(execution.verify.command, verdict, rounds, records[latest - latest % 2 + 1 :], cut_short)
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
        tool_times=[*log.tool_times, *legs.verify_times(latest)],
        retriable=verdict.retriable,
        session_lost=verdict.session_lost,
        rate_limits=stream.rate_limits,
        carried=_carried(verdict, directory, snapshot),
    )


def _verified(
    command: str,
    verdict: Verdict,
    rounds: Sequence[VerifyRound],
    after: Sequence[ExitRecord | None],
    cut_short: CutShort,
) -> Verdict:
    """The verdict on an agent's success, as the verify command has it.

    ``after`` holds what the verify command left that was called after the agent's last call, if it was.
    """
    if cut_short.problem is None and (cut_short.stopped or any(each and each.ended_by == "stop" for each in after)):
        return Verdict(RunStatus.CANCELLED, Outcome.STOPPED)
    if cut_short.problem is None and None in after:
        return Verdict(
            RunStatus.FAILED,
            Outcome.INTERRUPTED,
            ("The run was cut off while its work was verified. Look at what is in the directory.",),
            retriable=True,
        )
    if rounds and rounds[-1].passed:
        return verdict
    return not_verified(verdict, command, rounds, cut_short.problem)


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
    """What a run that continues this one, or does it over, has to know of the work tree."""
    if before is None or verdict.status is RunStatus.SUCCESS:
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
