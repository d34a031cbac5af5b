"""Our own export read again: made new, or refused with file, line and field."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from scheduler_daemon.exchange.incoming import read
from scheduler_daemon.model.enums import JobStatus
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.store.documents import Unacceptable
from tests.unit.exchange.samples import DATA, SPARE, WORK, changed, line_of

EXPORT = DATA / "export.json"
PROFILES = [WORK, SPARE]


def test_jobs_and_tasks_are_made_new() -> None:
    """New ids everywhere, each task in its job, the order kept, and no past."""
    incoming = read("x.json", EXPORT.read_bytes(), PROFILES)
    nightly, weekly = incoming.jobs
    tests, lint, links = incoming.tasks
    assert nightly.task_order == [lint.id, tests.id]
    assert weekly.task_order == [links.id]
    assert (tests.job_id, lint.job_id, links.job_id) == (nightly.id, nightly.id, weekly.id)
    assert (nightly.status, tests.last_run_status) == (JobStatus.PENDING, None)
    old = EXPORT.read_text()
    ids = [*(job.id for job in incoming.jobs), *(task.id for task in incoming.tasks)]
    assert not [id_ for id_ in ids if str(id_) in old]


def test_twice_makes_two() -> None:
    """The same file again shares no id with the first time."""
    first, second = (read("x.json", EXPORT.read_bytes(), PROFILES) for _ in range(2))
    assert not {task.id for task in first.tasks} & {task.id for task in second.tasks}


def test_what_a_person_set_is_kept() -> None:
    """Worktree, schedule and profiles are those of the file."""
    incoming = read("x.json", EXPORT.read_bytes(), PROFILES)
    directory = incoming.jobs[0].working_directory
    assert directory.model_dump() == {
        "path": "/srv/shop",
        "use_git_worktree": True,
        "worktree_name": "nightly",
        "worktree_branch": "develop",
    }
    lint = incoming.tasks[1]
    assert (lint.schedule.cron_expression, lint.schedule.timezone) == ("0 2 * * *", "Europe/Berlin")
    assert (incoming.jobs[0].profile, lint.profile, incoming.tasks[0].profile) == (WORK.id, SPARE.id, None)
    assert not incoming.tasks[2].enabled


def test_a_task_that_the_order_does_not_name_comes_last() -> None:
    """In the order of the file, and it is said; the job "weekly" names none."""
    incoming = read("x.json", EXPORT.read_bytes(), PROFILES)
    assert incoming.notes == ['task "links": its job\'s order did not name it; it is last']


def test_a_profile_is_found_by_its_name() -> None:
    """On another machine the profile has another id, and is meant all the same."""
    other = Profile(name="work")
    incoming = read("x.json", EXPORT.read_bytes(), [other, SPARE])
    assert incoming.jobs[0].profile == other.id
    assert 'profile "work": the one of this name here is used' in incoming.notes


def test_the_id_of_a_profile_comes_before_its_name() -> None:
    """A profile that was renamed here is still the one."""
    renamed = WORK.model_copy(update={"name": "day job"})
    incoming = read("x.json", EXPORT.read_bytes(), [renamed, Profile(name="work"), SPARE])
    assert incoming.jobs[0].profile == WORK.id


def test_another_working_directory_is_that_of_all_jobs() -> None:
    """The worktree's settings stay, and it is said where a job works now."""
    incoming = read("x.json", EXPORT.read_bytes(), PROFILES, "/home/me/shop")
    assert [job.working_directory.path for job in incoming.jobs] == ["/home/me/shop"] * 2
    assert incoming.jobs[0].working_directory.worktree_name == "nightly"
    assert 'job "nightly": it works in /home/me/shop, not in /srv/shop' in incoming.notes


def test_a_document_without_its_head_is_enough() -> None:
    """Whoever writes one by hand need not say when and by whom."""
    written = {"version": "2.0", "jobs": [{"name": "j", "working_directory": {"path": "/"}}], "tasks": []}
    assert [job.name for job in read("x.json", json.dumps(written).encode(), []).jobs] == ["j"]


def refused(content: bytes, profiles: list[Profile] | None = None) -> Unacceptable:
    with pytest.raises(Unacceptable) as failure:
        read("x.json", content, PROFILES if profiles is None else profiles)
    return failure.value


def field_set(*path: str | int, to: object) -> Callable[[Any], object]:
    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


NO_TASK = "22222222-0000-4000-8000-00000000dead"
LINT = "22222222-0000-4000-8000-000000000002"
NIGHTLY = "11111111-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("change", "needle", "nth", "field", "message"),
    [
        pytest.param(
            field_set("jobs", 0, "nam", to="x"),
            '"nam"',
            1,
            "jobs.0.nam",
            "there is no field of this name",
            id="unknown",
        ),
        pytest.param(
            field_set("made_by", to="me"),
            '"made_by"',
            1,
            "made_by",
            "there is no field of this name",
            id="unknown-top",
        ),
        pytest.param(
            field_set("tasks", 1, "enabled", to="yes"),
            '"enabled": "yes"',
            1,
            "tasks.1.enabled",
            "input should be a valid boolean",
            id="wrong-kind",
        ),
        pytest.param(
            field_set("tasks", 1, "schedule", "type", to="hourly"),
            '"type": "hourly"',
            1,
            "tasks.1.schedule.type",
            "input should be 'manual'",
            id="wrong-word",
        ),
        pytest.param(
            field_set("tasks", to={}), '"tasks"', 1, "tasks", "input should be a valid array", id="not-a-list"
        ),
        pytest.param(lambda value: value.pop("jobs"), "{", 1, "jobs", "this field is missing", id="no-jobs"),
        pytest.param(
            field_set("tasks", 2, "job_id", to=NO_TASK),
            NO_TASK,
            1,
            "tasks.2.job_id",
            f"there is no job {NO_TASK} in this file",
            id="no-such-job",
        ),
        pytest.param(
            field_set("jobs", 0, "task_order", 1, to=NO_TASK),
            NO_TASK,
            1,
            "jobs.0.task_order.1",
            f"this job has no task {NO_TASK} in this file",
            id="order-of-nothing",
        ),
        pytest.param(
            field_set("jobs", 1, "task_order", to=[LINT]),
            LINT,
            2,
            "jobs.1.task_order.0",
            f"this job has no task {LINT} in this file",
            id="order-of-another-job",
        ),
        pytest.param(
            lambda value: value["jobs"][0]["task_order"].append(LINT),
            LINT,
            2,
            "jobs.0.task_order.2",
            f"the task {LINT} is named twice",
            id="order-names-twice",
        ),
        pytest.param(
            field_set("jobs", 1, "id", to=NIGHTLY),
            f'"id": "{NIGHTLY}"',
            2,
            "jobs.1.id",
            "the object in line 6 has the same id",
            id="same-id",
        ),
        pytest.param(
            field_set("tasks", 0, "id", to=LINT),
            f'"id": "{LINT}"',
            2,
            "tasks.1.id",
            "has the same id",
            id="same-task-id",
        ),
        pytest.param(
            field_set("version", to="2.1"), '"version"', 1, "version", "this is a later version than 2.0", id="newer"
        ),
        pytest.param(
            field_set("version", to="13.0"),
            '"version"',
            1,
            "version",
            "this is a later version than 2.0",
            id="newest",
        ),
        pytest.param(
            field_set("version", to="2.0.1"),
            '"version"',
            1,
            "version",
            "this is a later version",
            id="newer-a-little",
        ),
        pytest.param(
            field_set("version", to="2024"), '"version"', 1, "version", "this is a later version", id="newer-by-far"
        ),
        pytest.param(
            field_set("version", to=2), '"version"', 1, "version", "this is no version of an export", id="number"
        ),
        pytest.param(
            field_set("version", to="new"), '"version"', 1, "version", "this is no version of an export", id="word"
        ),
        pytest.param(lambda value: value.pop("version"), "{", 1, "version", "this field is missing", id="no-version"),
    ],
)
def test_what_cannot_be_is_refused(
    change: Callable[[Any], object], needle: str, nth: int, field: str, message: str
) -> None:
    """File, line and field are named, and what is wrong there."""
    content = changed(EXPORT, change)
    error = refused(content)
    assert (error.file, error.line, error.field) == ("x.json", line_of(content, needle, nth), field)
    assert message in str(error)


def test_a_field_that_is_missing_is_placed_at_its_object() -> None:
    """There is no better line for what is not there."""
    content = changed(EXPORT, lambda value: value["tasks"][1].pop("command"))
    error = refused(content)
    assert (error.line, error.field) == (line_of(content, f'"id": "{LINT}"') - 1, "tasks.1.command")


def test_a_profile_that_is_not_here_is_refused_by_its_name() -> None:
    """And the person is told how to make one."""
    error = refused(EXPORT.read_bytes(), [WORK])
    assert (error.line, error.field) == (line_of(EXPORT.read_bytes(), str(SPARE.id)), "tasks.1.profile")
    assert (
        "there is no profile \"spare key\" here; create it with: ccsched profiles create --name 'spare key'"
        in str(error)
    )


def test_a_profile_that_the_file_does_not_name_is_refused_by_its_id() -> None:
    """There is nothing else to call it."""
    content = changed(EXPORT, field_set("profiles", to=[]))
    error = refused(content, [])
    assert (error.line, error.field) == (line_of(content, str(WORK.id)), "jobs.0.profile")
    assert f"there is no profile {WORK.id} here" in str(error)


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        pytest.param(b"", 1, "this is not JSON", id="empty"),
        pytest.param(EXPORT.read_bytes()[:600], 20, "this is not JSON", id="truncated"),
        pytest.param(b'{"version": "2.0",\n"version": "2.0"}', 2, "twice", id="a-field-twice"),
        pytest.param(b"[]", 1, "an export, { ... }, is wanted here; ccsched jobs export writes one", id="a-list"),
        pytest.param(b"\n\n7", 3, "an export, { ... }, is wanted here", id="a-number"),
        pytest.param(b"{\n\xff}", 2, "this is not UTF-8 text", id="not-text"),
    ],
)
def test_what_is_no_document_is_refused(content: bytes, line: int, message: str) -> None:
    """With the line in which it goes wrong."""
    error = refused(content)
    assert (error.file, error.line) == ("x.json", line)
    assert message in str(error)


def test_the_caller_refuses_by_place() -> None:
    """What the daemon finds wrong later is said of the line in the file, under ids that the file does not have."""
    incoming = read("x.json", EXPORT.read_bytes(), PROFILES)
    error = incoming.refuse(incoming.tasks[1].id, ("schedule", "cron_expression"), "never due")
    assert (error.file, error.line, error.field) == (
        "x.json",
        line_of(EXPORT.read_bytes(), "cron_expression"),
        "tasks.1.schedule.cron_expression",
    )
    error = incoming.refuse(incoming.jobs[1].id, ("working_directory",), "it is not there")
    assert (error.line, error.field) == (line_of(EXPORT.read_bytes(), "/srv/docs"), "jobs.1.working_directory")


def test_ids_are_read_in_any_case() -> None:
    """A UUID in capitals is the same one."""
    content = changed(EXPORT, field_set("profiles", 0, "id", to=str(WORK.id).upper()))
    incoming = read("x.json", content, [Profile(name="work"), SPARE])
    assert 'profile "work": the one of this name here is used' in incoming.notes
