"""A data directory of the earlier application taken over by a real daemon."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, RpcFailed, git
from tests.unit.exchange.samples import EARLIER

WEED = "22222222-0000-4000-8000-000000000001"
WATER = "22222222-0000-4000-8000-000000000002"
RUN = "33333333-0000-4000-8000-000000000001"
CREATED = {"jobs": 2, "tasks": 3, "runs": 2, "profiles": 1}


@pytest.fixture
def folder(tmp_path: Path, repo: Path) -> Path:
    """The sample directory, with a log; its job works in a real repository."""
    made = tmp_path / "earlier"
    shutil.copytree(EARLIER, made)
    (made / "export.json").unlink()
    jobs = json.loads((made / "jobs.json").read_text())
    jobs[0]["working_directory"]["path"] = str(repo)
    (made / "jobs.json").write_text(json.dumps(jobs, indent=1))
    (made / "logs").mkdir()
    (made / "logs" / f"run_{RUN}.log").write_text('{"type": "result", "result": "Three weeds are gone"}\n')
    return made


def counts(daemon: House) -> dict[str, int]:
    """What is on record; two profiles are there from the beginning."""
    return {
        "jobs": len(daemon.call("jobs.list")["jobs"]),
        "tasks": len(daemon.call("tasks.list")["tasks"]),
        "runs": len(daemon.runs()),
        "profiles": len(daemon.call("profiles.list")["profiles"]) - 2,
    }


def test_everything_comes_over(here: House, folder: Path) -> None:
    """With its ids; the runs as history; and what has a time is due here."""
    answer = here.call("daemon.migrate", directory=str(folder))
    assert (answer["dry_run"], answer["created"], counts(here)) == (False, CREATED, CREATED)
    assert {line["result"] for line in answer["lines"]} == {"taken", "changed", "left_out"}
    assert here.call("jobs.get", job="garden")["task_order"] == [WATER, WEED]
    assert [run["status"] for run in here.runs()] == ["failed", "success"]
    assert [task["task_id"] for task in here.call("scheduler.list")["scheduled"]] == [WATER]
    assert here.call("settings.get")["max_concurrent_runs"] == 5


def test_it_is_there_after_a_restart(here: House, folder: Path) -> None:
    """It is on record, and none of it starts by itself."""
    here.call("daemon.migrate", directory=str(folder))
    runs = here.runs()
    assert here.end() == 0
    here.start()
    assert (counts(here), here.runs()) == (CREATED, runs)


def test_the_log_of_a_run_is_read_where_it_is(here: House, folder: Path) -> None:
    """Nothing is copied, and the client finds it."""
    here.call("daemon.migrate", directory=str(folder))
    shown = here.ccsched("runs", "logs", RUN, "--raw")
    assert (shown.returncode, "Three weeds are gone" in shown.stdout) == (0, True), shown.stderr


def test_a_task_that_came_over_runs(here: House, folder: Path) -> None:
    """In the worktree that its job has here."""
    run = first_run(here, folder)
    assert run["status"] == "success", run["errors"]
    assert run["working_directory"].endswith(".claude/worktrees/job-11111111")


def test_a_worktree_is_handed_over_as_the_note_says(here: House, folder: Path, repo: Path) -> None:
    """A branch that the earlier application made is touched only when a person has given it away."""
    git(repo, "worktree", "add", "--quiet", "-b", "job-11111111", "trees/job-11111111", "main")
    run = first_run(here, folder)
    assert (run["status"], run["outcome"]) == ("failed", "not_started")
    git(repo, "worktree", "remove", "trees/job-11111111")
    git(repo, "config", "branch.job-11111111.ccsched", "true")
    run = here.ended(here.call("tasks.run", task="weed"))
    assert run["status"] == "success", run["errors"]


def first_run(daemon: House, folder: Path) -> dict[str, Any]:
    """Take the directory over, but for what this machine has not got, and run a task of it."""
    profile = json.loads((folder / "profiles.json").read_text())[0]
    profile["env_vars"] = [variable for variable in profile["env_vars"] if variable["source"] == "static"]
    (folder / "profiles.json").write_text(json.dumps([profile]))
    (folder / "settings.json").unlink()
    daemon.call("daemon.migrate", directory=str(folder))
    return daemon.ended(daemon.call("tasks.run", task="weed"))


def test_twice_is_once(here: House, folder: Path) -> None:
    """What is here already is left out."""
    here.call("daemon.migrate", directory=str(folder))
    again = here.call("daemon.migrate", directory=str(folder))
    assert (again["created"], counts(here)) == (dict.fromkeys(CREATED, 0), CREATED)


def test_a_dry_run_takes_nothing(here: House, folder: Path) -> None:
    """It answers what would be taken."""
    told = here.call("daemon.migrate", directory=str(folder), dry_run=True)
    assert (told["dry_run"], told["created"]) == (True, CREATED)
    assert counts(here) == dict.fromkeys(CREATED, 0)
    assert here.call("daemon.migrate", directory=str(folder))["lines"] == told["lines"]


@pytest.mark.parametrize(
    ("name", "before", "after", "field"),
    [
        pytest.param("runs.json", '"success"', '"succes"', "status", id="a-status"),
        pytest.param("tasks.json", '"Europe/Lisbon"', '"Lisbon/Europe"', "schedule.timezone", id="a-zone"),
        pytest.param("settings.json", '"theme"', "theme", None, id="no-json"),
    ],
)
def test_what_is_broken_refuses_everything(
    here: House, folder: Path, name: str, before: str, after: str, field: str | None
) -> None:
    """With file, line and field; nothing is taken."""
    content = (folder / name).read_text()
    assert before in content
    (folder / name).write_text(content.replace(before, after))
    with pytest.raises(RpcFailed) as failure:
        here.call("daemon.migrate", directory=str(folder))
    assert (failure.value.data["file"], failure.value.data.get("field")) == (name, field)
    assert failure.value.data["line"]
    assert counts(here) == dict.fromkeys(CREATED, 0)


def test_a_directory_of_something_else_is_refused(here: House, repo: Path) -> None:
    """With the files that were looked for."""
    with pytest.raises(RpcFailed, match=r"tasks\.json"):
        here.call("daemon.migrate", directory=str(repo))
