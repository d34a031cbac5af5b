"""The JSON files show the record at any moment."""

import json
import resource
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler_daemon.model.job import Job
from scheduler_daemon.model.task import Task
from scheduler_daemon.store import files
from tests.integration.store.conftest import Desk, a_job, a_run, a_task

NAMES = ["jobs.json", "profiles.json", "runs.json", "settings.json", "tasks.json"]
Peopled = tuple[Desk, Job, list[Task]]


def test_all_files_exist_from_the_first_start(desk: Desk) -> None:
    """A new home has all five files, readable by their owner alone."""
    desk.agree()
    for name in NAMES:
        assert stat.S_IMODE(desk.path(name).stat().st_mode) == 0o600
    assert sorted(path.name for path in desk.home.path.glob("*.json")) == NAMES


def test_the_files_are_in_the_documented_form(peopled: Peopled) -> None:
    """The files a person edits are indented by two, and letters of any language are written as they are."""
    desk, job, _ = peopled
    desk.put(job.model_copy(update={"name": 'Größe "猫" 🐈\n'}))
    desk.update()
    shown = [record.to_dict() for record in desk.store.jobs.all()]
    assert desk.path("jobs.json").read_text() == json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
    settings = json.dumps(desk.store.settings().to_dict(), indent=2) + "\n"
    assert desk.path("settings.json").read_text() == settings
    assert desk.path("profiles.json").read_text() == "[]\n"


def test_runs_are_one_a_line(peopled: Peopled) -> None:
    """runs.json holds one run a line, the newest first, and as many as the setting says."""
    desk, job, tasks = peopled
    runs = [a_run(job, tasks[0], output=f"line\n{number}") for number in range(5)]
    with desk.store.transaction():
        desk.store.put_settings(desk.store.settings().model_copy(update={"runs_in_json": 3}))
    desk.put(*runs)
    desk.update()
    lines = desk.path("runs.json").read_text().splitlines()
    assert (lines[0], lines[-1]) == ("[", "]")
    shown = [json.loads(line.rstrip(","))["id"] for line in lines[1:-1]]
    assert shown == [str(run.id) for run in reversed(runs[2:])]
    desk.agree()


def test_only_what_has_changed_is_written(peopled: Peopled) -> None:
    """A change of one table leaves the other files as they are, and no change writes nothing."""
    desk, _, tasks = peopled
    before = {name: files.Stamp.of(desk.path(name)) for name in NAMES}
    desk.put(tasks[0].model_copy(update={"enabled": False}))
    desk.put(tasks[1])
    desk.update()
    after = {name: files.Stamp.of(desk.path(name)) for name in NAMES}
    assert [name for name in NAMES if before[name] != after[name]] == ["tasks.json"]
    assert desk.face.render() is None


def test_writing_makes_no_more_to_write(peopled: Peopled) -> None:
    """The daemon's own bookkeeping is no change of the record, and its own files are no edit."""
    desk, job, _ = peopled
    heard: list[frozenset[str]] = []
    desk.store.on_commit(heard.append)
    desk.put(job.model_copy(update={"description": "more"}))
    desk.update()
    assert heard == [frozenset({"jobs"})]
    assert not desk.face.edited()
    assert desk.face.take_in().taken == []


def test_a_missing_file_is_written_again(peopled: Peopled) -> None:
    """A deleted file does not mean that everything in it is to be deleted."""
    desk, _, tasks = peopled
    desk.path("tasks.json").unlink()
    assert desk.face.edited()
    assert desk.take_in().changes == []
    desk.update()
    assert desk.store.tasks.count() == len(tasks)
    desk.agree()


def test_left_over_temporaries_are_removed(open_desk: Callable[[], Desk]) -> None:
    """What a killed daemon left half-written is gone after the next start."""
    desk = open_desk()
    for name in NAMES:
        files.temporary(desk.path(name)).write_text("half")
    desk.face.start()
    assert list(desk.home.path.glob(".*")) == []


def test_a_disk_that_refuses_is_tried_again(peopled: Peopled) -> None:
    """A file that cannot be written raises, stays as it was, and is in the next attempt again."""
    desk, job, _ = peopled
    desk.put(job.model_copy(update={"description": "x" * 10_000}))
    before = desk.path("jobs.json").read_text()
    pending = desk.face.render()
    assert pending is not None
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            desk.face.write(pending)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert desk.path("jobs.json").read_text() == before
    assert not desk.face.edited()
    desk.update()
    desk.agree()


def test_a_pending_that_was_never_written_is_not_lost(peopled: Peopled) -> None:
    """A cancelled write is made up for by the next, and can do no harm when it comes late."""
    desk, job, _ = peopled
    desk.put(job.model_copy(update={"name": "first"}))
    late = desk.face.render()
    desk.put(job.model_copy(update={"name": "second"}))
    desk.update()
    assert late is not None
    desk.face.write(late)
    assert [shown["name"] for shown in desk.shown("jobs.json")] == ["second"]


def test_writing_in_another_thread(peopled: Peopled) -> None:
    """The thread that uses the store goes on while another writes: files parse, and agree at the end."""
    desk, job, tasks = peopled
    threads = []
    for number in range(40):
        desk.put(job.model_copy(update={"name": f"job {number}"}), tasks[0].model_copy(update={"name": f"{number}"}))
        pending = desk.face.render()
        if pending is not None:
            thread = threading.Thread(target=desk.face.write, args=[pending])
            thread.start()
            threads.append(thread)
        desk.shown("jobs.json")
        desk.face.edited()
        assert desk.face.take_in().taken == []
    for thread in threads:
        thread.join()
    desk.update()
    desk.agree()


def test_an_edit_between_render_and_write_is_not_written_over(peopled: Peopled) -> None:
    """A person's file that appears while its next content is under way stays, and is taken in."""
    desk, job, _ = peopled
    desk.put(job.model_copy(update={"name": "by the daemon"}))
    pending = desk.face.render()
    assert pending is not None
    desk.edit("jobs.json", lambda jobs: jobs[0].update(description="by a person"))
    desk.face.write(pending)
    assert desk.shown("jobs.json")[0]["description"] == "by a person"
    assert desk.take_in().taken == ["jobs.json"]
    desk.update()
    desk.agree()
    shown = desk.shown("jobs.json")[0]
    assert (shown["name"], shown["description"]) == ("by the daemon", "by a person")


def test_an_unjudged_edit_keeps_its_file(peopled: Peopled) -> None:
    """While an edit waits to be judged, changes of the record do not write over it."""
    desk, job, _ = peopled
    desk.save("jobs.json", "[")
    assert desk.face.take_in().rejected == []
    desk.put(job.model_copy(update={"name": "by the daemon"}))
    desk.update()
    assert desk.path("jobs.json").read_text() == "["
    assert [rejection.file for rejection in desk.take_in().rejected] == ["jobs.json"]
    desk.update()
    desk.agree()


def test_a_prompt_of_megabytes(peopled: Peopled) -> None:
    """A task with a 5 MB prompt is shown whole, and can be edited beside it."""
    desk, job, _ = peopled
    prompt = "Größe\n" * 800_000
    long = a_task(job, "long", command=prompt)
    desk.put(long)
    desk.update()
    assert desk.shown("tasks.json")[-1]["command"] == prompt
    desk.edit("tasks.json", lambda tasks: tasks[-1].update(name="longer"))
    assert desk.take_in().rejected == []
    kept = desk.store.tasks.get(long.id)
    assert kept is not None
    assert (kept.name, kept.command) == ("longer", prompt)


def test_a_change_that_came_to_nothing_is_not_shown(peopled: Peopled) -> None:
    """A transaction that fails after a put leaves the file as the record is, also at the next write."""
    desk, _, tasks = peopled
    with pytest.raises(ZeroDivisionError), desk.store.transaction():
        desk.store.tasks.put(tasks[0].model_copy(update={"name": "never"}))
        _ = 1 / 0
    desk.put(tasks[1].model_copy(update={"name": "now"}))
    desk.update()
    desk.agree()


def test_many_objects_are_shown_as_they_come_and_go(peopled: Peopled) -> None:
    """Of hundreds of tasks, some are changed, made and deleted between two writes."""
    desk, job, _ = peopled
    many = [a_task(job, f"task {number}", command="x" * (1 + number * 100)) for number in range(300)]
    desk.put(*many)
    desk.update()
    desk.agree()
    desk.put(many[7].model_copy(update={"name": "other"}), many[299].model_copy(update={"name": "long"}))
    with desk.store.transaction():
        for task in many[100:200]:
            desk.store.tasks.delete(task.id)
    desk.put(a_task(job, "new"))
    desk.update()
    desk.agree()


def test_jobs_of_the_same_name_are_shown_apart(desk: Desk, tmp_path: Path) -> None:
    """Names need not be unique; the files go by ids."""
    desk.put(a_job("same"), a_job("same"))
    desk.update()
    assert len({job["id"] for job in desk.shown("jobs.json")}) == 2
    desk.agree()
