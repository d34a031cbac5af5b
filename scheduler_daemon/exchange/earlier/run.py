"""A run of the earlier application as one of ours: history, of which nothing may start again."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from scheduler_daemon.agent.stream import RESULT_LIMIT
from scheduler_daemon.exchange.earlier import shapes
from scheduler_daemon.exchange.earlier.takeover import Present, Takeover
from scheduler_daemon.exchange.found import Place, named
from scheduler_daemon.exchange.notes import Entry, Note
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.conclusion import RAW_TAIL


def take(
    runs: Sequence[tuple[shapes.Run, Place]], present: Present, takeover: Takeover, log_folders: Sequence[Path]
) -> None:
    """Take over the runs that are not here, of tasks that are; their logs stay where they are."""
    if not runs:
        return
    tasks = {task.id: task for task in (*present.tasks, *takeover.tasks)}
    jobs = {job.id: job for job in (*present.jobs, *takeover.jobs)}
    lines: list[Note] = []
    gone: dict[UUID, list[tuple[shapes.Run, Place]]] = defaultdict(list)
    here = set(present.runs)
    known = cut = 0
    for given, place in runs:
        if given.id in here:
            known += 1
        elif given.task_id not in tasks:
            gone[given.task_id].append((given, place))
        else:
            task = tasks[given.task_id]
            entry = place.entry(f"run {given.id}", lines)
            takeover.runs.append(run(given, entry, task, jobs[task.job_id], _log(given.id, log_folders)))
            cut += _is_cut(given)
    takeover.runs.sort(key=lambda run: run.scheduled_time)
    of_all = Entry(runs[0][1].document, (), "runs", takeover.lines)
    if takeover.runs:
        of_all.taken(f"runs: {len(takeover.runs)}; their logs are read where they are")
    if cut:
        of_all.changed(f"runs whose output is cut to what a record holds: {cut}; the whole of it stays in this file")
    if known:
        of_all.left_out(f"runs that are here already: {known}")
    for those in gone.values():
        given, place = those[0]
        of_task = place.entry(named("task", given.task_name), takeover.lines)
        of_task.left_out(f"runs: {len(those)}; the task they are of is not here")
    takeover.lines += lines


def _log(run_id: UUID, folders: Sequence[Path]) -> Path | None:
    paths = (folder.absolute() / f"run_{run_id}.log" for folder in folders)
    return next((path for path in paths if path.is_file()), None)


def run(given: shapes.Run, entry: Entry, task: Task, job: Job, log: Path | None) -> Run:
    """The run with its own id; what it was called is kept, and how it ended is made certain."""
    entry.left_out_unknown(given)
    status, outcome, errors = _ending(given, entry)
    return Run(
        id=given.id,
        task_id=task.id,
        task_name=given.task_name if given.task_name.strip() else task.name,
        status=status,
        scheduled_time=given.scheduled_time,
        start_time=given.start_time,
        end_time=given.end_time,
        duration=given.duration,
        session_id=given.session_id,
        output=_head(given.output, RESULT_LIMIT),
        raw_output=_tail(given.raw_output, RAW_TAIL),
        errors=[*given.errors, *errors],
        exit_code=given.exit_code,
        job_id=job.id,
        job_name=job.name,
        outcome=outcome,
        created_at=given.scheduled_time,
        log_path=str(log) if log else None,
    )


def _is_cut(given: shapes.Run) -> bool:
    """Whether not all of the run's output is kept in its record."""
    return given.output != _head(given.output, RESULT_LIMIT) or given.raw_output != _tail(given.raw_output, RAW_TAIL)


def _ending(given: shapes.Run, entry: Entry) -> tuple[RunStatus, Outcome | None, list[str]]:
    match given.status:
        case RunStatus.RUNNING:
            entry.changed("it was running when that was written, so it is failed", "status")
            return RunStatus.FAILED, Outcome.INTERRUPTED, ["it was running when it was taken over"]
        case RunStatus.UPCOMING:
            entry.changed("it had not begun and will not, so it is cancelled", "status")
            return RunStatus.CANCELLED, Outcome.NOT_STARTED, ["it had not begun when it was taken over"]
        case RunStatus.CANCELLED:
            return given.status, Outcome.STOPPED, []
        case status:
            # An exit status was all it went by, which proves nothing: no outcome.
            return status, None, []


def _head(text: str, limit: int) -> str:
    return text if len(text) * 4 <= limit else text.encode()[:limit].decode(errors="ignore")


def _tail(text: str, limit: int) -> str:
    return text if len(text) * 4 <= limit else text.encode()[-limit:].decode(errors="ignore")
