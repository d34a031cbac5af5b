"""The daemon may die at any moment: 40 kills, and everything that was asked for ends exactly once.

``CCSCHED_KILLS=50`` makes it 200. The kills at each single step of a run are in ``tests/integration/crash``.
"""

import contextlib
import json
import os
import random
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.house import ENDED, House, RpcFailed, git, house, repository, until

KILLS = int(os.environ.get("CCSCHED_KILLS", "10"))
"""Kills in each of the four homes below."""
FILES = ("jobs", "tasks", "runs", "profiles", "settings")

AGENT = """\
# A short run that leaves a mark and, in a repository, a file.
echo "$CCSCHED_RUN_ID" >>"$CCSCHED_MARKS"
sleep 0.0$(($$ % 7))
[ -d .git ] || [ -f .git ] && echo x >"$CCSCHED_RUN_ID.txt"
echo '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"ok","session_id":"s"}'
"""

AUDIT = """
CREATE TABLE audit (run TEXT NOT NULL, status TEXT NOT NULL);
CREATE TRIGGER audit_runs AFTER UPDATE OF status ON runs WHEN old.status <> new.status
BEGIN INSERT INTO audit VALUES (new.id, new.status); END;
"""
"""SQLite itself notes each change of a status: what the daemon says of itself is not the evidence."""


def readable(made: House) -> None:
    """Every JSON file parses, and the record is whole, at this very moment."""
    for name in FILES:
        json.loads((made.home.path / f"{name}.json").read_bytes())
    with contextlib.closing(sqlite3.connect(made.home.state_db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_daemon_killed_at_random_moments_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    """Each run that was asked for is a success exactly once, its agent ran once, and it left one commit."""
    chance = random.Random(seed)
    script = tmp_path / "agent.sh"
    script.write_text(AGENT)
    marks = tmp_path / "marks"
    marks.touch()
    in_git = repository(tmp_path / "repo")
    with house(tmp_path, agent_command=["/bin/sh", str(script)], run_retention_count=100_000) as made:
        made.environment["CCSCHED_MARKS"] = str(marks)
        made.start()
        with contextlib.closing(sqlite3.connect(made.home.state_db)) as connection:
            connection.executescript(AUDIT)
        plain = made.job(tmp_path, name="plain")
        worktree = made.job(in_git, name="tree", use_git_worktree=True, worktree_name="tree")
        for number in range(3):
            made.task(plain, f"plain{number}", "x")
            made.task(worktree, f"tree{number}", "x", schedule={"type": "sequential"})
        asked: set[str] = set()
        for _ in range(KILLS):
            deadline = time.monotonic() + chance.uniform(0, 0.6)
            while time.monotonic() < deadline:
                for job in (plain, worktree):
                    # Refused while its last sequence is under way, which is most of the time.
                    with contextlib.suppress(RpcFailed):
                        asked |= {run["id"] for run in made.call("jobs.run", job=job["id"])["runs"]}
                time.sleep(chance.uniform(0, 0.05))
            made.kill()
            readable(made)
            made.start()
        until(lambda: all(run["status"] in ENDED for run in made.runs()), "all runs have ended")
        runs = made.runs()
        jobs = {job["id"]: job["status"] for job in made.call("jobs.list")["jobs"]}
        assert made.end() == 0
        readable(made)
        with contextlib.closing(sqlite3.connect(made.home.state_db)) as connection:
            ends = Counter(
                run for run, status in connection.execute("SELECT run, status FROM audit") if status in ENDED
            )
    assert len(asked) > KILLS
    assert asked <= {run["id"] for run in runs}
    bad = [run for run in runs if run["status"] != "success"]
    assert bad == []
    assert Counter(marks.read_text().split()) == Counter(run["id"] for run in runs)
    assert ends == Counter(run["id"] for run in runs)
    assert set(jobs.values()) == {"completed"}
    shown = json.loads((made.home.path / "runs.json").read_text())
    assert [run["id"] for run in shown] == [run["id"] for run in runs][: len(shown)]
    trailers = git(in_git, "log", "--format=%(trailers:key=Run,valueonly)", "main..tree").split()
    assert Counter(trailers) == Counter(run["id"] for run in runs if run["job_name"] == "tree")
    assert list((made.home.path / "live").iterdir()) == []
