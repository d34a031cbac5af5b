"""How a run ends: by itself, stopped, or out of time."""

import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.supervisor.supervised import Supervise, Supervised

PYTHON = (sys.executable, "-I", "-S", "-c")
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"


def _ready(run: Supervised, count: int) -> None:
    run.until(lambda: run.text().count(b"ready\n") >= count, f"{count} processes are ready")


def test_stop_lets_the_agent_end_its_own_way(supervise: Supervise) -> None:
    """SIGTERM comes first, and what the agent says and returns upon it is recorded."""
    run = supervise("bash", "-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    _ready(run, 1)
    run.stop()
    assert run.end() == 0
    assert b"bye\n" in run.text()
    assert (run.record["exit_code"], run.record["ended_by"]) == (5, "stop")
    assert run.record["duration"] < 4


def test_sigint_stops_too(supervise: Supervise) -> None:
    """SIGINT is as good as SIGTERM; SIGHUP is not heard."""
    run = supervise("sh", "-c", "echo ready; exec sleep 1000")
    _ready(run, 1)
    run.supervisor.send_signal(signal.SIGHUP)
    run.supervisor.send_signal(signal.SIGPIPE)
    run.supervisor.send_signal(signal.SIGINT)
    assert run.end() == 0
    assert (run.record["signal"], run.record["ended_by"]) == (signal.SIGTERM, "stop")


def test_an_agent_that_ignores_sigterm_is_killed_after_the_grace(supervise: Supervise) -> None:
    """Grace is given in full, and not longer."""
    run = supervise("bash", "-c", STUBBORN, grace=0.7)
    _ready(run, 1)
    began = time.monotonic()
    run.stop()
    assert run.end() == 0
    assert 0.7 <= time.monotonic() - began < 3
    assert (run.record["signal"], run.record["exit_code"], run.record["ended_by"]) == (signal.SIGKILL, None, "stop")


def test_a_stopped_agent_is_reached(supervise: Supervise) -> None:
    """A process that is suspended ends upon SIGTERM, not only when it is killed."""
    run = supervise("sh", "-c", "echo ready; kill -STOP $$", grace=20)
    _ready(run, 1)
    agent = run.alive()[0]
    run.until(lambda: agent.status() == psutil.STATUS_STOPPED, "the agent is suspended")
    run.stop()
    assert run.end() == 0
    assert run.record["signal"] == signal.SIGTERM
    assert run.record["duration"] < 10


def test_the_time_limit_ends_the_run(supervise: Supervise) -> None:
    """A run that takes too long is stopped with that reason, descendants and all."""
    run = supervise("bash", "-c", "setsid sleep 1000 & wait", time_limit=0.3, grace=1)
    assert run.end() == 0
    assert run.record["ended_by"] == "time_limit"
    assert 0.3 <= run.record["duration"] < 3
    assert run.alive() == []


def test_a_time_limit_of_months_is_no_limit_too_long(supervise: Supervise) -> None:
    """A limit beyond what one wait can take is kept all the same."""
    run = supervise("sh", "-c", "sleep 0.1", time_limit=90 * 86400)
    assert run.end() == 0
    assert (run.record["ended_by"], run.record["exit_code"]) == (None, 0)


def test_what_the_agent_leaves_behind_is_ended_and_named(supervise: Supervise) -> None:
    """A double-forked process in a session of its own is ended after the agent, and in the record, masked."""
    script = "(setsid sleep 1234 hush 2>/dev/null &) ; (setsid sh -c 'exec sleep 4321' &); sleep 0.3; exit 0"
    run = supervise("bash", "-c", script, secrets=["4321"])
    assert run.end() == 0
    if sys.platform == "linux":
        assert [left["command"] for left in run.record["leftovers"]] == ["sleep •••"]
    assert (run.record["exit_code"], run.record["ended_by"]) == (0, None)
    assert run.record["duration"] < 2
    assert run.alive() == []


def test_a_stubborn_leftover_is_killed_after_two_seconds(supervise: Supervise) -> None:
    """What ignores SIGTERM after the agent has gone is killed, before a long grace is over."""
    run = supervise(
        "bash", "-c", f'bash -c "{STUBBORN}" & while ! [ -e seen ]; do sleep 0.01; done; exit 0', grace=60
    )
    _ready(run, 1)
    (run.folder / "seen").touch()
    began = time.monotonic()
    assert run.end() == 0
    assert 1.9 < time.monotonic() - began < 8
    assert run.alive() == []
    assert any("trap" in left["command"] for left in run.record["leftovers"])


def test_a_process_that_holds_the_pipes_does_not_hold_the_run(supervise: Supervise) -> None:
    """The run ends with the agent, and all that was said is in the log."""
    run = supervise("bash", "-c", "sleep 1000 & head -c 300000 /dev/zero | tr '\\0' x; echo; echo end")
    assert run.end() == 0
    assert run.text() == b"x" * 300_000 + b"\nend\n"
    assert run.record["stdout_bytes"] == 300_005
    assert run.record["leftovers"] != []
    assert run.alive() == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_pipe_held_from_outside_is_not_waited_for(supervise: Supervise) -> None:
    """A process that is none of the agent's and has opened its output does not keep the run from ending."""
    run = supervise("sh", "-c", "echo ready; exec sleep 0.5")
    _ready(run, 1)
    with Path(f"/proc/{run.alive()[0].pid}/fd/1").open("wb", buffering=0) as pipe:
        pipe.write(b"from outside")
        assert run.end() == 0
    assert run.text() == b"ready\nfrom outside"


def test_a_removed_folder_ends_the_supervisor(supervise: Supervise) -> None:
    """When nobody can read a record any more, none is written and nothing stays behind."""
    run = supervise("sh", "-c", "echo ready; exec sleep 0.5", log="/dev/null")
    run.until(lambda: (run.folder / "claim").exists(), "the run is claimed")
    run.until(lambda: run.alive(), "the agent runs")
    (run.folder / "claim").unlink()
    run.folder.rmdir()
    assert run.end() == 0


def test_a_record_that_cannot_be_written_is_written_later(supervise: Supervise) -> None:
    """The record is not lost when there is no room for it at first."""
    run = supervise("true", send=False)
    obstacle = run.folder / "exit.json.new"
    obstacle.mkdir()
    run.send()
    run.until(lambda: (run.folder / "claim").exists(), "the run is claimed")
    time.sleep(0.5)
    assert run.supervisor.poll() is None
    obstacle.rmdir()
    assert run.end() == 0
    assert run.record["exit_code"] == 0
