"""Another version comes over a running one: runs go on, the record has a way back, and who is older says so."""

import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from scheduler_daemon import __version__
from scheduler_daemon.store.migrations import LATEST
from tests.support.house import PATIENCE, House, house, until
from tests.support.versions import Installation

NEWER = "9.8.70"
"""Longer than the other one: Python knows compiled code by the second and the size of its source."""
STEP = "CREATE TABLE novelties (id INTEGER PRIMARY KEY) STRICT;"
ENDLESS = STEP + "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;"


def answers(made: House, version: str) -> bool:
    """Whether a daemon of this version does."""
    assert made.daemon
    assert made.daemon.poll() is None, made.log.read_text()[-2000:]
    return made.health() and made.call("daemon.health")["version"] == version


def version_of(record: Path) -> int:
    """A record's version."""
    with closing(sqlite3.connect(record)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_an_upgrade_and_the_way_back(tmp_path: Path) -> None:
    """A live run goes on, and a copy is made; the older version refuses, and what it says to type brings it back."""
    newer = Installation(tmp_path / "newer", NEWER, STEP)
    with house(tmp_path) as made:
        made.start()
        task = made.task(made.job(tmp_path), "slow", "wait 2\nsay done")
        run = made.call("tasks.run", task=task["id"])
        until(made.claim(run).exists, "the agent is started")
        made.end()

        newer.start(made)
        until(lambda: answers(made, NEWER), "the newer daemon answers")
        assert made.ended(run)["status"] == "success"
        assert version_of(made.home.state_db) == LATEST + 1
        (copy,) = made.home.backups.iterdir()
        assert version_of(copy) == LATEST
        old_client = made.ccsched("jobs", "list")
        assert (old_client.returncode, old_client.stderr) == (0, "")
        made.end()

        before = made.log.stat().st_size
        assert made.spawn().wait(PATIENCE) == os.EX_CONFIG
        said = made.log.read_text()[before:]
        assert f"has version {LATEST + 1}" in said
        assert f"this one, {__version__}, knows versions up to {LATEST}" in said
        typed = shlex.split(said.splitlines()[-1].partition("happened since: ")[2])
        assert typed[0] == "ccschedd"
        made.daemon = made.spawn(*typed[1:])
        assert made.daemon.wait(PATIENCE) == 0, made.log.read_text()[-2000:]
        made.start()
        assert (made.run(run)["status"], made.run(run)["outcome"]) == ("failed", "interrupted")
        assert "restored from a backup" in made.run(run)["errors"][0]


def test_a_kill_in_the_middle_of_a_step(tmp_path: Path) -> None:
    """The next start begins from the record as it was, and brings it up to date."""
    slow, newer = Installation(tmp_path / "slow", NEWER, ENDLESS), Installation(tmp_path / "newer", NEWER, STEP)
    with house(tmp_path) as made:
        made.start()
        job = made.job(tmp_path)
        made.end()
        slow.start(made)
        until(lambda: list(made.home.backups.glob("state-v*.db")), "the copy is made, and the step under way")
        made.kill()
        assert version_of(made.home.state_db) == LATEST
        newer.start(made)
        until(lambda: answers(made, NEWER), "the newer daemon answers")
        assert [each["id"] for each in made.call("jobs.list")["jobs"]] == [job["id"]]
        assert version_of(made.home.state_db) == LATEST + 1


def test_another_version_is_installed_under_a_running_daemon(tmp_path: Path) -> None:
    """It is told, with what to type, and runs start as ever, even where nothing of the old package is left."""
    there = Installation(tmp_path / "there", "1.2.3")
    with house(tmp_path) as made:
        there.start(made)
        until(lambda: answers(made, "1.2.3"), "the daemon answers")
        job = made.job(tmp_path)
        there.become(NEWER)
        for supervisor in (there.package / "run" / "supervisor").glob("*.py"):
            supervisor.write_text("raise SystemExit('of another version')\n")
        health = made.call("daemon.health")
        assert (health["version"], health["installed_version"], health["started_by"]) == ("1.2.3", NEWER, "hand")
        shown = there.ccsched(made, "health", "--output", "table").stdout
        again = f"kill {health['pid']}, and when it has ended: ccschedd"
        assert f"version    1.2.3; {NEWER} is installed: {again}" in shown
        assert f"1.2.3; {NEWER} is installed" in made.ccsched("state", "--output", "table").stdout
        run = made.call("tasks.run", task=made.task(job, "t", "say hello")["id"])
        assert made.ended(run)["status"] == "success"
        refused = there.ccsched(made, "jobs", "get", "")
        assert refused.returncode == 1
        assert f"The daemon is ccsched 1.2.3, and this is ccsched {NEWER}.\nStart it again: kill" in refused.stderr


def test_a_service_manager_is_not_to_try_again(tmp_path: Path) -> None:
    """Where no later try does better the exit status says so; where the disk is at fault it may."""
    with house(tmp_path) as made:
        made.start()
        made.end()
        made.home.state_db.write_bytes(b"no record" * 1000)
        before = made.log.stat().st_size
        assert made.spawn().wait(PATIENCE) == os.EX_CONFIG
        said = made.log.read_text()[before:]
        assert f"{made.home.state_db}: file is not a database" in said
        assert f"ccschedd --home {made.home.path} --restore FILE" in said
        made.home.state_db.unlink()
        (made.home.path / "jobs.json").write_text("{")
        assert made.spawn().wait(PATIENCE) == os.EX_CONFIG
        (made.home.path / "jobs.json").unlink()
        made.home.logs.rmdir()
        made.home.logs.write_text("")
        assert made.spawn().wait(PATIENCE) == 1
