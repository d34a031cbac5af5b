"""What the evidence that a run left comes to, with a real work tree."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from scheduler_daemon.home import Home
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.conclusion import conclude
from scheduler_daemon.run.legs import CutShort, Legs
from scheduler_daemon.run.log_reader import LogReader
from scheduler_daemon.run.order import Ending, Order
from scheduler_daemon.workspace.snapshot import take
from tests.support.house import repository

RECORD = {
    "signal": None,
    "started_at": None,
    "ended_at": "2030-01-01T00:00:00Z",
    "ended_by": None,
    "not_started": None,
}


def ended(tmp_path: Path, log: str, exit_code: int) -> Ending:
    """The end of a run in a repository, whose agent said this, wrote a file and ended."""
    repo = repository(tmp_path / "repo")
    home = Home(tmp_path / "home")
    job = Job(name="job", working_directory=JobWorkingDirectory(path=str(repo)))
    task = Task(job_id=job.id, name="task", command="say hello")
    run = Run(task_id=task.id, task_name="task", job_id=job.id, job_name="job", scheduled_time=task.created_at)
    order = Order(run=run, task=task, job=job, profile=None, settings=Settings(), last_session=None)
    snapshot = take(repo)
    assert snapshot
    before: dict[str, Any] = dict(snapshot.to_dict())
    (repo / "a.txt").write_text("a\n")
    home.run_folder(run.id).mkdir(parents=True)
    (home.run_folder(run.id) / "exit.json").write_text(json.dumps({**RECORD, "exit_code": exit_code}))
    home.log(run.id).parent.mkdir()
    home.log(run.id).write_text(log)
    execution = Execution(supervisor_pid=1, supervisor_identity="1", directory=str(repo), snapshot=before)
    legs = Legs(home.run_folder(run.id), home.log(run.id))
    return conclude(order, execution, legs, LogReader(home.log(run.id)), home, CutShort())


def test_a_run_whose_session_is_gone_hands_on_what_was_done(tmp_path: Path) -> None:
    """The task begins anew, and with it goes what its tries before have changed."""
    ending = ended(tmp_path, f"stderr| No conversation found with session ID: {uuid4()}\n", 1)
    assert ending.session_lost
    assert ending.carried
    assert list(ending.carried["left"]["dirty"]) == ["a.txt"]
    assert ending.carried["before"]["dirty"] == {}


def test_a_success_hands_on_nothing(tmp_path: Path) -> None:
    """Its work is committed."""
    ending = ended(tmp_path, '{"type": "result", "subtype": "success", "is_error": false, "result": "done"}', 0)
    assert ending.commit
    assert ending.carried is None
