"""A data directory of the earlier application taken over as a whole, once and again."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from scheduler_daemon.exchange.earlier import Present, Takeover, migrate
from scheduler_daemon.model.enums import CommandType, EnvVarSource, JobStatus, RunStatus
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.store.documents import Unacceptable
from tests.unit.exchange.samples import EARLIER, JOB, TASK, earlier_job, earlier_task, line_of

FILES = ("jobs.json", "tasks.json", "runs.json", "profiles.json", "settings.json")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No log of this machine's is found, and ~/projects is not there."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The sample directory."""
    made = tmp_path / "earlier"
    made.mkdir()
    for name in FILES:
        shutil.copy(EARLIER / name, made)
    return made


def write(folder: Path, **files: object) -> Path:
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value, indent=1))
    return folder


def present(takeover: Takeover) -> Present:
    """What is here after a takeover."""
    return Present(
        takeover.jobs,
        takeover.tasks,
        {run.id for run in takeover.runs},
        takeover.profiles,
        takeover.settings or Settings(),
    )


def messages(takeover: Takeover, object_: str) -> list[tuple[str, str]]:
    return [(note.result.value, note.message) for note in takeover.lines if note.object == object_]


def test_everything_is_taken_with_its_id(folder: Path) -> None:
    """Jobs, tasks, runs and profiles, each as it was called."""
    takeover = migrate(folder, Present())
    garden, strays = takeover.jobs
    weed, water, look = takeover.tasks
    assert (garden.id, garden.status, garden.task_order) == (JOB, JobStatus.COMPLETED, [water.id, weed.id])
    assert weed.id == TASK
    assert (weed.last_run_status, weed.created_at.year) == (RunStatus.SUCCESS, 2030)
    assert (water.command_type, water.command) == (CommandType.SLASH_COMMAND, "/water the roses")
    assert (look.job_id, look.enabled, strays.task_order) == (strays.id, False, [look.id])
    (shed,) = takeover.profiles
    assert [variable.source for variable in shed.env_vars] == [
        EnvVarSource.STATIC,
        EnvVarSource.AWS_SECRETS_MANAGER,
        EnvVarSource.ENVIRONMENT,
    ]
    assert garden.profile == shed.id
    assert [run.task_name for run in takeover.runs] == ["weed, as it was called", "water"]
    assert takeover.settings == Settings(max_concurrent_runs=5, agent_command=["/bin/sh"])


def test_all_is_said_file_by_file(folder: Path) -> None:
    """What was taken, what was changed, what was left out, each with its line."""
    takeover = migrate(folder, Present())
    assert [list(note.to_dict().values())[:4] for note in takeover.lines] == [
        ["profiles.json", 2, 'profile "shed"', "taken"],
        ["jobs.json", 2, 'job "garden"', "taken"],
        ["jobs.json", 13, 'job "garden"', "changed"],
        ["jobs.json", 14, 'job "garden"', "changed"],
        ["jobs.json", 12, 'job "garden"', "changed"],
        ["jobs.json", 18, 'job "garden"', "left_out"],
        ["jobs.json", 16, 'job "garden"', "changed"],
        ["jobs.json", 10, 'job "garden"', "taken"],
        ["tasks.json", 2, 'task "weed"', "taken"],
        ["tasks.json", 15, 'task "water"', "taken"],
        ["tasks.json", 15, 'task "water"', "changed"],
        ["tasks.json", 26, 'task "look around"', "taken"],
        ["tasks.json", 26, 'task "look around"', "changed"],
        ["tasks.json", 28, 'job "Tasks without a job"', "changed"],
        ["tasks.json", 26, 'job "Tasks without a job"', "taken"],
        ["runs.json", 1, "runs", "taken"],
        ["runs.json", 32, 'task "dig"', "left_out"],
        ["runs.json", 6, "run 33333333-0000-4000-8000-000000000002", "changed"],
        ["settings.json", 3, 'setting "max_concurrent_tasks"', "taken"],
        ["settings.json", 5, 'setting "claude_cli_path"', "taken"],
        ["settings.json", 2, 'setting "theme"', "left_out"],
        ["settings.json", 4, 'setting "mock_mode"', "left_out"],
    ]


def test_twice_takes_nothing(folder: Path) -> None:
    """What is here is left out, and said to be."""
    again = migrate(folder, present(migrate(folder, Present())))
    assert (again.jobs, again.tasks, again.runs, again.profiles, again.settings) == ([], [], [], [], None)
    assert messages(again, 'job "garden"') == [("left_out", "it is here already, and stays as it is")]
    assert messages(again, 'task "look around"') == [("left_out", "it is here already, and stays as it is")]
    assert messages(again, "runs") == [("left_out", "runs that are here already: 2")]


def test_a_new_task_of_a_job_that_is_here_is_left_out(folder: Path) -> None:
    """A job that is here is a person's own business by now; new jobs and new runs still come."""
    first = migrate(folder, Present())
    tasks, jobs, runs = (json.loads((folder / f"{name}.json").read_text()) for name in ("tasks", "jobs", "runs"))
    fresh = "22222222-0000-4000-8000-0000000000aa"
    job = "11111111-0000-4000-8000-0000000000aa"
    run = "33333333-0000-4000-8000-0000000000aa"
    write(
        folder,
        jobs=[*jobs, earlier_job(id=job, name="orchard", task_order=[])],
        tasks=[*tasks, earlier_task(id=fresh, name="prune")],
        runs=[{**runs[1], "id": run}, *runs],
    )
    again = migrate(folder, present(first))
    assert [each.name for each in again.jobs] == ["orchard"]
    assert again.tasks == []
    assert [str(each.id) for each in again.runs] == [run]
    assert messages(again, 'task "prune"') == [("left_out", "its job is here already, and stays as it is")]


def test_a_directory_that_is_not_there_is_no_reason_to_refuse(folder: Path) -> None:
    """A disk may come back; it is said which job cannot work today."""
    takeover = migrate(folder, Present())
    assert messages(takeover, 'job "garden"')[-1] == (
        "taken",
        "working_directory: the working directory /nowhere/garden does not exist; create it or name another",
    )


def test_a_task_whose_job_is_gone_is_not_lost(tmp_path: Path) -> None:
    """It ran without one there, and so it does in the job of such tasks here."""
    gone = "11111111-0000-4000-8000-00000000dead"
    takeover = migrate(write(tmp_path, tasks=[earlier_task(job_id=gone)]), Present())
    (job,) = takeover.jobs
    assert (job.name, job.working_directory.path, takeover.tasks[0].job_id) == (
        "Tasks without a job",
        "~/projects",
        job.id,
    )
    assert messages(takeover, 'job "Tasks without a job"')[0] == (
        "changed",
        "job_id: a task without a job is in this one, and works in ~/projects as it did",
    )


@pytest.mark.parametrize(
    ("profile", "noted"),
    [
        pytest.param("", ("changed", "profile: an empty one is none"), id="empty"),
        pytest.param(
            "aaaaaaaa-0000-4000-8000-00000000dead",
            ("left_out", "profile: there is no such profile, there or here"),
            id="unknown",
        ),
        pytest.param("shed", ("left_out", "profile: there is no such profile, there or here"), id="no-id"),
    ],
)
def test_a_profile_that_is_nowhere_is_left_out(tmp_path: Path, profile: str, noted: tuple[str, str]) -> None:
    """It was no reason not to run there."""
    folder = write(tmp_path, jobs=[earlier_job(profile=profile)], tasks=[earlier_task(profile=profile)])
    takeover = migrate(folder, Present())
    assert (takeover.jobs[0].profile, takeover.tasks[0].profile) == (None, None)
    assert messages(takeover, 'job "garden"')[1] == noted
    assert messages(takeover, 'task "weed"')[1] == noted


@pytest.mark.parametrize(
    ("given", "ours", "noted"),
    [
        pytest.param("success", RunStatus.SUCCESS, [], id="success"),
        pytest.param("cancelled", RunStatus.CANCELLED, [], id="cancelled"),
        pytest.param(
            "running",
            RunStatus.FAILED,
            [("changed", "last_run_status: its run was cut off, so it is failed")],
            id="running",
        ),
        pytest.param("odd", None, [("left_out", "last_run_status: odd is not how a run ends")], id="unknown"),
    ],
)
def test_the_last_status_of_a_task(
    tmp_path: Path, given: str, ours: RunStatus | None, noted: list[tuple[str, str]]
) -> None:
    """Nothing runs any more, so no task's last run does."""
    takeover = migrate(
        write(tmp_path, jobs=[earlier_job(status="in_progress")], tasks=[earlier_task(last_run_status=given)]),
        Present(),
    )
    assert takeover.tasks[0].last_run_status is ours
    assert messages(takeover, 'task "weed"')[1:] == noted
    assert takeover.jobs[0].status is JobStatus.FAILED
    assert messages(takeover, 'job "garden"')[1] == ("changed", "status: its runs were cut off, so it is failed")


def test_the_session_of_a_task_is_left_out(tmp_path: Path) -> None:
    """It is found in the runs."""
    folder = write(tmp_path, jobs=[earlier_job()], tasks=[earlier_task(last_session_id="44444444")])
    assert messages(migrate(folder, Present()), 'task "weed"')[1:] == [
        ("left_out", "last_session_id: the session a task goes on with is that of its newest run")
    ]


@pytest.mark.parametrize(
    ("given", "current", "ours", "noted"),
    [
        pytest.param(
            {"max_concurrent_tasks": 5},
            Settings(),
            Settings(max_concurrent_runs=5),
            ("taken", "max_concurrent_tasks: it is max_concurrent_runs here"),
            id="taken",
        ),
        pytest.param(
            {"max_concurrent_tasks": 3},
            Settings(),
            None,
            ("taken", "max_concurrent_tasks: it is max_concurrent_runs here"),
            id="the-same",
        ),
        pytest.param(
            {"max_concurrent_tasks": 5},
            Settings(max_concurrent_runs=7),
            None,
            ("left_out", "max_concurrent_tasks: max_concurrent_runs is set here already"),
            id="set-here",
        ),
        pytest.param(
            {"claude_cli_path": "/bin/sh"},
            Settings(time_limit=60),
            Settings(agent_command=["/bin/sh"], time_limit=60),
            ("taken", "claude_cli_path: it is agent_command here"),
            id="agent",
        ),
        pytest.param(
            {"claude_cli_path": "/nowhere/claude"},
            Settings(),
            None,
            ("left_out", "claude_cli_path: there is no such program"),
            id="agent-that-is-gone",
        ),
        pytest.param({"claude_cli_path": ""}, Settings(), None, None, id="no-agent"),
        pytest.param(
            {"run_retention_count": 20},
            Settings(),
            Settings(run_retention_count=20),
            ("taken", "run_retention_count: it is run_retention_count here"),
            id="runs-kept",
        ),
        pytest.param(
            {"log_retention_days": 7},
            Settings(),
            Settings(log_retention_days=7),
            ("taken", "log_retention_days: it is log_retention_days here"),
            id="logs-kept",
        ),
        pytest.param(
            {"mock_mode": True},
            Settings(),
            None,
            ("left_out", "mock_mode: the agent is always run for real here"),
            id="mock-mode",
        ),
        pytest.param(
            {"window_width": 1450},
            Settings(),
            None,
            ("left_out", "window_width: there is no such setting here"),
            id="no-equivalent",
        ),
        pytest.param({"window_x": None}, Settings(), None, None, id="nothing"),
    ],
)
def test_settings(
    tmp_path: Path, given: dict[str, Any], current: Settings, ours: Settings | None, noted: tuple[str, str] | None
) -> None:
    """What has an equivalent is taken where nobody has set it here; the rest is noted."""
    takeover = migrate(write(tmp_path, settings=given), Present(settings=current))
    assert takeover.settings == ours
    assert [(note.result.value, note.message) for note in takeover.lines] == ([noted] if noted else [])


@pytest.mark.parametrize("kept", FILES)
def test_one_file_is_enough(folder: Path, kept: str) -> None:
    """A file that is missing is as good as an empty one."""
    for name in set(FILES) - {kept}:
        (folder / name).unlink()
    takeover = migrate(folder, Present())
    assert {note.file for note in takeover.lines} == {kept}


@pytest.mark.parametrize("there", ["empty", "a file", "nothing"])
def test_a_directory_of_something_else_is_refused(tmp_path: Path, there: str) -> None:
    """The files that were looked for are named."""
    folder = tmp_path / "x"
    if there == "empty":
        folder.mkdir()
    elif there == "a file":
        folder.write_text("[]")
    with pytest.raises(Unacceptable) as failure:
        migrate(folder, Present())
    assert failure.value.file == str(folder)
    assert not [name for name in FILES if name not in str(failure.value)]


def a_task(change: dict[str, Any]) -> Callable[[Any], Sequence[Any]]:
    return lambda tasks: [{**tasks[0], **change}, *tasks[1:]]


@pytest.mark.parametrize(
    ("name", "text", "line", "field", "message"),
    [
        pytest.param("jobs.json", "[\n{", 2, "", "this is not JSON", id="truncated"),
        pytest.param("tasks.json", "{}", 1, "", "a list of objects, [ ... ], is wanted here", id="no-list"),
        pytest.param("runs.json", "[\n7\n]", 2, "", "an object, { ... }, is wanted here", id="no-object"),
        pytest.param("settings.json", "[]", 1, "", "an object, { ... }, is wanted here", id="no-settings"),
        pytest.param(
            "settings.json",
            '{\n"max_concurrent_tasks": 0}',
            2,
            "max_concurrent_tasks",
            "greater than or equal to 1",
            id="setting",
        ),
        pytest.param("profiles.json", "[\n{}\n]", 2, "id", "this field is missing", id="no-id"),
        pytest.param("jobs.json", '[{"id": 1,\n"id": 2}]', 2, "id", "twice", id="a-field-twice"),
    ],
)
def test_a_broken_file_refuses_everything(
    folder: Path, name: str, text: str, line: int, field: str, message: str
) -> None:
    """With file, line and field."""
    (folder / name).write_text(text)
    with pytest.raises(Unacceptable) as failure:
        migrate(folder, Present())
    error = failure.value
    assert (error.file, error.line, error.field) == (name, line, field)
    assert message in str(error)


def test_a_file_that_cannot_be_read_refuses_everything(folder: Path) -> None:
    """A part of the record left out would go unnoticed."""
    (folder / "runs.json").unlink()
    (folder / "runs.json").mkdir()
    with pytest.raises(Unacceptable, match=r"runs\.json: this cannot be read"):
        migrate(folder, Present())


def test_files_of_ccsched_itself_are_refused(tmp_path: Path) -> None:
    """Taken for another's, each schedule in them would be lost."""
    task = {**earlier_task(), "schedule": {"type": "calendar", "cron_expression": "0 2 * * *"}}
    folder = write(tmp_path, jobs=[earlier_job()], tasks=[task])
    with pytest.raises(Unacceptable) as failure:
        migrate(folder, Present())
    error = failure.value
    assert (error.file, error.field) == ("tasks.json", "schedule.type")
    assert "starting ccschedd with the --home it is in" in str(error)


def test_the_caller_refuses_by_place(folder: Path) -> None:
    """What the daemon finds wrong later is said of file, line and field, in the file's own words."""
    takeover = migrate(folder, Present())
    water = takeover.tasks[1]
    error = takeover.refuse(water.id, ("schedule", "interval_value"), "too often")
    content = (folder / "tasks.json").read_bytes()
    assert (error.file, error.line, error.field) == (
        "tasks.json",
        line_of(content, "interval_preset"),
        "schedule.interval_preset",
    )
    error = takeover.refuse(takeover.jobs[0].id, ("name",), "no")
    assert (error.file, error.line, error.field) == ("jobs.json", 4, "name")
    error = takeover.refuse(takeover.profiles[0].id, ("env_vars", 1), "no")
    assert (error.file, error.line, error.field) == ("profiles.json", 8, "env_vars.1")
    assert isinstance(water.id, UUID)
