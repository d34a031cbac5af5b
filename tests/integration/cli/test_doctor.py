"""What is left over is listed with what to type to be rid of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import FakeDaemon, Message

Ccsched = Callable[..., Completed]


def worktree(name: str, **fields: Any) -> Message:
    """A worktree as the daemon tells of it."""
    path = f"/srv/app/.claude/worktrees/{name}"
    return {
        "path": path,
        "repository": "/srv/app",
        "exists": True,
        "registered": True,
        "ours": True,
        "branch": name,
        "locked": None,
        "size": 2048,
        "uncommitted": 0,
        "unmerged": 0,
        "problem": None,
        "clean": True,
        "merged": True,
        "jobs": [],
        "commands": [f"git -C /srv/app worktree remove {path}", f"git -C /srv/app branch -D {name}"],
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "clean, merged"),
        ({"uncommitted": 1, "unmerged": 3}, "1 uncommitted path, 3 unmerged commits"),
        ({"locked": "in use", "ours": False}, "clean, merged, locked (in use), not made by ccsched"),
        ({"exists": False, "size": 0}, "its folder is gone"),
        ({"problem": "git cannot tell"}, "git cannot tell"),
    ],
    ids=["nothing in it", "work in it", "not ours", "gone", "unknown"],
)
def test_each_says_what_is_in_it(ccsched: Ccsched, daemon: FakeDaemon, fields: Message, state: str) -> None:
    """Above the commands that remove it."""
    daemon.answers["worktrees.list"] = {"worktrees": [worktree("night", **fields)]}
    done = ccsched("doctor", "--worktrees", "--output", "table")
    assert done.returncode == 0
    _, line, _, summary, *commands = done.stdout.splitlines()
    assert line.startswith("/srv/app/.claude/worktrees/night  night")
    assert line.endswith(f"  {state}")
    assert summary.startswith("1 worktree, ")
    assert [each.strip() for each in commands] == worktree("night")["commands"]
    assert daemon.requests == [("worktrees.list", {"unused": True})]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_600_000, "1.5 MiB"),
        (3 * 2**30, "3.0 GiB"),
        (5000 * 2**40, "5000.0 TiB"),
    ],
)
def test_sizes_are_for_a_person(ccsched: Ccsched, daemon: FakeDaemon, size: int, shown: str) -> None:
    """In the largest unit that leaves a digit before the point; a program has them in bytes."""
    daemon.answers["worktrees.list"] = {"worktrees": [worktree("night", size=size)]}
    assert f"  {shown}  clean" in ccsched("doctor", "--worktrees", "--output", "table").stdout
    assert json.loads(ccsched("doctor", "--worktrees").stdout)["worktrees"][0]["size"] == size


def test_nothing_left_over_is_said(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """In one line."""
    daemon.answers["worktrees.list"] = {"worktrees": []}
    done = ccsched("doctor", "--worktrees", "--output", "table")
    assert done.stdout == "There is no worktree that no job works in.\n"


def test_worktrees_are_looked_for_if_nothing_is_said(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """There is nothing else to look for."""
    daemon.answers["worktrees.list"] = {"worktrees": []}
    assert ccsched("doctor").stdout == ccsched("doctor", "--worktrees").stdout
    assert daemon.requests == [("worktrees.list", {"unused": True})] * 2
