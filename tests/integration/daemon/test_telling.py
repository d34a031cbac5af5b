"""What the daemon tells of due times, money and names, as a person comes to ask for it."""

import re
from pathlib import Path

import pytest

from tests.support.house import House, RpcFailed, until


def test_when_a_task_starts_is_told_with_when_it_is_due(daemon: House, tmp_path: Path) -> None:
    """What is due outside its running hours waits for them; each in the zone that the schedule goes by."""
    schedule = {"type": "calendar", "cron_expression": "0 2 * * *", "timezone": "Asia/Tokyo"}
    task = daemon.task(daemon.job(tmp_path), "t", "say x", schedule=schedule, running_hours="05:00-06:00")
    [scheduled] = daemon.call("scheduler.list")["scheduled"]
    assert re.search("T17:00:00.000000Z$", scheduled["next_due"])
    assert re.search("T20:00:00.000000Z$", scheduled["starts_at"])
    assert scheduled["local"].endswith("T02:00:00+09:00")
    why = daemon.call("tasks.why", task=task["id"])
    assert "and its running hours put that off to" in why["message"]
    assert why["until"] == scheduled["starts_at"]


def test_a_replaced_run_says_so_in_the_history(daemon: House, tmp_path: Path) -> None:
    """The one in its place is there as well; a reason names runs by as much as is typed."""
    job = daemon.job(tmp_path)
    task = daemon.task(job, "t", "wait 60", schedule={"type": "calendar", "cron_expression": "* * * * * *"})

    def history() -> list[dict[str, str]]:
        found: list[dict[str, str]] = daemon.call("scheduler.history", task=task["id"])["due_times"]
        return found

    until(lambda: any(each["reason"] == "overlap" for each in history()), "a run was in the way")
    [first] = daemon.runs()
    told = {each["detail"] for each in history() if each["reason"]}
    assert told <= {f"run {first['id'][:8]} was still {state}" for state in ("running", "waiting for its turn")}
    daemon.call("tasks.update", task=task["id"], changes={"overlap": "replace"})
    until(lambda: daemon.run(first)["status"] == "cancelled", "the run was replaced")
    daemon.call("tasks.disable", task=task["id"])
    [replaced] = [each for each in history() if each["run_id"] == first["id"]]
    assert re.match(r"replaced by a run that was due at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+$", replaced["detail"])
    daemon.call("jobs.stop", job=job["id"])


def test_a_limit_that_is_reached_is_told(daemon: House, tmp_path: Path) -> None:
    """Of a job or a profile, too; with when new runs start again."""
    job = daemon.call(
        "jobs.create", name="cheap", working_directory={"path": str(tmp_path)}, max_usd_per_day=0.000001
    )
    daemon.job(tmp_path, "free")
    daemon.ended(daemon.call("tasks.run", task=daemon.task(job, "t", "say x")["id"]))
    spent = daemon.call("daemon.state")["spent"]
    assert (spent["limit_usd"], spent["held_until"]) == (None, None)
    [limit] = spent["limits"]
    assert (limit["kind"], limit["name"], limit["limit_usd"]) == ("job", "cheap", 0.000001)
    assert limit["usd"] == spent["last_24_hours_usd"] > 0
    assert limit["held_until"]


def test_a_name_of_several_is_answered_with_what_tells_them_apart(daemon: House, tmp_path: Path) -> None:
    """More characters of a name there are not."""
    for name in ("one", "two"):
        daemon.task(daemon.job(tmp_path, name), "t", "say x")
    with pytest.raises(RpcFailed) as caught:
        daemon.call("tasks.get", task="t")
    assert caught.value.data["hint"] == "use an id, or its first characters"
