"""``ccsched daemon …``: the daemon in the background, without a service manager."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.house import BIN, House, house, until


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    """A home without a daemon, on a machine without a service manager; nothing of it is left."""
    with house(tmp_path) as found:
        # A systemctl that answers for nobody: the machine of the tests may have one, with services.
        programs = tmp_path / "programs"
        programs.mkdir()
        for name in ("systemctl", "launchctl"):
            (programs / name).write_text("#!/bin/sh\nexit 1\n")
            (programs / name).chmod(0o755)
        found.environment.update(PATH=f"{programs}:{found.environment['PATH']}", XDG_RUNTIME_DIR=str(tmp_path))
        yield found
    assert found.processes() == []


def ccsched(made: House, *arguments: str, status: int = 0) -> Any:
    """The answer of a command in a pipe; what it complains of where its exit status is 1."""
    done = made.ccsched("daemon", *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status == 1 else json.loads(done.stdout)


def running(made: House) -> psutil.Process:
    """The process of the daemon that answers."""
    return psutil.Process(made.call("daemon.health")["pid"])


def agents(made: House, run: dict[str, Any]) -> list[psutil.Process]:
    """The processes of a run."""
    found = []
    for process in made.processes():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("CCSCHED_RUN_ID") == run["id"]:
                found.append(process)
    return found


def test_it_is_ready_when_start_returns_and_belongs_to_no_terminal(made: House) -> None:
    """Its session has no leader, and it has nothing of who started it: no file, no folder, no ignored signal."""
    for name in ("TERM", "TMUX", "SSH_TTY", "JOURNAL_STREAM", "NOTIFY_SOCKET", "CCSCHED_RUN_ID"):
        made.environment[name] = "/of/the/session"
    made.environment["LD_PRELOAD"] = "/missing.so"  # of which the dynamic linker complains to each that starts
    reading, writing = os.pipe()
    done = subprocess.run(
        ["nohup", BIN / "ccsched", "daemon", "start"],
        env=made.environment,
        pass_fds=[writing],
        capture_output=True,
        check=True,
    )
    os.close(writing)
    assert os.read(reading, 1) == b"", "nobody has it open any more"
    os.close(reading)
    told = json.loads(done.stdout)
    process = running(made)
    assert (told["started"], told["pid"], told["log"]) == (True, process.pid, str(made.home.daemon_log))
    assert (process.terminal(), process.cwd()) == (None, "/")
    assert os.getsid(process.pid) not in (process.pid, os.getsid(0))
    assert {"TERM", "TMUX", "SSH_TTY", "JOURNAL_STREAM", "NOTIFY_SOCKET", "CCSCHED_RUN_ID"}.isdisjoint(
        process.environ()
    )
    assert process.environ()["HOME"] == made.environment["HOME"]
    assert "ccschedd" in " ".join(process.cmdline())
    assert made.home.pid_file.read_text() == f"{process.pid}\n"
    assert made.home.pid_file.stat().st_mode & 0o777 == 0o600
    if sys.platform == "linux":
        files = [Path(f"/proc/{process.pid}/fd/{number}").readlink() for number in range(3)]
        assert files == [Path(os.devnull), Path(os.devnull), made.home.daemon_log]
        ignored = re.search(r"SigIgn:\s+(\w+)", Path(f"/proc/{process.pid}/status").read_text())
        assert ignored
        assert not int(ignored[1], 16) >> (signal.SIGQUIT - 1) & 1
    state = ccsched(made, "status")
    assert (state["running"], state["pid"], state["started_by"]) == (True, process.pid, "detached")
    assert ccsched(made, "stop") == {"stopped": True, "pid": process.pid, "stopped_runs": 0, "live_runs": 0}
    assert not made.home.pid_file.exists()
    assert not psutil.pid_exists(process.pid) or process.status() == psutil.STATUS_ZOMBIE
    assert ccsched(made, "status", status=3)["running"] is False
    assert ccsched(made, "stop")["stopped"] is False


def test_of_two_starts_at_once_one_is_the_daemon(made: House) -> None:
    """The other says that it runs already; so does one that comes later."""
    starts = [
        subprocess.Popen([BIN / "ccsched", "daemon", "start"], env=made.environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    told = [json.loads(start.communicate()[0]) for start in starts]
    assert sorted(each["started"] for each in told) == [False, True]
    assert {each["pid"] for each in told} == {running(made).pid}
    assert [start.returncode for start in starts] == [0, 0]
    again = ccsched(made, "start")
    assert (again["started"], again["pid"]) == (False, running(made).pid)
    daemons = [each for each in made.processes() if "ccschedd" in " ".join(each.cmdline())]
    assert [each.pid for each in daemons] == [running(made).pid]


def test_a_restart_leaves_runs_alive_and_a_stop_ends_them_if_asked_to(made: House, tmp_path: Path) -> None:
    """The agent's process is the same before and after."""
    first = ccsched(made, "start")["pid"]
    run = made.call("tasks.run", task=made.task(made.job(tmp_path), "long", "wait 60")["id"])
    until(lambda: agents(made, run), "the agent is started")
    [agent] = agents(made, run)
    again = ccsched(made, "restart")
    assert (again["stopped"], again["started"]) == (True, True)
    assert first != again["pid"] == running(made).pid
    assert made.run(run)["status"] == "running"
    assert ccsched(made, "stop")["live_runs"] == 1
    assert agent.is_running()
    ccsched(made, "start")
    assert ccsched(made, "stop", "--stop-runs")["stopped_runs"] == 1
    assert not agent.is_running()
    ccsched(made, "start")
    assert (made.run(run)["status"], made.run(run)["outcome"]) == ("cancelled", "stopped")


def test_a_daemon_that_another_keeps_is_left_to_it(made: House) -> None:
    """A service of the machine is not ended, and so not made one in the background by a restart."""
    made.environment["NOTIFY_SOCKET"] = "/of/the/manager"
    made.start()
    assert made.daemon
    for verb in ("stop", "restart"):
        assert f"process {made.daemon.pid}, is a service" in ccsched(made, verb, status=1)
    assert made.daemon.poll() is None


def test_a_process_id_that_was_left_behind_is_another_processs(made: House) -> None:
    """After a kill the files name whoever has the number by now, and that is not signalled."""
    made.home.path.mkdir(mode=0o700, exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={}) as foreign:
        for path in (made.home.pid_file, made.home.lock):
            path.write_text(f"{foreign.pid}\n")
        assert ccsched(made, "status", status=3)["running"] is False
        assert ccsched(made, "stop")["stopped"] is False
        started = ccsched(made, "start")
        assert started["pid"] != foreign.pid
        assert made.home.pid_file.read_text() == f"{started['pid']}\n"
        made.home.pid_file.write_text(f"{foreign.pid}\n")
        assert ccsched(made, "stop")["pid"] == started["pid"]
        assert foreign.poll() is None
        foreign.communicate(b"\n")
        assert foreign.returncode == 0, "nobody has sent it anything"


def test_a_daemon_that_cannot_start_says_why(made: House) -> None:
    """In its own words, on standard error and in its log; and nothing of it is left."""
    made.home.path.mkdir(mode=0o700, exist_ok=True)
    made.home.state_db.write_text("no record at all, but something that a person may miss\n" * 100)
    said = ccsched(made, "start", status=1)
    assert said.startswith(
        f"Error: The daemon could not start: cannot use {made.home.state_db}: file is not a database"
    )
    assert "file is not a database" in made.home.daemon_log.read_text()
    assert not made.home.pid_file.exists()
    made.home.state_db.unlink()
    target = made.home.path.parent / "target"
    target.write_text("untouched")
    made.home.pid_file.symlink_to(target)
    assert f"{made.home.pid_file} is in the way: it is a symbolic link" in ccsched(made, "start", status=1)
    assert target.read_text() == "untouched"
