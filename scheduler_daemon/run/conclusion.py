"""From the evidence a run left to its ending, with what it changed committed if that was asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from scheduler_daemon.agent.command_line import slash_command_of
from scheduler_daemon.agent.outcome import Evidence, not_committed, weigh
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.run.exit_record import ExitRecord
from scheduler_daemon.run.log_reader import LogReader
from scheduler_daemon.run.order import Ending, Order
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.commit import CommitResult, commit
from scheduler_daemon.workspace.git import GitError
from scheduler_daemon.workspace.snapshot import Snapshot, SnapshotData, changes

RAW_TAIL = 4096


@dataclass(frozen=True)
class _Work:
    """What became of the work tree."""

    changed: bool | None = None
    commit: CommitResult | None = None
    problem: str | None = None


def conclude(order: Order, execution: Execution, record: ExitRecord | None, log: LogReader, home: Home) -> Ending:
    """Weigh what a run left and commit what it changed; may take seconds, so it is called in a thread.

    It may be called again for the same run, by a daemon that came after: the same evidence gives the same ending,
    and a commit that was made is found again, not made twice.
    """
    stream = log.finish()
    snapshot = Snapshot.from_dict(cast(SnapshotData, execution.snapshot)) if execution.snapshot is not None else None
    directory = Path(execution.directory)
    work = _look(directory, snapshot)
    verdict = weigh(
        Evidence(
            exit_code=record.exit_code if record else None,
            signal=record.signal if record else None,
            ended_by=record.ended_by if record else None,
            not_started=record.not_started if record else None,
            exit_record=record is not None,
            stream=stream,
            changed=work.changed,
            slash_command=slash_command_of(order.task),
        )
    )
    if verdict.status is RunStatus.SUCCESS and order.task.commit_on_success and snapshot and work.changed:
        work = _commit(order, directory, snapshot, stream.session_id or order.run.session_id, home)
    if verdict.status is RunStatus.SUCCESS and work.problem and order.task.commit_on_success:
        verdict = not_committed(verdict, work.problem)
    errors = list(verdict.errors)
    if record and record.log_error:
        errors.append(f"{record.log_lost_bytes} bytes of the log could not be written: {record.log_error}")
    return Ending(
        status=verdict.status,
        outcome=verdict.outcome,
        errors=errors,
        end_time=record.ended_at if record else None,
        duration=record.duration if record and record.not_started is None else None,
        exit_code=_exit_code(record),
        session_id=stream.session_id,
        output=stream.result or "",
        raw_output=log.tail(RAW_TAIL),
        num_turns=stream.num_turns,
        cost_usd=stream.cost_usd,
        model=stream.model,
        commit=work.commit.commit if work.commit else None,
        branch=work.commit.branch if work.commit else None,
        uncommitted=work.commit.left if work.commit else (),
        tool_times=log.tool_times,
    )


def _look(directory: Path, snapshot: Snapshot | None) -> _Work:
    if snapshot is None:
        return _Work()
    try:
        return _Work(changed=changes(directory, snapshot).any)
    except (GitError, WorkspaceRefused, OSError) as error:
        return _Work(problem=f"not committed: {error}")


def _commit(order: Order, directory: Path, snapshot: Snapshot, session_id: str | None, home: Home) -> _Work:
    trailers = {"Run": str(order.run.id)}
    if session_id:
        trailers["Session"] = session_id
    try:
        result = commit(directory, snapshot, f"task: {order.task.name}", trailers, home.workspace_locks)
    except (GitError, WorkspaceRefused, OSError) as error:
        return _Work(problem=f"not committed: {error}")
    return _Work(commit=result, problem=result.problem)


def _exit_code(record: ExitRecord | None) -> int | None:
    if record is None:
        return None
    return -record.signal if record.signal is not None else record.exit_code
