"""Jobs that leave one daemon and come in at another, over the sockets of both."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, RpcFailed
from tests.unit.exchange.samples import EARLIER, line_of

NIGHTLY = {"type": "calendar", "cron_expression": "0 2 * * *", "timezone": "Europe/Berlin"}


def furnished(daemon: House, directory: Path) -> dict[str, Any]:
    """A job of two tasks with a profile; the second comes first."""
    profile = daemon.call("profiles.create", name="day job", env_vars=[{"name": "KEY", "value": "s3cr3t"}])
    job = daemon.job(directory, "nightly", use_git_worktree=True, worktree_name="night")
    tests = daemon.task(job, "tests", "Make the tests green", schedule={"type": "sequential"})
    lint = daemon.task(job, "lint", "say hello", schedule=NIGHTLY, profile=profile["id"])
    daemon.call("jobs.set_order", job="nightly", tasks=[lint["id"], tests["id"]])
    return job


def exported(daemon: House, **params: object) -> str:
    return json.dumps(daemon.call("jobs.export", **params), indent=1)


def alike(record: dict[str, Any]) -> dict[str, Any]:
    """What is the same of a record on both sides."""
    own = {"id", "job_id", "task_order", "profile", "created_at", "updated_at"}
    return {field: value for field, value in record.items() if field not in own}


def test_a_job_goes_from_one_daemon_to_another(here: House, there: House, repo: Path) -> None:
    """With its tasks in order, its worktree, its schedule and the profile of that name over there."""
    furnished(here, repo)
    ours = there.call("profiles.create", name="day job")
    made = there.call("jobs.import", content=exported(here), file="jobs.json")
    (job,) = there.call("jobs.list")["jobs"]
    tasks = there.call("jobs.tasks", job="nightly")
    assert (made["dry_run"], made["jobs"], [task["name"] for task in tasks]) == (False, [job], ["lint", "tests"])
    assert [alike(task) for task in tasks] == [alike(task) for task in here.call("jobs.tasks", job="nightly")]
    assert alike(job) == alike(here.call("jobs.get", job="nightly"))
    assert tasks[0]["profile"] == ours["id"]
    assert made["notes"] == ['profile "day job": the one of this name here is used']
    (entry,) = there.call("scheduler.list")["scheduled"]
    assert entry["task_id"] == tasks[0]["id"]


def test_no_secret_leaves(here: House, repo: Path) -> None:
    """A document goes where a secret should not."""
    furnished(here, repo)
    assert "s3cr3t" not in exported(here)
    assert here.call("jobs.export")["profiles"] == [
        {"id": here.call("profiles.get", profile="day job")["id"], "name": "day job"}
    ]


def test_only_what_is_asked_for_leaves(here: House, repo: Path) -> None:
    """Jobs by name or id, in the order asked for; all of them if none is named."""
    for name in ("one", "two", "three"):
        here.task(here.job(repo, name), f"of {name}", "say hello")
    document = here.call("jobs.export", jobs=["three", "one", "three"])
    assert [job["name"] for job in document["jobs"]] == ["three", "one"]
    assert [task["name"] for task in document["tasks"]] == ["of three", "of one"]
    assert len(here.call("jobs.export")["jobs"]) == 3


def test_a_copy_beside_the_original(here: House, repo: Path, tmp_path: Path) -> None:
    """The same daemon takes it in anew, in another directory; the original stays as it was."""
    (tmp_path / "elsewhere").mkdir()
    task = here.task(here.job(repo, "one"), "hello", "say hello")
    content = exported(here)
    made = here.call("jobs.import", content=content, file="x", working_directory=str(tmp_path / "elsewhere"))
    assert len(here.call("jobs.list")["jobs"]) == 2
    assert here.call("tasks.get", task=task["id"]) == task
    run = here.ended(here.call("tasks.run", task=made["tasks"][0]["id"]))
    assert (run["status"], run["working_directory"]) == ("success", str(tmp_path / "elsewhere"))


def test_a_dry_run_makes_nothing(here: House, there: House, repo: Path) -> None:
    """It answers what would be made."""
    here.task(here.job(repo, "one"), "hello", "say hello")
    told = there.call("jobs.import", content=exported(here), file="x", dry_run=True)
    assert (told["dry_run"], told["jobs"][0]["name"], told["tasks"][0]["name"]) == (True, "one", "hello")
    assert there.call("jobs.list")["jobs"] == []


@pytest.mark.parametrize(
    ("change", "needle", "field"),
    [
        pytest.param(
            ('"cron_expression": "0 2 * * *"', '"cron_expression": "0 2 30 2 *"'),
            "0 2 30 2 *",
            "tasks.0.schedule.cron_expression",
            id="never-due",
        ),
        pytest.param(
            ('"Europe/Berlin"', '"Europe/Berlon"'), "Europe/Berlon", "tasks.0.schedule.timezone", id="no-such-zone"
        ),
        pytest.param(
            ('"worktree_branch": "main"', '"worktree_branch": "x"'), '"working_directory"', None, id="no-branch"
        ),
        pytest.param(('"name": "lint"', '"name": "lint", "nam": 1'), '"nam"', "tasks.0.nam", id="no-such-field"),
        pytest.param(('"name": "day job"', '"name": "x"'), None, "tasks.0.profile", id="no-such-profile"),
    ],
)
def test_what_is_refused_leaves_nothing(
    here: House, there: House, repo: Path, change: tuple[str, str], needle: str | None, field: str | None
) -> None:
    """Not one job of a file, and the person is told file, line and field."""
    furnished(here, repo)
    there.call("profiles.create", name="day job")
    content = exported(here)
    assert change[0] in content
    content = content.replace(*change)
    with pytest.raises(RpcFailed) as failure:
        there.call("jobs.import", content=content, file="/home/me/jobs.json")
    if needle:
        assert failure.value.data["line"] == line_of(content.encode(), needle)
    assert failure.value.data["field"] == field or field is None
    assert failure.value.message.startswith("/home/me/jobs.json, line ")
    assert there.call("jobs.list")["jobs"] == []


def test_an_export_of_the_earlier_application_comes_in(here: House, repo: Path) -> None:
    """Its job runs here."""
    content = (EARLIER / "export.json").read_text()
    made = here.call("jobs.import", content=content, file="garden.json", working_directory=str(repo))
    (task,) = here.call("jobs.tasks", job="garden")
    assert task["schedule"]["cron_expression"] == "45 6 * * 0,1,5"
    assert made["notes"][0].startswith("line ")
    (run,) = here.call("jobs.run", job="garden")["runs"]
    assert here.ended(run)["status"] == "success"


def test_500_jobs_come_in_at_once(here: House, there: House, tmp_path: Path) -> None:
    """In one transaction; the daemon answers others all the same."""
    (tmp_path / "work").mkdir()
    for name in ("one", "two"):
        here.task(here.job(tmp_path / "work", name), "hello", "say hello")
    document = here.call("jobs.export")
    jobs, tasks = document["jobs"], document["tasks"]
    many: dict[str, list[dict[str, Any]]] = {"jobs": [], "tasks": []}
    for number in range(250):
        for job, task in zip(jobs, tasks, strict=True):
            ids = [f"{number:08d}{record['id'][8:]}" for record in (job, task)]
            many["jobs"].append({**job, "id": ids[0], "task_order": [ids[1]]})
            many["tasks"].append({**task, "id": ids[1], "job_id": ids[0]})
    there.call("jobs.import", content=json.dumps({**document, **many}), file="x")
    assert len(there.call("jobs.list")["jobs"]) == 500
    assert len(there.call("tasks.list")["tasks"]) == 500
