"""A directory with the JSON files and no record is taken in at the first start, or left untouched."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from scheduler_daemon.model.enums import JobStatus, RunStatus
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.face import FaceUnreadable
from tests.integration.store.conftest import Desk, a_run

Peopled = tuple[Desk, Job, list[Task]]

NO_JOB = "5270805b-3731-41da-8710-fe765f2e58be"


def lose_the_record(desk: Desk) -> None:
    """Leave only what a backup of the JSON files has."""
    desk.store.close()
    for path in desk.home.path.glob("state.db*"):
        path.unlink()


def contents(folder: Path) -> dict[str, bytes]:
    """Every JSON file of a folder."""
    return {path.name: path.read_bytes() for path in folder.glob("*.json*")}


def test_a_restore_is_the_same_again(peopled: Peopled, open_desk: Callable[[], Desk]) -> None:
    """Everything comes back as it was, the runs in their order, down to the last byte of the files."""
    desk, job, tasks = peopled
    desk.put(job.model_copy(update={"status": JobStatus.COMPLETED}))
    desk.put(*[a_run(job, task, status=RunStatus.SUCCESS, output=task.name) for task in tasks])
    with desk.store.transaction():
        desk.store.profiles.put(Profile(name="work"))
        desk.store.put_settings(desk.store.settings().model_copy(update={"runs_in_json": 50}))
    desk.update()
    before = contents(desk.home.path)
    runs = desk.store.runs.newest(10)
    lose_the_record(desk)
    again = open_desk()
    intake = again.face.start()
    assert sorted(intake.taken) == sorted(before)
    assert len(intake.changes) == 1 + 3 + 3 + 1 + 1
    assert contents(again.home.path) == before
    assert again.store.runs.newest(10) == runs
    again.agree()


def test_files_of_an_older_installation(open_desk: Callable[[], Desk]) -> None:
    """Files with the documented fields alone are enough; what a run lacks is found in its task."""
    job, task, run = str(uuid4()), str(uuid4()), str(uuid4())
    desk = open_desk()
    desk.save("jobs.json", json.dumps([{"id": job, "name": "j", "working_directory": {"path": "/tmp"}}]))
    desk.save("tasks.json", json.dumps([{"id": task, "job_id": job, "name": "t", "command": "c"}]))
    documented = {"id": run, "task_id": task, "task_name": "t", "scheduled_time": "2024-01-01T02:00:00Z"}
    desk.save("runs.json", json.dumps([{**documented, "status": "success"}]))
    desk.face.start()
    (kept,) = desk.store.runs.newest(1)
    assert (str(kept.job_id), kept.job_name, kept.created_at) == (job, "j", kept.scheduled_time)
    assert [str(id_) for id_ in desk.store.jobs.all()[0].task_order] == [task]
    desk.agree()


def test_settings_alone_are_taken(open_desk: Callable[[], Desk]) -> None:
    """A person may write settings before the first start."""
    desk = open_desk()
    desk.save("settings.json", '{"max_concurrent_runs": 1}')
    assert desk.face.start().taken == ["settings.json"]
    assert desk.store.settings().max_concurrent_runs == 1
    desk.agree()


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("tasks.json", "[\n  {\n", "tasks.json, line 3"),
        ("jobs.json", '[\n {"name": "x"}\n]', "jobs.json, line 2, working_directory: this field is missing"),
        ("runs.json", "{}", "runs.json, line 1: a list"),
        ("settings.json", '{\n"stop_grace": -1}', "settings.json, line 2, stop_grace"),
        ("tasks.json", f'[\n{{"job_id": "{NO_JOB}", "name": "a", "command": "b"}}]', "tasks.json, line 2, job_id"),
        ("runs.json", '[{"task_id": 3}]', "runs.json, line 1, task_id"),
    ],
)  # fmt: skip
def test_a_restore_that_cannot_be_read_is_not_written_over(
    peopled: Peopled, open_desk: Callable[[], Desk], name: str, text: str, problem: str
) -> None:
    """One bad file stops the start with its place, and nothing in the directory changes; mended, it starts."""
    desk, job, _ = peopled
    good = desk.path(name).read_text()
    lose_the_record(desk)
    desk.save(name, text)
    before = contents(desk.home.path)
    for again in (open_desk() for _ in range(2)):
        with pytest.raises(FaceUnreadable) as failure:
            again.face.start()
        assert str(failure.value).startswith(problem)
        assert contents(again.home.path) == before
        assert again.store.empty()
    last = open_desk()
    last.save(name, good)
    last.face.start()
    assert last.store.jobs.all() == [job]
    last.agree()


def test_a_restore_does_not_ask_what_can_work_today(peopled: Peopled, open_desk: Callable[[], Desk]) -> None:
    """A directory that is not mounted yet must not keep everything else from being remembered."""
    desk, _, _ = peopled
    tasks = desk.store.tasks.all()
    lose_the_record(desk)
    again = open_desk()

    def check(record: object) -> None:
        raise ValueError("not on this machine")

    again.check = check
    again.face.start()
    assert again.store.tasks.all() == tasks
