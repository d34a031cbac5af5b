"""Runs that are done over, and runs that are deleted."""

import json
from pathlib import Path

import pytest

from tests.support.house import House, RpcFailed, until


def test_a_sequence_goes_on_from_the_run_that_failed(daemon: House, tmp_path: Path) -> None:
    """The run's task and those after it, not those before it; each says what it does over."""
    job = daemon.job(tmp_path)
    daemon.task(job, "first", "say hello")
    second = daemon.task(job, "second", "fail no luck")
    daemon.task(job, "third", "say hello")
    runs = daemon.call("jobs.run", job=job["id"])["runs"]
    daemon.all_ended()
    daemon.call("tasks.update", task=second["id"], changes={"command": "say hello"})
    again = daemon.call("runs.restart", run=runs[1]["id"])["runs"]
    assert [run["task_name"] for run in again] == ["second", "third"]
    assert [run["restarted_from"] for run in again] == [runs[1]["id"], runs[2]["id"]]
    assert {run["trigger"] for run in again} == {"restart"}
    assert [daemon.ended(run)["status"] for run in again] == ["success", "success"]
    assert daemon.call("jobs.get", job=job["id"])["status"] == "completed"
    assert daemon.run(runs[1])["status"] == "failed", "the record of the first time stays"


def test_a_disabled_follower_is_left_out_of_a_restart(daemon: House, tmp_path: Path) -> None:
    """What was restarted runs, enabled or not, as with `tasks run`."""
    job = daemon.job(tmp_path)
    tasks = [daemon.task(job, name, "say hello") for name in ("first", "second", "third")]
    runs = daemon.call("jobs.run", job=job["id"])["runs"]
    daemon.all_ended()
    for task in tasks[:2]:
        daemon.call("tasks.disable", task=task["id"])
    again = daemon.call("runs.restart", run=runs[0]["id"])["runs"]
    assert [run["task_name"] for run in again] == ["first", "third"]
    daemon.all_ended()


def test_only_the_run_itself_is_done_over_if_that_is_wanted(daemon: House, tmp_path: Path) -> None:
    """What followed it stays as it was."""
    job = daemon.job(tmp_path)
    for name in ("first", "second"):
        daemon.task(job, name, "say hello")
    runs = daemon.call("jobs.run", job=job["id"])["runs"]
    daemon.all_ended()
    done = daemon.ccsched("runs", "restart", runs[0]["id"], "--only", "--wait")
    assert (done.returncode, done.stderr) == (0, "")
    [again] = json.loads(done.stdout)["runs"]
    assert (again["task_name"], again["restarted_from"]) == ("first", runs[0]["id"])
    assert len(daemon.runs()) == 3


def test_a_restart_goes_on_in_the_same_session_if_that_is_wanted(daemon: House, tmp_path: Path) -> None:
    """The run's own task does, and those after it have sessions of their own, unless it is wanted alone."""
    job = daemon.job(tmp_path)
    for name in ("first", "second"):
        daemon.task(job, name, "say hello")
    runs = daemon.call("jobs.run", job=job["id"])["runs"]
    daemon.all_ended()
    session = daemon.run(runs[0])["session_id"]
    again = daemon.call("runs.restart", run=runs[0]["id"], resume=True)["runs"]
    daemon.all_ended()
    assert [run["resumes"] for run in again] == [runs[0]["id"], None]
    assert [daemon.run(run)["session_id"] == session for run in again] == [True, False]
    [alone] = daemon.call("runs.restart", run=runs[0]["id"], resume=True, only=True)["runs"]
    assert daemon.ended(alone)["session_id"] == session


def test_a_run_without_a_session_is_not_gone_on_with(daemon: House, tmp_path: Path) -> None:
    """The refusal says how to do it over all the same."""
    task = daemon.task(daemon.job(tmp_path), "t", "nowhere.md", command_type="file")
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert run["outcome"] == "not_started"
    with pytest.raises(RpcFailed, match=f"no session to go on with; .*ccsched runs restart {run['id']}"):
        daemon.call("runs.restart", run=run["id"], resume=True)


def test_a_run_that_has_not_ended_is_not_restarted(daemon: House, tmp_path: Path) -> None:
    """The refusal says how to stop it."""
    run = daemon.call("tasks.run", task=daemon.task(daemon.job(tmp_path), "t", "hang")["id"])
    with pytest.raises(RpcFailed, match=f"ccsched runs stop {run['id']}"):
        daemon.call("runs.restart", run=run["id"])
    daemon.call("runs.stop", run=run["id"])


def test_a_run_is_deleted_with_its_log(daemon: House, tmp_path: Path) -> None:
    """The task, and its other runs, stay."""
    task = daemon.task(daemon.job(tmp_path), "t", "say hello")
    kept, gone = [daemon.ended(daemon.call("tasks.run", task=task["id"])) for _ in range(2)]
    assert daemon.call("runs.delete", run=gone["id"]) == {"run_id": gone["id"]}
    assert not Path(gone["log_path"]).exists()
    assert Path(kept["log_path"]).exists()
    assert [run["id"] for run in daemon.runs()] == [kept["id"]]
    until(lambda: gone["id"] not in (daemon.home.path / "runs.json").read_text(), "the file shows it gone")


def test_a_live_run_is_stopped_before_it_is_deleted(daemon: House, tmp_path: Path) -> None:
    """With all its processes; what was to follow it is cancelled, as by a stop."""
    job = daemon.job(tmp_path)
    daemon.task(job, "first", "hang")
    daemon.task(job, "second", "say hello")
    first, second = daemon.call("jobs.run", job=job["id"])["runs"]
    until(daemon.claim(first).exists, "the agent runs")
    daemon.call("runs.delete", run=first["id"])
    assert [(run["id"], run["status"]) for run in daemon.runs()] == [(second["id"], "cancelled")]
    assert not daemon.home.log(first["id"]).exists()
    assert not daemon.home.run_folder(first["id"]).exists()
