"""How a job of the earlier application is said here, and what is noted of it."""

import json
from typing import Any
from uuid import UUID

import pytest

from scheduler_daemon.exchange.incoming import Incoming, read
from scheduler_daemon.model.enums import JobStatus
from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.store.documents import Unacceptable
from tests.unit.exchange.samples import SPARE, WORK, earlier_job, earlier_task, line_of

ONE, TWO, THREE = (f"22222222-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))


def document(*, version: str = "1.0", tasks: list[dict[str, Any]] | None = None, **fields: Any) -> bytes:
    its = [earlier_task()] if tasks is None else tasks
    exported = {"version": version, "job": earlier_job(**fields), "tasks": its, "metadata": {}}
    return json.dumps(exported, indent=1).encode()


def imported(**fields: Any) -> tuple[Incoming, list[str]]:
    """What comes in, and what is noted of the job without line and name."""
    incoming = read("x.json", document(**fields), [WORK, SPARE])
    return incoming, [note.partition('job "garden": ')[2] for note in incoming.notes]


def a_new_worktree(name: str) -> str:
    return (
        f"working_directory.use_git_worktree: the worktree is .claude/worktrees/{name} here. Where the branch {name} "
        f"is there from trees/{name}, no run will start: remove that worktree and hand its branch over with: "
        f"git config branch.{name}.ccsched true; or choose another name with: ccsched jobs update JOB "
        "--worktree-name NAME"
    )


WORKTREE = {"path": "/srv/garden", "use_git_worktree": True}
NO_PATH = "working_directory: none is given, so it is ~/projects, as it was"


@pytest.mark.parametrize(
    ("given", "ours", "notes"),
    [
        pytest.param({"path": "~/garden"}, JobWorkingDirectory(path="~/garden"), [], id="a-path"),
        pytest.param("/srv/garden", JobWorkingDirectory(path="/srv/garden"), [], id="a-plain-text"),
        pytest.param(None, JobWorkingDirectory(path="~/projects"), [NO_PATH], id="none"),
        pytest.param({}, JobWorkingDirectory(path="~/projects"), [NO_PATH], id="empty"),
        pytest.param(
            {"path": "/srv", "worktree_name": "", "worktree_branch": ""},
            JobWorkingDirectory(path="/srv"),
            [],
            id="blank",
        ),
        pytest.param(
            {**WORKTREE, "worktree_name": "beds", "worktree_branch": "develop"},
            JobWorkingDirectory(
                path="/srv/garden", use_git_worktree=True, worktree_name="beds", worktree_branch="develop"
            ),
            [a_new_worktree("beds")],
            id="a-worktree",
        ),
        pytest.param(
            {**WORKTREE, "worktree_name": None, "worktree_branch": None},
            JobWorkingDirectory(
                path="/srv/garden", use_git_worktree=True, worktree_name="job-11111111", worktree_branch="main"
            ),
            [
                "working_directory.worktree_name: none is given, so it is job-11111111, as it was",
                "working_directory.worktree_branch: none is given, so it is main",
                a_new_worktree("job-11111111"),
            ],
            id="a-worktree-without-a-name",
        ),
        pytest.param(
            {"path": "/srv", "shared": True},
            JobWorkingDirectory(path="/srv"),
            ["working_directory.shared: there is no such field here"],
            id="unknown-field",
        ),
    ],
)
def test_working_directories(given: object, ours: JobWorkingDirectory, notes: list[str]) -> None:
    """Where it worked, in whichever way that was written."""
    incoming, noted = imported(working_directory=given)
    assert (incoming.jobs[0].working_directory, noted) == (ours, notes)


@pytest.mark.parametrize(
    ("given", "field", "ours", "notes"),
    [
        pytest.param({"description": "Weeds"}, "description", "Weeds", [], id="description"),
        pytest.param({"description": None}, "description", "", [], id="description-null"),
        pytest.param({"profile": str(WORK.id)}, "profile", WORK.id, [], id="profile"),
        pytest.param({"profile": "spare key"}, "profile", SPARE.id, [], id="profile-by-name"),
        pytest.param({"profile": ""}, "profile", None, [], id="profile-empty"),
        pytest.param({"status": "in_progress"}, "status", JobStatus.PENDING, [], id="no-past"),
        pytest.param({"owner": "me"}, "description", "", ["owner: there is no such field here"], id="unknown-field"),
    ],
)
def test_fields(given: dict[str, Any], field: str, ours: object, notes: list[str]) -> None:
    """Each field has its equivalent, or a note says what is there in its place."""
    incoming, noted = imported(**given)
    assert (getattr(incoming.jobs[0], field), noted) == (ours, notes)


def test_a_nameless_job_gets_a_name() -> None:
    """The one it had on the screen."""
    incoming = read("x.json", document(name=""), [])
    assert incoming.jobs[0].name == "Untitled Job"
    assert incoming.notes == ['line 5, job "": name: none is given, so it is Untitled Job']


def test_the_order_is_kept_in_step_with_the_tasks() -> None:
    """There, a task that was deleted or added by hand was not; here the order names each task once."""
    tasks = [earlier_task(id=id_, name=name) for id_, name in ((ONE, "one"), (TWO, "two"))]
    incoming, noted = imported(tasks=tasks, task_order=[TWO, THREE, TWO])
    names = {task.id: task.name for task in incoming.tasks}
    assert [names[id_] for id_ in incoming.jobs[0].task_order] == ["two", "one"]
    assert noted == [
        f"task_order.1: there is no task {THREE} in this job",
        f"task_order.2: the task {TWO} is named before",
        'task_order: task "one" is not named, so it is last',
    ]


def test_which_profile_comes_first_is_noted() -> None:
    """There the job's, here the task's own."""
    incoming, noted = imported(profile=str(WORK.id), tasks=[earlier_task(profile=str(SPARE.id))])
    assert (incoming.jobs[0].profile, incoming.tasks[0].profile) == (WORK.id, SPARE.id)
    assert noted == ["profile: a task's own comes first here, where the job's did: task \"weed\""]


@pytest.mark.parametrize("version", ["0.1.0", "0.2.1", "1", "1.0", "1.0.0", "1.12.3-rc.1"])
def test_versions(version: str) -> None:
    """Whatever version it wrote of itself."""
    assert read("x.json", document(version=version), []).jobs[0].name == "garden"


def test_an_export_without_tasks() -> None:
    """A job is a job."""
    incoming, noted = imported(tasks=[], task_order=[])
    assert (incoming.tasks, incoming.jobs[0].task_order, noted) == ([], [], [])


def test_another_working_directory() -> None:
    """It can be given for its exports as for ours."""
    incoming = read("x.json", document(), [], "/home/me/garden")
    assert incoming.jobs[0].working_directory.path == "/home/me/garden"
    assert incoming.notes == ['job "garden": it works in /home/me/garden, not in /']


@pytest.mark.parametrize(
    ("given", "field", "needle", "message"),
    [
        pytest.param({"id": "garden"}, "job.id", '"id": "garden"', "valid UUID", id="id"),
        pytest.param({"status": "done"}, "job.status", '"done"', "should be 'pending'", id="status"),
        pytest.param(
            {"working_directory": {"path": ""}}, "job.working_directory.path", '"path"', "at least 1", id="path"
        ),
        pytest.param(
            {"working_directory": 7}, "job.working_directory", '"working_directory"', "an object", id="directory"
        ),
        pytest.param({"task_order": ["x"]}, "job.task_order.0", '"x"', "valid UUID", id="order"),
        pytest.param({"name": "x" * 501}, "job.name", '"name"', "at most 500", id="long-name"),
        pytest.param(
            {"profile": "day job"}, "job.profile", '"day job"', "there is no profile day job here", id="profile"
        ),
    ],
)
def test_what_is_broken_is_refused(given: dict[str, Any], field: str, needle: str, message: str) -> None:
    """File, line and field are those of its own words."""
    content = document(**given)
    with pytest.raises(Unacceptable) as failure:
        read("x.json", content, [WORK])
    error = failure.value
    assert (error.file, error.line, error.field) == ("x.json", line_of(content, needle), field)
    assert message in str(error)


def test_an_export_without_its_job_is_refused() -> None:
    """Nothing says where its tasks are to work."""
    with pytest.raises(Unacceptable) as failure:
        read("x.json", b'{"version": "1.0", "tasks": []}', [])
    assert (failure.value.line, failure.value.field) == (1, "job")


def test_the_caller_refuses_by_place() -> None:
    """What the daemon finds wrong later is said of the line in the file."""
    content = document()
    incoming = read("x.json", content, [])
    assert isinstance(incoming.jobs[0].id, UUID)
    error = incoming.refuse(incoming.jobs[0].id, ("working_directory", "path"), "it is not there")
    assert (error.line, error.field) == (line_of(content, '"path"'), "job.working_directory.path")
