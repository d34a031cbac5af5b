"""Tasks that are due when files change, on a whole daemon."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import ENDED, House, until

QUICK = {"watch_debounce": 0.2, "watch_max_wait": 2}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A directory that is watched."""
    path = tmp_path / "inbox"
    path.mkdir()
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A directory that runs work in."""
    path = tmp_path / "work"
    path.mkdir()
    return path


def watching(daemon: House, work: Path, inbox: Path, command: str, **schedule: object) -> dict[str, Any]:
    """A task that watches, once its watch is there."""
    what = {"type": "file_watch", "watch_path": str(inbox), **QUICK, **schedule}
    task = daemon.task(daemon.job(work), "watch", command, schedule=what)
    until(lambda: "waits for a change" in why(daemon, task)["message"], "it watches")
    return task


def why(daemon: House, task: dict[str, Any]) -> dict[str, Any]:
    """What is said of why a task is not running."""
    answer: dict[str, Any] = daemon.call("tasks.why", task=task["id"])
    return answer


def runs_that_ended(daemon: House, number: int) -> list[dict[str, Any]]:
    """All runs, once so many have ended and none goes on."""
    until(lambda: [run["status"] in ENDED for run in daemon.runs()] == [True] * number, f"{number} runs have ended")
    return daemon.runs()


def no_more_runs(daemon: House, number: int) -> None:
    """Nothing comes after so many runs: that takes a while to be seen."""
    time.sleep(1.5)
    assert len(daemon.runs()) == number


def test_a_change_is_one_run(daemon: House, work: Path, inbox: Path) -> None:
    """A burst of them too; by the schedule, and with what is not to be watched left aside."""
    task = watching(daemon, work, inbox, "say hello", watch_patterns=["*.md", "!draft.md"])
    assert why(daemon, task)["reason"] == "watching"
    (inbox / "draft.md").write_text("x")
    (inbox / "notes.txt").write_text("x")
    for number in range(50):
        (inbox / f"{number}.md").write_text("x")
    (run,) = runs_that_ended(daemon, 1)
    assert (run["status"], run["trigger"]) == ("success", "schedule")
    (inbox / "7.md").unlink()
    runs_that_ended(daemon, 2)
    no_more_runs(daemon, 2)
    history = daemon.call("scheduler.history", task=task["id"])["due_times"]
    assert [entry["run_id"] for entry in history] == [run["id"] for run in daemon.runs()]


def test_what_its_own_run_changes_does_not_start_it_again(daemon: House, work: Path, inbox: Path) -> None:
    """Be it by a shell command or by the agent's own tools, or what follows in its sequence."""
    watching(daemon, inbox, inbox, "bash echo done >> log.txt; mv new.txt old.txt\nwrite report.md: all done")
    job = daemon.call("jobs.list")["jobs"][0]
    daemon.task(job, "after", "write after.md: more", schedule={"type": "sequential"})
    (inbox / "new.txt").write_text("x")
    runs = runs_that_ended(daemon, 2)
    assert {run["status"] for run in runs} == {"success"}
    assert (inbox / "after.md").exists()
    no_more_runs(daemon, 2)


def test_what_others_change_while_it_runs_is_one_run_after_it(daemon: House, work: Path, inbox: Path) -> None:
    """While the agent thinks, it changes nothing itself."""
    watching(daemon, work, inbox, f"bash touch {inbox}/own.txt\nwait 3\nsay hello")
    (inbox / "first.txt").write_text("x")
    until(lambda: (inbox / "own.txt").exists(), "the agent has used its tool")
    time.sleep(0.6)  # the tool's use is over when the log says so, and the log is read now and then
    for number in range(3):
        (inbox / f"{number}.txt").write_text("x")
    runs_that_ended(daemon, 2)
    no_more_runs(daemon, 2)


def test_changes_while_no_daemon_lives_are_met_by_the_next(daemon: House, work: Path, inbox: Path) -> None:
    """Once; and what was there before is no change."""
    (inbox / "old.txt").write_text("x")
    task = watching(daemon, work, inbox, "say hello")
    until(lambda: kept(daemon, task), "what is there is on record")
    daemon.kill()
    (inbox / "new.txt").write_text("x")
    daemon.start()
    runs_that_ended(daemon, 1)
    daemon.kill()
    daemon.start()
    no_more_runs(daemon, 1)


def kept(daemon: House, task: dict[str, Any]) -> bool:
    """Whether the snapshot of a watch is in the record."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(daemon.home.state_db)) as record:
        rows = record.execute("SELECT snapshot FROM watches WHERE task_id = ?", (task["id"],)).fetchall()
    return bool(rows) and "old.txt" in json.dumps(rows)


def test_a_run_that_ends_while_no_daemon_lives_does_not_start_it_again(
    daemon: House, work: Path, inbox: Path
) -> None:
    """What it had changed is known by the time of the change."""
    watching(daemon, work, inbox, f"bash sleep 2; touch {inbox}/own.txt")
    (inbox / "first.txt").write_text("x")
    until(lambda: any(daemon.claim(run).exists() for run in daemon.runs()), "the agent runs")
    daemon.kill()
    until(lambda: (inbox / "own.txt").exists(), "the agent has done its work")
    daemon.start()
    runs_that_ended(daemon, 1)
    no_more_runs(daemon, 1)


def test_a_task_that_is_disabled_watches_nothing(daemon: House, work: Path, inbox: Path) -> None:
    """What changed meanwhile is no change when it is enabled again; a deleted one is heard of no more."""
    task = watching(daemon, work, inbox, "say hello")
    daemon.call("tasks.disable", task=task["id"])
    (inbox / "a.txt").write_text("x")
    no_more_runs(daemon, 0)
    daemon.call("tasks.enable", task=task["id"])
    until(lambda: "waits for a change" in why(daemon, task)["message"], "it watches again")
    no_more_runs(daemon, 0)
    (inbox / "b.txt").write_text("x")
    runs_that_ended(daemon, 1)
    daemon.call("tasks.delete", task=task["id"])
    (inbox / "c.txt").write_text("x")
    no_more_runs(daemon, 0)


def test_a_path_that_is_not_there_yet_is_waited_for(daemon: House, work: Path, inbox: Path) -> None:
    """And it is said that it is not there."""
    what = {"type": "file_watch", "watch_path": str(inbox / "sub" / "todo.txt"), **QUICK}
    task = daemon.task(daemon.job(work), "watch", "say hello", schedule=what)
    until(lambda: "first time" not in why(daemon, task)["message"], "it is said what it waits for")
    assert "todo.txt" in why(daemon, task)["message"]
    (inbox / "sub").mkdir()
    (inbox / "sub" / "todo.txt").write_text("x")
    runs_that_ended(daemon, 1)


@pytest.fixture(autouse=True)
def _nothing_goes_wrong(daemon: House) -> Iterator[None]:
    yield
    assert "Traceback" not in daemon.log.read_text()
