"""Large files are read once: what is measured is this process's own time, whatever else the machine does."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from scheduler_daemon.exchange.earlier import Present, migrate
from scheduler_daemon.exchange.export import document
from scheduler_daemon.exchange.incoming import read
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import Task
from tests.unit.exchange.samples import earlier_job, earlier_run, earlier_task


def seconds(work: Callable[[], object]) -> float:
    """The least of three."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def test_an_export_of_500_jobs_is_read_in_half_a_second() -> None:
    """With four tasks each, a profile and a prompt of some length: 3 MB."""
    work = Profile(name="work")
    jobs, tasks = [], []
    for number in range(500):
        job = Job(name=f"job {number}", profile=work.id, working_directory=JobWorkingDirectory(path="/srv"))
        own = [Task(job_id=job.id, name=f"task {at}", command="Do this. " * 30, profile=work.id) for at in range(4)]
        jobs.append(job.model_copy(update={"task_order": [task.id for task in own]}))
        tasks += own
    content = json.dumps(document(jobs, tasks, [work], now()), indent=2).encode()
    assert len(read("x.json", content, [work]).tasks) == 2000
    assert seconds(lambda: read("x.json", content, [work])) < 0.5


def test_a_takeover_with_thousands_of_notes_is_done_in_seconds(tmp_path: Path) -> None:
    """Each note has its line, and none is searched for from the beginning."""
    jobs, tasks, runs = [], [], []
    for number in range(200):
        job_id, ids = str(uuid4()), [str(uuid4()) for _ in range(5)]
        jobs.append(earlier_job(id=job_id, name=f"job {number}", task_order=ids[:2]))
        tasks += [earlier_task(id=id_, job_id=job_id, session_mode="fork", permissions="odd") for id_ in ids]
        runs += [earlier_run(id=str(uuid4()), task_id=id_, status="running", output="x" * 2000) for id_ in ids]
    for name, rows in (("jobs", jobs), ("tasks", tasks), ("runs", runs)):
        (tmp_path / f"{name}.json").write_text(json.dumps(rows, indent=2))
    assert len(migrate(tmp_path, Present()).lines) > 4000
    assert seconds(lambda: migrate(tmp_path, Present())) < 2
