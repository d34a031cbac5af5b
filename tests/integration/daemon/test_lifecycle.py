"""How a daemon starts, ends, and hands over."""

import json
import os
import pty
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.house import BIN, PATIENCE, House, house, until


def log_lines(made: House) -> list[dict[str, object]]:
    """The daemon's log."""
    return [json.loads(line) for line in made.log.read_text().splitlines()]


def test_a_second_daemon_says_who_holds_the_home(daemon: House) -> None:
    """It names the pid, and its exit status that another try may do better; the first goes on."""
    assert daemon.daemon
    before = daemon.log.stat().st_size
    second = daemon.spawn()
    assert second.wait(PATIENCE) == 1
    said = daemon.log.read_text()[before:]
    assert f"pid {daemon.daemon.pid}" in said
    assert daemon.call("daemon.health")["pid"] == daemon.daemon.pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_and_leaves_its_runs_alive(
    daemon: House, tmp_path: Path, number: signal.Signals
) -> None:
    """The next daemon sees the run through."""
    task = daemon.task(daemon.job(tmp_path), "slow", "wait 1.5\nwrite done.txt: yes")
    run = daemon.call("tasks.run", task=task["id"])
    until(daemon.claim(run).exists, "the agent is started")
    assert daemon.end(number) == 0
    assert not daemon.home.socket().exists()
    assert any("ccsched-supervisor" in process.cmdline() for process in daemon.processes())
    daemon.start()
    ended = daemon.ended(run)
    assert (ended["status"], ended["outcome"]) == ("success", "done")
    assert (tmp_path / "done.txt").read_text().strip() == "yes"


def test_a_run_that_ended_while_no_daemon_lived_is_recorded(daemon: House, tmp_path: Path) -> None:
    """Its end is the time it ended, not the time it was found."""
    task = daemon.task(daemon.job(tmp_path), "short", "wait 0.5\nsay done")
    run = daemon.call("tasks.run", task=task["id"])
    until(daemon.claim(run).exists, "the agent is started")
    daemon.kill()
    record = daemon.home.run_folder(run["id"]) / "exit.json"
    until(record.exists, "the supervisor has left its record")
    left = json.loads(record.read_text())
    daemon.start()
    ended = daemon.ended(run)
    assert ended["status"] == "success"
    assert ended["end_time"] == left["ended_at"]
    assert not daemon.home.run_folder(run["id"]).exists()


def test_a_supervisor_that_vanished_makes_its_run_interrupted(daemon: House, tmp_path: Path) -> None:
    """As after a power cut: the run has failed, and what followed it is not started."""
    job = daemon.job(tmp_path)
    daemon.task(job, "first", "wait 60")
    daemon.task(job, "second", "say never")
    runs = daemon.call("jobs.run", job=job["id"])["runs"]
    until(daemon.claim(runs[0]).exists, "the agent is started")
    daemon.kill()
    for process in daemon.processes():
        process.kill()
    daemon.start()
    first, second = daemon.ended(runs[0]), daemon.ended(runs[1])
    assert (first["status"], first["outcome"]) == ("failed", "interrupted")
    assert (second["status"], second["outcome"]) == ("cancelled", "not_started")
    assert daemon.call("jobs.get", job=job["id"])["status"] == "failed"


def test_a_hang_up_takes_in_edited_files(daemon: House) -> None:
    """An edit of settings.json is there at once."""
    assert daemon.daemon
    path = daemon.home.path / "settings.json"
    settings = json.loads(path.read_text())
    settings["max_concurrent_runs"] = 7
    replacement = path.with_suffix(".new")
    replacement.write_text(json.dumps(settings))
    replacement.rename(path)
    daemon.daemon.send_signal(signal.SIGHUP)
    until(lambda: daemon.call("settings.get")["max_concurrent_runs"] == 7, "the edit is taken in")


def test_the_home_is_for_its_user_alone(daemon: House) -> None:
    """Directories 0700; files and socket 0600."""
    for path in [daemon.home.path, *daemon.home.path.rglob("*")]:
        mode = path.lstat().st_mode
        assert stat.S_IMODE(mode) == (0o700 if stat.S_ISDIR(mode) else 0o600), path


def test_every_log_line_of_a_run_says_whose_it_is(daemon: House, tmp_path: Path) -> None:
    """JSON where nobody watches, with job, task and run."""
    task = daemon.task(daemon.job(tmp_path, name="the job"), "the task", "say hello")
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    lines = [line for line in log_lines(daemon) if line["event"] in ("started", "ended") and "run" in line]
    assert [line["event"] for line in lines] == ["started", "ended"]
    for line in lines:
        assert (line["job"], line["task"], line["run"]) == ("the job", "the task", run["id"])


def test_a_daemon_without_standard_streams_works(tmp_path: Path) -> None:
    """As one that is started by something that closes them; no file of its own gets their numbers."""
    with house(tmp_path) as made:
        closed = f"exec {BIN / 'ccschedd'} --home {made.home.path} <&- >&- 2>&-"
        made.daemon = subprocess.Popen(["sh", "-c", closed], env=made.environment)
        until(made.home.socket().exists, "the daemon listens")
        assert made.call("daemon.health")["pid"] == made.daemon.pid
        if sys.platform == "linux":
            streams = [Path(f"/proc/{made.daemon.pid}/fd/{number}").readlink() for number in range(3)]
            assert streams == [Path(os.devnull)] * 3
        assert made.end() == 0


def test_the_log_is_readable_on_a_terminal(tmp_path: Path) -> None:
    """No JSON where a person watches."""
    with house(tmp_path) as made:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [BIN / "ccschedd", "--home", made.home.path],
            env={**made.environment, "TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        said = b""
        try:
            while b"ready" not in said:
                said += os.read(master, 4096)
        finally:
            process.terminate()
            process.wait(PATIENCE)
            os.close(master)
        assert b"{" not in said
        assert str(made.home.path).encode() in said.replace(b"\r\n", b"")
