"""A running daemon forgets what is no longer kept."""

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from scheduler_daemon.store.store import Store
from tests.support.house import House, house, until

SOON = """
from scheduler_daemon import ccschedd, daemon
daemon.RETENTION_FIRST, daemon.RETENTION_PACE = 0.0, 0.01
ccschedd.main()
"""
"""A daemon that looks at once at what it otherwise looks at some minutes after its start."""


def run_to_its_end(daemon: House, task: dict[str, Any], times: int) -> None:
    """Run a task so often, without a look at how it ended."""
    for _ in range(times):
        daemon.call("tasks.run", task=task["id"])
        until(lambda: at_rest(daemon), "it has ended")


def at_rest(daemon: House) -> bool:
    """Whether all runs have ended."""
    runs = daemon.call("daemon.state")["runs"]
    return bool(runs["upcoming"] == runs["running"] == 0)


def logs(daemon: House) -> set[str]:
    """The log files there are."""
    return {path.name for path in daemon.home.logs.iterdir()}


def test_what_is_no_longer_kept_goes_soon_after_a_run(daemon: House, tmp_path: Path) -> None:
    """Older runs go with their logs, from the record and its file; failures only once they have been asked for."""
    daemon.call("settings.set", changes={"run_retention_count": 1})
    job = daemon.job(tmp_path)
    bad, good = daemon.task(job, "bad", "fail it"), daemon.task(job, "good", "say it")
    run_to_its_end(daemon, bad, 2)
    run_to_its_end(daemon, good, 3)
    until(lambda: len(logs(daemon)) == 3, "two runs of the good task have been forgotten")
    runs = daemon.runs()
    assert [run["task_name"] for run in runs] == ["good", "bad", "bad"]
    assert logs(daemon) == {f"run_{run['id']}.log" for run in runs}
    run_to_its_end(daemon, bad, 1)
    until(lambda: len(logs(daemon)) == 2, "the failures that were listed have been forgotten")
    left = daemon.runs()
    assert [run["task_name"] for run in left] == ["bad", "good"]
    until(
        lambda: (
            [run["id"] for run in json.loads((daemon.home.path / "runs.json").read_text())]
            == [run["id"] for run in left]
        ),
        "the file shows the same",
    )


def test_a_failure_is_seen_once_it_has_been_asked_for(tmp_path: Path) -> None:
    """By its record, by following it or in a list; not by the news that everybody is told."""
    with house(tmp_path) as made:
        made.start()
        job = made.job(tmp_path)
        runs = []
        for name in ("asked for", "followed", "listed", "not seen"):
            task = made.task(job, name, "fail it")
            runs.append(UUID(made.call("tasks.run", task=task["id"])["id"]))
            until(lambda: at_rest(made), "it has ended")
        made.call("runs.get", run=str(runs[0]))
        made.call("runs.follow", run=str(runs[1]))
        made.call("runs.list", task="listed")
        made.end()
        with closing(Store(made.home.state_db)) as store:
            assert store.runs.unseen(runs) == runs[3:]


def test_old_logs_of_no_run_go_some_time_after_the_start(tmp_path: Path) -> None:
    """Newer ones, those of runs on record and files of other names are left."""
    with house(tmp_path, log_retention_days=1) as made:
        made.start()
        run = made.ended(made.call("tasks.run", task=made.task(made.job(tmp_path), "t", "say it")["id"]))
        made.end()
        own = made.home.log(run["id"])
        stray, newer, other = made.home.log(uuid4()), made.home.log(uuid4()), made.home.logs / "notes.log"
        for log in (stray, newer, other):
            log.touch()
        for log in (own, stray, other):
            os.utime(log, (time.time() - 2 * 86400,) * 2)
        with made.log.open("ab") as output:
            made.daemon = subprocess.Popen(
                [sys.executable, "-c", SOON, "--home", str(made.home.path)],
                env=made.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        until(lambda: not stray.exists(), "the log of no run is gone")
        assert made.end() == 0
        assert logs(made) == {own.name, newer.name, other.name}
