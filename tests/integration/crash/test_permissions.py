"""Permissions that are taken away between a due time and its recorded end, and given back some time later."""

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from tests.integration.crash.night import Night
from tests.integration.crash.steps import Step
from tests.support.house import git, house, repository
from tests.support.needed import need

WITHOUT_PRIVILEGE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"]
"""Has modes count for root, too: without these two capabilities root is a user as any other."""
NOTICED = 1.0
"""Seconds in which a daemon that cannot do something has said so."""
TAKEN = (
    ("home", "agent-working"),
    ("home/live", "before-commit"),
    ("home/logs", "running-recorded"),
    ("repo/.git", "before-commit"),
    ("repo/.claude/worktrees/night", "agent-working"),
)


@pytest.mark.parametrize(("what", "step"), TAKEN, ids=[f"{what} at {step}" for what, step in TAKEN])
def test_permissions_that_are_taken_away(tmp_path: Path, what: str, step: str) -> None:
    """Every run has ended, once, with a word on why; what was done is there, or named; the next night goes well."""
    with house(tmp_path) as made:
        if os.geteuid() == 0 and sys.platform == "linux":
            need("setpriv")
            made.by = WITHOUT_PRIVILEGE
        night = Night(made, repository(tmp_path / "repo"))
        place = tmp_path / what
        told = taken = 0

        def take(_night: Night, _waits: int) -> None:
            nonlocal told, taken
            told = made.log.stat().st_size
            taken = stat.S_IMODE(place.stat().st_mode)
            place.chmod(0)

        night.happens([(Step(step, ()), take)])
        deadline = time.monotonic() + NOTICED
        while b'"error"' not in made.log.read_bytes()[told:] and time.monotonic() < deadline:
            time.sleep(0.02)
        place.chmod(taken)
        made.all_ended()
        made.end()
        made.start()
        runs = night.is_whole()
        commits = git(night.repo, "log", "--format=%s", "main..night").split("\n")
        assert len(commits) == len(set(commits))
        done = [run for run in runs if run["status"] == "success"]
        assert all(f"task: {run['task_name']}" in commits or run["uncommitted"] for run in done)
        # What is committed is a success on record.
        assert {f"task: {run['task_name']}" for run in done} >= {each for each in commits if each}

        made.start()
        made.call("jobs.run", job="night")
        assert [run["status"] for run in made.all_ended()[:2]] == ["success", "success"]
        for name in ("first", "second"):
            assert name in (night.repo / ".claude/worktrees/night" / f"{name}.txt").read_text()
        assert made.end() == 0
