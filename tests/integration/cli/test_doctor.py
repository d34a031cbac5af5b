"""What is wrong, or left over, is listed with what to type to mend it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon import __version__
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import Failure, FakeDaemon, Message

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


def test_worktrees_go_alone(ccsched: Ccsched) -> None:
    """Who asks for more is told, before anybody is asked."""
    for other in ("--before-bed", "--verbose", "--hours=2"):
        assert ccsched("doctor", "--worktrees", other).returncode == 2


def finding(group: str, check: str, status: str, summary: str, fix: str | None = None) -> Message:
    """What a check found, as the daemon tells of it."""
    detail = "More is known." if status == "failed" else ""
    return {"group": group, "check": check, "status": status, "summary": summary, "detail": detail, "fix": fix}


@pytest.fixture
def examined(daemon: FakeDaemon, home: Path) -> Message:
    """What the daemon is to find; a test changes it."""
    health = {"status": "ok", "version": __version__, "pid": 42, "uptime_seconds": 5, "started_by": "detached"}
    answer: Message = {"checks": [], "path": "/usr/bin", "programs": {"sh": shutil.which("sh")}, "tonight": None}
    daemon.answers |= {"daemon.health": health, "daemon.examine": answer}
    (home / "daemon.sock").chmod(0o600)
    return answer


def test_only_what_failed_decides(ccsched: Ccsched, examined: Message) -> None:
    """A warning leaves the exit code at 0; what does not apply is shown to who asks for it."""
    examined["checks"] = [
        finding("machine", "clock", "warning", "it is off", "sudo timedatectl set-ntp true"),
        finding("machine", "inotify", "skipped", "no task watches files"),
    ]
    done = ccsched("doctor", "--output", "table", SHELL="/bin/sh")
    assert done.returncode == 0, done.stdout
    assert "\n  ! clock  it is off\n      sudo timedatectl set-ntp true\n" in done.stdout
    assert "inotify" not in done.stdout
    assert done.stdout.endswith(" warnings.\n")
    assert "  – inotify  " in ccsched("doctor", "--output", "table", "--verbose", SHELL="/bin/sh").stdout
    answer = json.loads(ccsched("doctor", SHELL="/bin/sh").stdout)
    assert answer["ok"] is True
    assert {check["check"] for check in answer["checks"]} >= {"answers", "socket", "service", "clock", "inotify"}


def test_commands_are_for_this_home_and_this_daemon(ccsched: Ccsched, examined: Message, home: Path) -> None:
    """With the --home that was typed; to start it again, as it was started. And no name can forge a line."""
    examined["checks"] = [
        finding("jobs", "a\x1b[2Jb\nc", "failed", "gone\n  ✓ fine", "ccsched jobs get 1234"),
        finding("runs", "live runs", "failed", "dead", "ccsched service restart"),
    ]
    done = ccsched("doctor", "--home", str(home), "--output", "table", "--verbose", SHELL="/bin/sh")
    assert done.returncode == 1
    assert f"      ccsched --home {home} jobs get 1234\n" in done.stdout
    assert f"      ccsched --home {home} daemon restart\n" in done.stdout
    assert "\\x1b[2J" in done.stdout
    assert "gone\\n  ✓ fine\n      More is known.\n" in done.stdout
    assert done.stdout.endswith("2 failed, 1 warning.\n") or done.stdout.endswith("2 failed, 2 warnings.\n")


def test_a_terminal_without_the_signs(ccsched: Ccsched, examined: Message) -> None:
    """They are shown as others that it has."""
    examined["checks"] = [finding("jobs", "one", "failed", "gone")]
    shown = ccsched("doctor", "--output", "table", SHELL="/bin/sh", PYTHONIOENCODING="ascii").stdout
    assert "  x one  gone\n" in shown
    assert "  + answers" in shown


def test_a_daemon_that_cannot_examine(ccsched: Ccsched, daemon: FakeDaemon, examined: Message) -> None:
    """One of another version is started again; what the client sees itself is shown all the same."""
    daemon.answers["daemon.health"] = {"version": "0.0.1", "pid": 42, "uptime_seconds": 5, "started_by": "service"}
    daemon.answers["daemon.examine"] = Failure(-32601, "Method not found: daemon.examine")
    done = ccsched("doctor", "--before-bed", SHELL="/bin/sh")
    answer = json.loads(done.stdout)
    told = {check["check"]: check for check in answer["checks"] if check["group"] == "daemon"}
    assert done.returncode == 1
    assert (told["version"]["status"], told["examination"]["status"]) == ("warning", "failed")
    assert told["version"]["fix"] == told["examination"]["fix"]
    assert told["socket"]["status"] in ("ok", "failed")


def test_what_a_shell_finds_and_the_daemon_does_not(ccsched: Ccsched, examined: Message, home: Path) -> None:
    """Red where it is missing, yellow where it is another."""
    folder = home / "bin"
    folder.mkdir()
    for name in ("one", "two", "node"):
        (folder / name).touch(mode=0o755)
    (home / ".profile").write_text(f"PATH={folder}:$PATH\n")
    examined["programs"] = {"one": None, "two": "/opt/two", "node": None, "gone": None}
    answer = json.loads(ccsched("doctor", SHELL="/bin/sh").stdout)
    told = [
        (check["status"], check["summary"].split(":")[0]) for check in answer["checks"] if check["check"] == "PATH"
    ]
    assert told == [("failed", "one"), ("warning", "two"), ("warning", "node")]
