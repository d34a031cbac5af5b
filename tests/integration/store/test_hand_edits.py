"""A person may edit the files: an edit is taken in whole or not at all."""

import json
import os
import stat
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from scheduler_daemon.model.enums import JobStatus, RunStatus
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.face import Change
from tests.integration.store.conftest import Desk, a_job, a_run, a_task

Peopled = tuple[Desk, Job, list[Task]]


def the_job(desk: Desk, job: Job) -> Job:
    """The job as it is remembered now."""
    found = desk.store.jobs.get(job.id)
    assert found is not None
    return found


def the_task(desk: Desk, task: Task) -> Task:
    """The task as it is remembered now."""
    found = desk.store.tasks.get(task.id)
    assert found is not None
    return found


def test_a_changed_field_is_taken(peopled: Peopled) -> None:
    """A changed field becomes the record, with a new updated_at; the rest stays."""
    desk, _, tasks = peopled
    desk.edit("tasks.json", lambda shown: shown[1].update(model="opus", enabled=False))
    intake = desk.take_in()
    assert intake.taken == ["tasks.json"]
    assert intake.changes == [Change("task", "changed", tasks[1].id)]
    task = the_task(desk, tasks[1])
    assert (task.model, task.enabled) == ("opus", False)
    assert task.updated_at > tasks[1].updated_at
    assert the_task(desk, tasks[0]) == tasks[0]
    desk.update()
    desk.agree()
    assert not desk.face.edited()


def test_an_untouched_field_is_not_overwritten(peopled: Peopled) -> None:
    """A field that changed in the record while a person edited another one keeps the record's value."""
    desk, job, tasks = peopled
    stale_jobs, stale_tasks = desk.shown("jobs.json"), desk.shown("tasks.json")
    new = a_task(job, "new")
    order = [*job.task_order, new.id]
    desk.put(job.model_copy(update={"status": JobStatus.FAILED, "task_order": order}), new)
    desk.put(tasks[0].model_copy(update={"last_run_status": RunStatus.FAILED, "model": "haiku"}))
    stale_jobs[0]["description"] = "by hand"
    stale_jobs[0]["working_directory"]["worktree_branch"] = "trunk"
    stale_tasks[0]["schedule"]["timezone"] = "Europe/Berlin"
    desk.save("jobs.json", json.dumps(stale_jobs))
    desk.save("tasks.json", json.dumps(stale_tasks))
    assert desk.take_in().rejected == []
    kept = the_job(desk, job)
    assert (kept.description, kept.status, kept.task_order) == ("by hand", JobStatus.FAILED, order)
    assert kept.working_directory.worktree_branch == "trunk"
    task = the_task(desk, tasks[0])
    assert (task.schedule.timezone, task.model) == ("Europe/Berlin", "haiku")
    assert task.last_run_status is RunStatus.FAILED


def test_a_field_set_back_counts(peopled: Peopled) -> None:
    """The file as it was before the last change is an edit too, and undoes that change."""
    desk, job, _ = peopled
    old = desk.path("jobs.json").read_text()
    desk.put(job.model_copy(update={"description": "new"}))
    desk.update()
    desk.save("jobs.json", old)
    assert desk.take_in().changes == [Change("job", "changed", job.id)]
    assert the_job(desk, job).description == ""


def test_an_object_without_id_is_made(peopled: Peopled) -> None:
    """A new object needs no more than its required fields; its id and times are made and shown."""
    desk, job, tasks = peopled
    desk.edit("tasks.json", lambda shown: shown.append({"job_id": str(job.id), "name": "x", "command": "y"}))
    (change, *_) = [change for change in desk.take_in().changes if change.kind == "task"]
    assert change.action == "created"
    desk.update()
    assert desk.shown("tasks.json")[-1]["id"] == str(change.id)
    assert the_job(desk, job).task_order == [*[task.id for task in tasks], change.id]
    desk.agree()


def test_a_copied_object_starts_anew(peopled: Peopled) -> None:
    """An object copied to a new id does not inherit what happened to the first."""
    desk, _, tasks = peopled
    desk.put(tasks[0].model_copy(update={"last_run_status": RunStatus.SUCCESS}))
    desk.update()
    new = uuid4()
    desk.edit("tasks.json", lambda shown: shown.append({**shown[0], "id": str(new)}))
    assert desk.take_in().rejected == []
    copy = desk.store.tasks.get(new)
    assert copy is not None
    assert copy.last_run_status is None
    assert copy.created_at > tasks[0].created_at


def test_a_job_and_its_tasks_are_one_edit(desk: Desk) -> None:
    """A new job that orders new tasks is taken together with them."""
    job, first, second = uuid4(), uuid4(), uuid4()
    desk.save(
        "jobs.json",
        json.dumps(
            [
                {
                    "id": str(job),
                    "name": "j",
                    "working_directory": {"path": "/tmp"},
                    "task_order": [str(second), str(first)],
                }
            ]
        ),
    )
    assert desk.face.take_in().rejected == []
    desk.save(
        "tasks.json",
        json.dumps([{"id": str(id_), "job_id": str(job), "name": "t", "command": "c"} for id_ in (first, second)]),
    )
    intake = desk.take_in()
    assert (intake.taken, intake.rejected) == (["jobs.json", "tasks.json"], [])
    kept = desk.store.jobs.get(job)
    assert kept is not None
    assert kept.task_order == [second, first]


def test_both_or_none(peopled: Peopled) -> None:
    """Files edited together are rejected together, and each says whose fault it is."""
    desk, job, tasks = peopled
    desk.edit("jobs.json", lambda shown: shown[0].update(name="renamed"))
    desk.edit("tasks.json", lambda shown: shown[0].update(model=""))
    intake = desk.take_in()
    assert intake.taken == []
    assert [rejection.file for rejection in intake.rejected] == ["jobs.json", "tasks.json"]
    assert "edited together with tasks.json" in intake.rejected[0].problem
    assert the_job(desk, job) == job
    assert the_task(desk, tasks[0]) == tasks[0]


def test_a_task_taken_out_is_deleted(peopled: Peopled) -> None:
    """A task missing from tasks.json is deleted, and leaves its job's order."""
    desk, job, tasks = peopled
    desk.edit("tasks.json", lambda shown: shown.pop(1))
    assert Change("task", "deleted", tasks[1].id) in desk.take_in().changes
    assert desk.store.tasks.get(tasks[1].id) is None
    assert the_job(desk, job).task_order == [tasks[0].id, tasks[2].id]
    desk.update()
    desk.agree()


def test_a_file_written_anew_deletes_nothing_unasked(peopled: Peopled) -> None:
    """A new list may be that of an editor opened on an empty file: what was there goes only if that is said."""
    desk, job, tasks = peopled
    anew = json.dumps([{"job_id": str(job.id), "name": "only", "command": "x"}])
    desk.save("tasks.json", anew)
    (rejection,) = desk.take_in().rejected
    assert '"lint"' in rejection.problem
    assert f"ccsched tasks delete {tasks[-1].id}" in rejection.problem
    assert desk.store.tasks.all() == tasks
    for text in ("[]", anew):
        desk.update()
        desk.save("tasks.json", text)
        assert desk.take_in().rejected == []
    assert [task.name for task in desk.store.tasks.all()] == ["only"]


def test_the_newest_object_is_deleted_by_an_edit_of_its_own(peopled: Peopled) -> None:
    """The last object can be taken out alone; together with another change it is in doubt, and all is kept."""
    desk, _, tasks = peopled
    desk.edit("tasks.json", lambda shown: (shown.pop(), shown[0].update(name="renamed")))
    (rejection,) = desk.take_in().rejected
    assert f'"tests" ({tasks[2].id})' in rejection.problem
    assert desk.store.tasks.all() == tasks
    desk.update()
    desk.edit("tasks.json", lambda shown: shown.pop())
    assert Change("task", "deleted", tasks[2].id) in desk.take_in().changes
    assert desk.store.tasks.all() == tasks[:2]


def test_a_job_and_its_tasks_are_taken_out_of_both_files(peopled: Peopled) -> None:
    """Tasks that go with their job are in no doubt."""
    desk, _, _ = peopled
    other = a_job("other")
    desk.put(other, a_task(other, "one"), a_task(other, "two"))
    desk.update()
    desk.edit("jobs.json", lambda shown: shown.pop())
    desk.edit("tasks.json", lambda shown: shown.__delitem__(slice(3, 5)))
    assert desk.take_in().counts() == {"created": 0, "changed": 0, "deleted": 3}


def test_an_edit_in_place_of_the_same_size_and_time_is_seen(peopled: Peopled) -> None:
    """A tool that sets the file's time back does not hide what it wrote."""
    desk, job, _ = peopled
    path = desk.path("jobs.json")
    status, text = path.stat(), path.read_text()
    path.write_text(text.replace("nightly", "monthly"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert desk.face.edited()
    assert desk.take_in().taken == ["jobs.json"]
    assert the_job(desk, job).name == "monthly"


def test_a_job_taken_out_is_deleted_with_its_tasks(peopled: Peopled) -> None:
    """A job missing from jobs.json goes with its tasks, and every one of them is told."""
    desk, job, tasks = peopled
    other = a_job("other")
    desk.put(other)
    desk.update()
    desk.edit("jobs.json", lambda shown: shown.pop(0))
    gone = {Change("job", "deleted", job.id)} | {Change("task", "deleted", task.id) for task in tasks}
    assert set(desk.take_in().changes) == gone
    assert [kept.id for kept in desk.store.jobs.all()] == [other.id]
    desk.update()
    desk.agree()


def test_what_was_made_meanwhile_stays(peopled: Peopled) -> None:
    """An object the person could not know of is not deleted by their older copy."""
    desk, job, _ = peopled
    desk.put(a_task(job, "not shown yet"))
    desk.edit("tasks.json", lambda shown: shown[0].update(name="by hand"))
    assert desk.take_in().rejected == []
    assert [task.name for task in desk.store.tasks.all()] == ["by hand", "types", "tests", "not shown yet"]


def test_a_copy_from_before_the_file_was_replaced(peopled: Peopled) -> None:
    """An editor that was open while the file changed under it undoes and deletes nothing with its copy."""
    desk, job, tasks = peopled
    opened = desk.shown("tasks.json")
    for status in (RunStatus.SUCCESS, RunStatus.FAILED):
        desk.put(tasks[1].model_copy(update={"last_run_status": status, "model": "haiku"}))
        desk.update()
    opened[0]["name"] = "by hand"
    desk.save("tasks.json", json.dumps(opened))
    assert desk.take_in().changes == [Change("task", "changed", tasks[0].id)]
    desk.update()
    desk.put(a_task(job, "made meanwhile"))
    desk.update()
    opened[0]["name"] = "again"
    desk.save("tasks.json", json.dumps(opened))
    assert '"made meanwhile"' in desk.take_in().rejected[0].problem
    assert [task.name for task in desk.store.tasks.all()] == ["by hand", "types", "tests", "made meanwhile"]
    task = the_task(desk, tasks[1])
    assert (task.last_run_status, task.model) == (RunStatus.FAILED, "haiku")


def test_what_the_daemon_knows_is_not_put_back(peopled: Peopled) -> None:
    """An older file put back sets what a person may set, and leaves what the daemon knows."""
    desk, _, tasks = peopled
    old = desk.path("tasks.json").read_text()
    desk.put(tasks[1].model_copy(update={"last_run_status": RunStatus.FAILED, "model": "haiku"}))
    desk.update()
    desk.save("tasks.json", old)
    assert desk.take_in().rejected == []
    task = the_task(desk, tasks[1])
    assert (task.last_run_status, task.model) == (RunStatus.FAILED, "sonnet")


def test_what_was_deleted_meanwhile_stays_deleted(peopled: Peopled) -> None:
    """An untouched object that is gone from the record does not come back with another's edit."""
    desk, job, tasks = peopled
    with desk.store.transaction():
        desk.store.tasks.delete(tasks[2].id)
        desk.store.jobs.put(job.model_copy(update={"task_order": job.task_order[:2]}))
    desk.edit("tasks.json", lambda shown: shown[0].update(name="by hand"))
    assert desk.take_in().rejected == []
    assert desk.store.tasks.get(tasks[2].id) is None
    desk.update()
    desk.agree()


def test_a_task_moved_to_another_job(peopled: Peopled) -> None:
    """A task given another job's id leaves one order and joins the other, even as its old job goes."""
    desk, _, tasks = peopled
    other = a_job("other")
    desk.put(other)
    desk.update()
    desk.edit("tasks.json", lambda shown: shown[0].update(job_id=str(other.id)))
    desk.edit("jobs.json", lambda shown: shown.pop(0))
    assert desk.take_in().rejected == []
    assert [task.id for task in desk.store.tasks.all()] == [tasks[0].id]
    assert the_job(desk, other).task_order == [tasks[0].id]


def test_a_new_order_is_taken(peopled: Peopled) -> None:
    """A changed task_order is the new order; a task made meanwhile joins at its end."""
    desk, job, tasks = peopled
    new = a_task(job, "new")
    desk.put(new, job.model_copy(update={"task_order": [*job.task_order, new.id]}))
    desk.edit("jobs.json", lambda shown: shown[0]["task_order"].reverse())
    assert desk.take_in().rejected == []
    assert the_job(desk, job).task_order == [tasks[2].id, tasks[1].id, tasks[0].id, new.id]


def test_two_profiles_may_exchange_their_names(desk: Desk) -> None:
    """Names are unique when all is done, not at each step."""
    with desk.store.transaction():
        for name in ("a", "b"):
            desk.store.profiles.put(Profile(name=name))
    desk.update()

    def exchange(shown: Any) -> None:
        shown[0]["name"], shown[1]["name"] = "b", "a"

    desk.edit("profiles.json", exchange)
    assert desk.take_in().rejected == []
    assert [profile.name for profile in desk.store.profiles.all()] == ["b", "a"]


def test_settings_are_taken(desk: Desk) -> None:
    """Settings take effect, and what was set meanwhile stays."""
    with desk.store.transaction():
        desk.store.put_settings(desk.store.settings().model_copy(update={"stop_grace": 3.0}))
    desk.edit("settings.json", lambda shown: shown.update(max_concurrent_runs=7))
    intake = desk.take_in()
    assert (intake.taken, intake.changes) == (["settings.json"], [Change("settings", "changed", None)])
    settings = desk.store.settings()
    assert (settings.max_concurrent_runs, settings.stop_grace) == (7, 3.0)


def lines(text: str) -> list[str]:
    """A text's lines, the first at 1."""
    return ["", *text.splitlines()]


BAD_TASKS: dict[str, tuple[Callable[[list[Any]], object], str, str]] = {
    "unknown field": (lambda t: t[1].update(colour="red"), '"colour"', "no field of this name"),
    "wrong type": (lambda t: t[1].update(enabled="yes"), '"enabled": "yes"', "valid boolean"),
    "a number as text": (lambda t: t[1]["retry"].update(max_retries="5"), '"max_retries": "5"', "integer"),
    "unknown word": (lambda t: t[1]["schedule"].update(type="hourly"), '"hourly"', "'manual'"),
    "contradiction": (lambda t: t[1]["schedule"].update(type="interval"), '"schedule"', "needs interval_value"),
    "missing field": (lambda t: t[1].pop("command"), "{", "field is missing"),
    "no such job": (lambda t: t[1].update(job_id=str(uuid4())), '"job_id"', "there is no job"),
    "no such profile": (lambda t: t[1].update(profile=str(uuid4())), '"profile"', "there is no profile"),
    "same id twice": (lambda t: t[1].update(id=t[0]["id"]), '"id"', "has the same id"),
    "no id": (lambda t: t[1].update(id="seven"), '"id": "seven"', "no UUID"),
    "the daemon's field": (lambda t: t[1].update(last_run_status="success"), '"last_run_status"', "only the daemon"),
    "no object": (lambda t: t.insert(1, "task"), '"task"', "an object"),
    "no text": (lambda t: t[1].update(name="\ud800"), "{", "Unicode"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TASKS)
def test_a_bad_edit_is_rejected(peopled: Peopled, case: str) -> None:
    """The record stays, the person's file is kept beside it, and the problem names file, line and field."""
    desk, _, tasks = peopled
    change, on_line, reason = BAD_TASKS[case]
    desk.edit("tasks.json", lambda shown: (shown[0].update(name="good"), change(shown)))
    text = desk.path("tasks.json").read_text()
    intake = desk.take_in()
    assert (intake.taken, intake.changes) == ([], [])
    (rejection,) = intake.rejected
    where, problem = rejection.problem.split(": ", 1)
    file, line, *_field = where.split(", ")
    assert file == rejection.file == "tasks.json"
    assert on_line in lines(text)[int(line.removeprefix("line "))]
    assert reason in problem
    assert "tasks.json.rejected" in problem
    assert desk.store.tasks.all() == tasks
    kept = desk.path("tasks.json.rejected")
    assert kept.read_text() == text
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    desk.update()
    desk.agree()
    assert desk.take_in().rejected == []


def test_the_field_is_named_to_its_depth(peopled: Peopled) -> None:
    """A problem inside an object inside an object names the whole way."""
    desk, _, _ = peopled
    desk.edit("tasks.json", lambda shown: shown[2]["retry"].update(retry_delay=-1))
    assert ", retry.retry_delay: " in desk.take_in().rejected[0].problem


@pytest.mark.parametrize("text", ["", "{}", "[{]", '[{"name": 1, "name": 2}]', "[NaN]", "[" * 100_000, "\0"])
def test_what_is_no_list_of_objects_is_rejected(peopled: Peopled, text: str) -> None:
    """Anything else than a JSON list is refused, and nothing is deleted by it."""
    desk, job, _ = peopled
    desk.save("jobs.json", text)
    (rejection,) = desk.take_in().rejected
    assert rejection.problem.startswith("jobs.json")
    assert desk.store.jobs.all() == [job]
    desk.update()
    desk.agree()


BAD_ORDERS: dict[str, Callable[[list[str]], object]] = {
    "another's": lambda order: order.append(str(uuid4())),
    "twice": lambda order: order.append(order[0]),
    "left out": lambda order: order.pop(),
}


@pytest.mark.parametrize("case", BAD_ORDERS)
def test_a_bad_order_is_rejected(peopled: Peopled, case: str) -> None:
    """A task_order names each task of its job once, and no other."""
    desk, job, _ = peopled
    desk.edit("jobs.json", lambda shown: BAD_ORDERS[case](shown[0]["task_order"]))
    assert "jobs.json, line" in desk.take_in().rejected[0].problem
    assert the_job(desk, job) == job


def test_a_used_profile_is_not_deleted(peopled: Peopled) -> None:
    """A profile cannot be taken out while a job or a task needs it."""
    desk, job, _ = peopled
    profile = Profile(name="work")
    with desk.store.transaction():
        desk.store.profiles.put(profile)
        desk.store.jobs.put(job.model_copy(update={"profile": profile.id}))
    desk.update()
    desk.save("profiles.json", "[]")
    assert 'the job "nightly" uses it' in desk.take_in().rejected[0].problem
    desk.update()
    desk.save("profiles.json", "[]")
    desk.edit("jobs.json", lambda shown: shown[0].update(profile=None))
    assert desk.take_in().rejected == []


def test_two_profiles_of_one_name_are_rejected(desk: Desk) -> None:
    """A second profile of the same name is refused by its line."""
    desk.save("profiles.json", '[\n{"name": "a"},\n{"name": "a"}]')
    assert "profiles.json, line 2, name: another profile" in desk.take_in().rejected[0].problem


def test_a_task_with_runs_is_not_deleted(peopled: Peopled) -> None:
    """A line less in a file does not take the record of what has happened with it."""
    desk, job, tasks = peopled
    run = a_run(job, tasks[0], status=RunStatus.RUNNING)
    desk.put(run)
    desk.update()
    desk.save("jobs.json", "[]")
    assert f"ccsched tasks delete {tasks[0].id}" in desk.take_in().rejected[0].problem
    assert desk.store.runs.count() == 1


def test_runs_are_not_edited(peopled: Peopled) -> None:
    """The record of what happened proves something only if nobody can write it."""
    desk, job, tasks = peopled
    desk.put(a_run(job, tasks[0], status=RunStatus.FAILED))
    desk.update()
    desk.edit("runs.json", lambda shown: shown[0].update(status="success"))
    (rejection,) = desk.take_in().rejected
    assert (rejection.file, desk.shown("runs.json.rejected")[0]["status"]) == ("runs.json", "success")
    desk.update()
    desk.agree()


def test_the_check_is_asked_and_its_field_named(peopled: Peopled) -> None:
    """What the store cannot know is asked for changed objects alone, and a refusal has its line."""
    desk, _, tasks = peopled
    asked: list[object] = []

    class NoSuchZone(ValueError):
        field = "schedule.timezone"

    def check(record: object) -> None:
        asked.append(record)
        if isinstance(record, Task) and record.schedule.timezone:
            raise NoSuchZone(f"there is no time zone {record.schedule.timezone}")

    desk.check = check
    desk.edit("tasks.json", lambda shown: shown[1]["schedule"].update(timezone="Mars"))
    text = desk.path("tasks.json").read_text()
    (rejection,) = desk.take_in().rejected
    number = next(number for number, line in enumerate(lines(text)) if "Mars" in line)
    assert rejection.problem.startswith(f"tasks.json, line {number}, schedule.timezone: there is no time zone Mars")
    assert [record.id for record in asked if isinstance(record, Task)] == [tasks[1].id]


def test_a_half_written_file_is_waited_for(peopled: Peopled) -> None:
    """A file that is being written is not judged; whole, it is taken."""
    desk, job, _ = peopled
    whole = json.dumps([{**desk.shown("jobs.json")[0], "name": "slowly"}])
    path = desk.path("jobs.json")
    path.write_text(whole[:20])
    for _ in range(3):
        intake = desk.face.take_in()
        assert (intake.taken, intake.rejected) == ([], [])
        desk.ahead += 0.5
    path.write_text(whole)
    desk.ahead = 0.0
    assert desk.face.take_in().taken == []
    desk.ahead = 0.4
    assert desk.face.take_in().taken == ["jobs.json"]
    assert the_job(desk, job).name == "slowly"


def test_a_broken_file_is_waited_for_some_seconds_only(peopled: Peopled) -> None:
    """A file that stays broken is rejected, even if it never lies still."""
    desk, _, _ = peopled
    calls = 0
    while not desk.face.take_in().rejected:
        with desk.path("jobs.json").open("a") as file:
            file.write("x")
        desk.ahead += 0.2
        calls += 1
        assert calls < 20
    assert calls > 10
    desk.save("jobs.json", "[")
    assert [rejection.file for rejection in desk.face.take_in(patient=False).rejected] == ["jobs.json"]


def test_the_edit_of_a_stopped_daemon_is_taken_at_start(peopled: Peopled, open_desk: Callable[[], Desk]) -> None:
    """What a person edits while no daemon lives is taken in by the next one."""
    desk, job, _ = peopled
    desk.put(job.model_copy(update={"description": "last"}))
    desk.update()
    desk.store.close()
    desk.edit("jobs.json", lambda shown: shown[0].update(description=""))
    intake = open_desk().face.start()
    assert intake.changes == [Change("job", "changed", job.id)]


def test_an_older_file_put_back_while_stopped(peopled: Peopled, open_desk: Callable[[], Desk]) -> None:
    """Once the daemon knows its last content in place, the one before it is an edit, and not its own."""
    desk, job, _ = peopled
    old = desk.path("jobs.json").read_text()
    desk.put(job.model_copy(update={"description": "new"}))
    desk.update()
    desk.store.close()
    desk.save("jobs.json", old)
    again = open_desk()
    assert again.face.start().taken == ["jobs.json"]
    assert the_job(again, job).description == ""


@pytest.mark.parametrize("in_place", [False, True])
def test_a_crash_between_record_and_file(peopled: Peopled, open_desk: Callable[[], Desk], in_place: bool) -> None:
    """A daemon killed around the rename knows either content for its own, and an edit of either for one."""
    desk, job, _ = peopled
    desk.put(job.model_copy(update={"description": "recorded"}))
    pending = desk.face.render()
    assert pending is not None
    if in_place:
        desk.face.write(pending)
    desk.store.close()
    first = open_desk()
    assert first.face.start().taken == []
    first.agree()
    first.put(job.model_copy(update={"description": "again"}))
    pending = first.face.render()
    assert pending is not None
    if in_place:
        first.face.write(pending)
    first.store.close()
    first.edit("jobs.json", lambda shown: shown[0].update(name="by hand"))
    second = open_desk()
    assert second.face.start().changes == [Change("job", "changed", job.id)]
    kept = the_job(second, job)
    assert (kept.name, kept.description) == ("by hand", "again")
    second.agree()


def test_an_edit_is_taken_once(peopled: Peopled, open_desk: Callable[[], Desk]) -> None:
    """A daemon killed after it took an edit, and before it wrote the file anew, does not take it again."""
    desk, _, _ = peopled
    desk.edit("jobs.json", lambda shown: shown.append({"name": "x", "working_directory": {"path": "/"}}))
    assert desk.take_in().taken == ["jobs.json"]
    desk.store.close()
    again = open_desk()
    assert again.face.start().taken == []
    assert again.store.jobs.count() == 2
    again.agree()
