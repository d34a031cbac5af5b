"""Jobs that are exported and imported over the socket: all of a file or nothing of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, RpcFailed, until


def everything(daemon: House) -> list[Any]:
    """Jobs, tasks and due times."""
    return [daemon.call("jobs.list"), daemon.call("tasks.list"), daemon.call("scheduler.list")]


def a_job(daemon: House, path: Path) -> dict[str, Any]:
    """With three tasks, not in the order they were made, and two profiles."""
    for name in ("ours", "own"):
        daemon.call("profiles.create", name=name, env_vars=[{"name": "KEY", "value": "hunter2"}])
    job = daemon.call("jobs.create", name="nightly", working_directory={"path": str(path)}, profile="ours")
    daemon.task(job, "third", "say c", schedule={"type": "sequential"})
    daemon.task(job, "first", "say a", schedule={"type": "calendar", "cron_expression": "0 2 * * *"}, profile="own")
    daemon.task(job, "second", "say b", schedule={"type": "sequential"})
    daemon.call("jobs.set_order", job="nightly", tasks=["first", "second", "third"])
    found: dict[str, Any] = daemon.call("jobs.get", job="nightly")
    return found


def test_what_is_exported_is_imported_with_other_ids(daemon: House, tmp_path: Path) -> None:
    """The same jobs and tasks in the same order, with their profiles, due at the same time; no secret travels."""
    job = a_job(daemon, tmp_path)
    exported = json.dumps(daemon.call("jobs.export", jobs=["nightly"]))
    assert "hunter2" not in exported
    made = daemon.call("jobs.import", content=exported, file="nightly.json")
    (copy,) = made["jobs"]
    assert copy["id"] != job["id"]
    assert (copy["name"], copy["profile"]) == ("nightly", job["profile"])
    tasks = daemon.call("jobs.tasks", job=copy["id"])
    originals = daemon.call("jobs.tasks", job=job["id"])
    assert [task["name"] for task in tasks] == ["first", "second", "third"]
    assert not {task["id"] for task in tasks} & {task["id"] for task in originals}
    own = ("id", "job_id", "created_at", "updated_at")
    assert [{name: value for name, value in task.items() if name not in own} for task in tasks] == [
        {name: value for name, value in task.items() if name not in own} for task in originals
    ]
    due = daemon.call("scheduler.list")["scheduled"]
    assert len(due) == 2
    assert due[0]["next_due"] == due[1]["next_due"]
    until(lambda: copy["id"] in (daemon.home.path / "jobs.json").read_text(), "the file shows it")


def test_an_import_says_what_it_shares_with_what_is_here(daemon: House, repo: Path) -> None:
    """A name and a worktree: both are allowed, and neither is a surprise."""
    daemon.job(repo, name="nightly", use_git_worktree=True)
    made = daemon.call("jobs.import", content=json.dumps(daemon.call("jobs.export")))
    assert [note.split(" ", 3)[1:3] for note in made["notes"]] == [["job", "is"], ["'nightly'", "works"]]
    assert f"ccsched jobs update {made['jobs'][0]['id'][:8]} --worktree-name NAME" in made["notes"][1]


def test_a_dry_run_only_tells(daemon: House, tmp_path: Path) -> None:
    """What would be made, and nothing is."""
    a_job(daemon, tmp_path)
    exported = json.dumps(daemon.call("jobs.export"))
    before = everything(daemon)
    told = daemon.call("jobs.import", content=exported, dry_run=True)
    assert [task["name"] for task in told["tasks"]] == ["first", "second", "third"]
    assert everything(daemon) == before


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (lambda text: text[: len(text) // 2], ["job.json", "line", "not JSON"]),
        (lambda text: "nonsense", ["job.json", "line 1", "not JSON"]),
        (lambda text: text.replace('"2.0"', '"3.0"'), ["version", "later"]),
        (lambda text: text.replace('"first"', '"first", "nam": 1'), ["line", "nam"]),
        (lambda text: text.replace('"0 2 * * *"', '"0 0 30 2 *"'), ["line", "schedule.cron_expression"]),
        (lambda text: text.replace('"name": "ours"', '"name": "theirs"').replace("PROFILE", "0"), ["profile"]),
        (lambda text: text.replace('"path": "', '"path": "/nowhere'), ["line", "working_directory", "/nowhere"]),
    ],
    ids=["truncated", "no JSON", "newer", "unknown field", "never due", "foreign profile", "no directory"],
)
def test_an_export_that_cannot_be_taken_changes_nothing(
    daemon: House, tmp_path: Path, change: Any, places: list[str]
) -> None:
    """The refusal names file, line and field."""
    a_job(daemon, tmp_path)
    document = daemon.call("jobs.export")
    if places == ["profile"]:
        gone = daemon.call("profiles.get", profile="ours")["id"]
        daemon.call("profiles.delete", profile="ours", force=True)
        assert gone in json.dumps(document)
    before = everything(daemon)
    with pytest.raises(RpcFailed) as refused:
        daemon.call("jobs.import", content=change(json.dumps(document, indent=2)), file="job.json")
    for place in places:
        assert place in refused.value.message
    assert everything(daemon) == before


def test_an_import_can_work_elsewhere(daemon: House, tmp_path: Path) -> None:
    """Where the export's directory is another machine's."""
    a_job(daemon, tmp_path)
    exported = json.dumps(daemon.call("jobs.export")).replace(str(tmp_path), "/nowhere")
    other = tmp_path / "other"
    other.mkdir()
    made = daemon.call("jobs.import", content=exported, working_directory=str(other))
    assert [job["working_directory"]["path"] for job in made["jobs"]] == [str(other)]
    assert any("/nowhere" in note for note in made["notes"])


def test_an_export_of_the_earlier_application_is_read(daemon: House, tmp_path: Path) -> None:
    """Its names of things become ours."""
    job_id, task_id = "11111111-2222-4333-8444-555555555555", "66666666-7777-4888-8999-aaaaaaaaaaaa"
    stamps = {"created_at": "2025-06-01T10:00:00", "updated_at": "2025-06-01T10:00:00"}
    export = {
        "version": "1.0",
        "exported_at": "2025-06-02T10:00:00+00:00",
        "job": {
            "id": job_id,
            "name": "old",
            "description": "",
            "status": "completed",
            "profile": None,
            "working_directory": {"path": str(tmp_path), "use_git_worktree": False},
            "task_order": [task_id],
            **stamps,
        },
        "tasks": [
            {
                "id": task_id,
                "job_id": job_id,
                "name": "weekly",
                "prompt_type": "prompt",
                "prompt": "say hello",
                "schedule": {
                    "schedule_type": "calendar",
                    "timezone": "Europe/Amsterdam",
                    "calendar_frequency": "weekly",
                    "calendar_time": "23:30:00",
                    "calendar_days_of_week": [0, 4],
                },
                **stamps,
            }
        ],
        "metadata": {},
    }
    made = daemon.call("jobs.import", content=json.dumps(export))
    (task,) = made["tasks"]
    assert task["command"] == "say hello"
    assert task["schedule"]["type"] == "calendar"
    assert task["schedule"]["timezone"] == "Europe/Amsterdam"
    assert task["schedule"]["cron_expression"].startswith("30 23 * * ")
    assert daemon.ended(daemon.call("tasks.run", task=task["id"]))["status"] == "success"


def test_a_whole_directory_of_the_earlier_application_is_taken_over(daemon: House, tmp_path: Path) -> None:
    """With a line for each thing; a second time there is nothing left to take."""
    old = tmp_path / "old"
    old.mkdir()
    job_id, task_id = "11111111-2222-4333-8444-555555555555", "66666666-7777-4888-8999-aaaaaaaaaaaa"
    stamps = {"created_at": "2025-06-01T10:00:00", "updated_at": "2025-06-01T10:00:00"}
    place = {"path": str(tmp_path), "use_git_worktree": False}
    job = {"id": job_id, "name": "old", "status": "pending", "working_directory": place, "task_order": [task_id]}
    task = {"id": task_id, "job_id": job_id, "name": "hello", "prompt": "say hello", "session_mode": "fork"}
    (old / "jobs.json").write_text(json.dumps([{**job, **stamps}]))
    (old / "tasks.json").write_text(json.dumps([{**task, **stamps}]))
    told = daemon.call("daemon.migrate", directory=str(old), dry_run=True)
    assert daemon.call("jobs.list")["jobs"] == []
    answer = daemon.call("daemon.migrate", directory=str(old))
    assert answer["lines"] == told["lines"]
    assert answer["created"] == {"jobs": 1, "tasks": 1, "runs": 0, "profiles": 0}
    assert {line["result"] for line in answer["lines"]} >= {"taken", "changed"}
    assert daemon.call("tasks.get", task=task_id)["command"] == "say hello"
    again = daemon.call("daemon.migrate", directory=str(old))
    assert again["created"] == {"jobs": 0, "tasks": 0, "runs": 0, "profiles": 0}
    with pytest.raises(RpcFailed, match=r"there is no profiles\.json, jobs\.json"):
        daemon.call("daemon.migrate", directory=str(tmp_path / "user"))
