"""The doctor finds what is broken and says what mends it, and a night that would go well is left in peace."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.cli import surroundings
from scheduler_daemon.cli.command import Choices
from tests.support.house import House, git, repository, until
from tests.support.needed import need

AGENT = """#!/bin/sh
case "$*" in
  --version) echo '2.1.330 (Claude Code)';;
  'auth status')
    case "$ANTHROPIC_API_KEY" in
      '') echo '{"loggedIn": false, "authMethod": "none"}'; exit 1;;
      *) echo '{"loggedIn": true, "authMethod": "api_key", "loginExpiresAt": null}';;
    esac;;
  *) touch "$HOME/a-session";;
esac
"""
Document = dict[str, Any]


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[House]:
    """A house in which all is well: an agent that is logged in by a key of the daemon's; it has not been started."""
    made = House(
        tmp_path / "home",
        {
            "SHELL": "/bin/sh",
            "TZ": "UTC",
            "IS_SANDBOX": "1",
            "ANTHROPIC_API_KEY": "sk-a-secret",
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        },
    )
    program(tmp_path / "bin" / "claude", AGENT)
    program(tmp_path / "bin" / "timedatectl", "#!/bin/sh\necho yes\n")
    (tmp_path / "user" / ".profile").write_text(f"PATH='{made.environment['PATH']}'\n")
    try:
        yield made
    finally:
        made.close()
        assert not (tmp_path / "user" / "a-session").exists(), "the doctor starts no session"


def program(path: Path, text: str) -> None:
    """A program of a test's own."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def doctor(bed: House, *options: str) -> tuple[int, Document]:
    """The exit code, and the answer as a document."""
    done = bed.ccsched("doctor", "--output", "json", *options)
    assert done.stderr == ""
    assert "sk-a-secret" not in done.stdout
    return done.returncode, json.loads(done.stdout)


def found(answer: Document, group: str, *words: str) -> Document:
    """The one finding of a group whose summary has these words."""
    (finding,) = [
        check
        for check in answer["checks"]
        if check["group"] == group and all(word in check["summary"] for word in words)
    ]
    return finding  # type: ignore[no-any-return]


def at(clock: str) -> dict[str, object]:
    """A schedule for every day at a time."""
    hour, minute = clock.split(":")
    return {"type": "calendar", "cron_expression": f"{int(minute)} {int(hour)} * * *", "timezone": "UTC"}


def soon(hours: float) -> str:
    """The time of the day, in UTC, that many hours from now."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%H:%M")


def test_without_a_daemon_the_rest_is_looked_at(bed: House) -> None:
    """That there is none is red, with how to start it; home and machine are looked at, and nothing is made."""
    code, answer = doctor(bed)
    assert (code, answer["ok"], answer["tonight"]) == (1, False, None)
    gone = found(answer, "daemon", "not running")
    assert (gone["status"], gone["check"]) == ("failed", "answers")
    assert {check["group"] for check in answer["checks"]} == {"daemon", "service", "home", "machine"}
    assert not bed.home.path.exists()
    shown = bed.ccsched("doctor", "--before-bed", "--output", "table")
    assert shown.returncode == 1
    assert "cannot be rehearsed without the daemon" in shown.stdout


def test_a_daemon_that_is_stuck_is_named(bed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its process, and it is not said to be none."""
    monkeypatch.setattr(surroundings, "_GLANCE", 0.3)
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setenv("HOME", bed.environment["HOME"])
    bed.start()
    assert bed.daemon
    bed.daemon.send_signal(signal.SIGSTOP)
    seen = surroundings.look(Choices(str(bed.home.path)), 24, rehearse=False)
    bed.daemon.send_signal(signal.SIGCONT)
    (answers,) = [check for check in seen["checks"] if check["check"] == "answers"]
    assert answers["status"] == "failed"
    assert str(answers["fix"]).startswith(f"kill {bed.daemon.pid}")


def test_a_night_that_would_go_well(bed: House, tmp_path: Path) -> None:
    """All is green, the night's tasks are in their order, and nothing has been made or run."""
    repo = repository(tmp_path / "repo")
    bed.start()
    nightly = bed.job(repo, "nightly", use_git_worktree=True)
    bed.task(nightly, "implement", "x", schedule=at("02:00"), verify={"command": "git status"})
    bed.task(nightly, "test", "README.md", command_type="file", schedule={"type": "sequential"})
    bed.task(
        bed.job(tmp_path, "other"),
        "hourly",
        "x",
        schedule={"type": "interval", "interval_value": 3, "interval_type": "hours"},
        running_hours=f"{soon(5)}-{soon(8)}",
    )
    before = git(repo, "worktree", "list"), git(repo, "branch"), sorted(map(str, repo.rglob("*")))
    code, answer = doctor(bed, "--before-bed")
    assert [check for check in answer["checks"] if check["status"] == "failed"] == []
    assert code == 0
    tasks = {task["task_name"]: task for task in answer["tonight"]["tasks"]}
    assert {name: task["problems"] for name, task in tasks.items()} == {"implement": [], "test": [], "hourly": []}
    assert tasks["test"]["follows"] == "implement"
    hourly = tasks["hourly"]
    assert datetime.fromisoformat(hourly["starts_at"]) > datetime.fromisoformat(hourly["due"])
    assert "is to be made from 'main'" in found(answer, "jobs", "worktree")["summary"]
    assert found(answer, "accounts", "logged in by an API key")["status"] == "ok"
    shown = bed.ccsched("doctor", "--before-bed", "--output", "table").stdout
    assert "\nGood night: 3 tasks are due by " in shown
    assert "  then " in shown
    assert (git(repo, "worktree", "list"), git(repo, "branch"), sorted(map(str, repo.rglob("*")))) == before
    assert bed.runs() == []


def test_nothing_due_is_said(bed: House, tmp_path: Path) -> None:
    """With when something is, and which tasks look as if they should run and do not."""
    bed.start()
    job = bed.job(tmp_path, "job")
    bed.task(job, "asleep", "x", schedule=at("02:00"), enabled=False)
    bed.task(job, "alone", "x", schedule={"type": "sequential"})
    shown = bed.ccsched("doctor", "--before-bed", "--hours", "1", "--output", "table")
    assert shown.returncode == 0, shown.stdout
    assert "job/asleep has a schedule, and is disabled" in shown.stdout
    assert "job/alone is to follow the task before it" in shown.stdout
    assert "nor later. To give a task a time: ccsched tasks update TASK --cron" in shown.stdout
    bed.task(job, "later", "x", schedule=at(soon(3)))
    answer = doctor(bed, "--before-bed", "--hours", "1")[1]
    assert answer["tonight"]["tasks"] == []
    shown = bed.ccsched("doctor", "--before-bed", "--hours", "1", "--output", "table")
    assert "; the next is due at " in shown.stdout


def test_a_broken_night_is_told_task_by_task(bed: House, tmp_path: Path) -> None:
    """Each thing that is wrong is red with what mends it, at the tasks that it concerns, and no other."""
    merging, moved = repository(tmp_path / "merging"), repository(tmp_path / "moved")
    program(tmp_path / "bin" / "claude", AGENT.replace("$ANTHROPIC_API_KEY", "$NO_KEY"))
    bed.environment |= {"IS_SANDBOX": "0", "TZ": "Pacific/Kiritimati"}
    (tmp_path / "user" / ".profile").write_text(f"PATH='{tmp_path / 'shells'}'\n")
    program(tmp_path / "shells" / "checker", "#!/bin/sh\n")
    bed.start()
    secret = bed.call(
        "profiles.create",
        name="work",
        env_vars=[{"name": "KEY", "source": "command", "value": "echo sk-a-secret; exit 3"}],
    )
    key = bed.call("profiles.create", name="key", env_vars=[{"name": "NO_KEY", "value": "sk-a-secret"}])
    first = bed.job(merging, "first")
    second = bed.job(moved, "second", use_git_worktree=True, worktree_branch="main")
    bed.task(first, "unsaid", "x", schedule=at(soon(2)), profile=key["id"], permissions="default")
    bed.task(first, "locked", "x", schedule=at(soon(2.2)), profile=secret["id"], permissions="acceptEdits")
    bed.task(second, "unread", "gone.md", command_type="file", schedule=at(soon(3)), permissions="acceptEdits")
    bed.task(
        second, "unchecked", "x", schedule={"type": "sequential"}, profile=key["id"], permissions="acceptEdits",
        verify={"command": "checker --all"}, notifications={"on_failure": True},
    )  # fmt: skip
    bed.task(second, "root", "x", schedule={"type": "sequential"}, profile=key["id"])
    watch = {"type": "file_watch", "watch_path": str(tmp_path / "nowhere")}
    bed.task(first, "watching", "x", schedule=watch, permissions="acceptEdits")
    bed.call("settings.set", changes={"notify_command": ["nobody-here"]})
    (merging / ".git" / "MERGE_HEAD").write_text(git(merging, "rev-parse", "HEAD"))
    git(moved, "branch", "--move", "main", "trunk")
    (bed.home.path / "tasks.json.rejected").touch(mode=0o600)
    (bed.home.path / "tasks.json").chmod(0o644)
    bed.home.lock.unlink()

    code, answer = doctor(bed, "--before-bed")
    assert (code, answer["ok"]) == (1, False)
    problems = {
        task["task_name"]: {(each["status"], each["check"]) for each in task["problems"]}
        for task in answer["tonight"]["tasks"]
    }
    not_root = set() if os.geteuid() else {("failed", "permissions")}
    assert problems == {
        "unsaid": {("failed", "first"), ("warning", "permissions")},
        "locked": {("failed", "first"), ("failed", "secrets"), ("warning", "same directory")},
        "unread": {("failed", "second"), ("failed", "login"), ("failed", "prompt")},
        "unchecked": {("failed", "second"), ("failed", "verify")},
        "root": {("failed", "second"), *not_root},
    }
    assert found(answer, "jobs", "a merge is under way")["fix"] == f"git -C {merging} merge --abort"
    assert "no branch 'main'" in found(answer, "jobs", "to start the worktree from")["summary"]
    assert found(answer, "accounts", "KEY has no value")["fix"] == f"ccsched profiles check {secret['id'][:8]}"
    assert found(answer, "accounts", "without a profile", "not logged in")["fix"].endswith("claude auth login")
    assert found(answer, "runs", "nobody-here")["status"] == "failed"
    assert found(answer, "home", "others could read tasks.json")["fix"].startswith("chmod -R go= ")
    assert found(answer, "home", "tasks.json was rejected")["status"] == "warning"
    assert found(answer, "home", "another daemon could start")["status"] == "failed"
    assert found(answer, "machine", "Pacific/Kiritimati")["status"] == "warning"
    assert found(answer, "machine", "first/watching: ")["status"] == "warning"
    assert found(answer, "service", "checker: a login shell finds")["status"] == "failed"
    shown = bed.ccsched("doctor", "--before-bed", "--output", "table").stdout
    assert "Not yet: 5 tasks are due by " in shown
    assert "As things are, 5 of 5 would fail." in shown
    assert shown.count("a merge is under way") == 1


def test_what_puts_a_task_off_is_told(daemon: House, tmp_path: Path) -> None:
    """A usage limit, with when it starts instead; and a run under way for whose sake there may be none."""
    job = daemon.job(tmp_path, "job")
    busy = daemon.task(job, "busy", "hang", schedule=at(soon(2)), wait_for_limit=False)
    live = daemon.call("tasks.run", task=busy["id"])
    until(lambda: daemon.run(live)["status"] == "running", "it runs")
    other = daemon.job(tmp_path / "user", "other")
    refused = daemon.task(other, "refused", f"status 429 {5 * 3600}", wait_for_limit=False)
    daemon.ended(daemon.call("tasks.run", task=refused["id"]))
    for name, wait in (("patient", 12 * 3600), ("impatient", 3600)):
        daemon.task(other, name, "x", schedule=at(soon(3)), max_limit_wait=wait, permissions="acceptEdits")
    code, answer = doctor(daemon, "--before-bed")
    assert code == 1
    tasks = {task["task_name"]: task for task in answer["tonight"]["tasks"]}

    def told(name: str) -> dict[str, Document]:
        return {each["check"]: each for each in tasks[name]["problems"]}

    assert "is under way" in told("busy")["overlap"]["summary"]
    assert live["id"][:8] in told("busy")["overlap"]["fix"]
    starts, due = (datetime.fromisoformat(tasks["patient"][which]) for which in ("starts_at", "due"))
    assert timedelta(hours=1.5) < starts - due < timedelta(hours=2.5)
    assert told("patient")["usage limit"]["status"] == "warning"
    assert told("impatient")["usage limit"]["status"] == "failed"
    assert "nothing starts before" in found(answer, "accounts", "the usage limit for sonnet")["summary"]
    daemon.call("runs.stop", run=live["id"])
    daemon.ended(live)


@pytest.mark.claude
def test_the_real_agent_says_whether_it_is_logged_in(bed: House) -> None:
    """Not in an empty home; and with a key it believes that it is."""
    claude = os.environ.get("CCSCHED_TEST_CLAUDE") or "claude"
    need(claude)
    bed.settings(agent_command=[shutil.which(claude)])
    for key, status in (("", "failed"), ("sk-a-secret", "ok")):
        bed.environment["ANTHROPIC_API_KEY"] = key
        bed.start()
        _, answer = doctor(bed)
        assert found(answer, "accounts", "without a profile")["status"] == status
        assert found(answer, "programs", "claude, version 2.")["status"] == "ok"
        bed.end()
