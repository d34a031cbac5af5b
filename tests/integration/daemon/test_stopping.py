"""Stopped means stopped: nothing of a run goes on after its end, whoever ended it."""

import contextlib
import socket
import threading
from pathlib import Path

import psutil
import pytest

from tests.support.house import House, RpcFailed, git, house, repository, until

IN_THE_BACKGROUND = "bash (trap '' TERM; setsid sleep 987 & wait) & echo started > started.txt\nhang"


def test_a_daemon_can_take_its_runs_with_it(tmp_path: Path) -> None:
    """With --stop-runs they are stopped, with all they have started, and on record as stopped, before it ends.

    A service manager is told how long that may take, lest it kill the daemon meanwhile and start it anew.
    """
    with house(tmp_path) as made, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        made.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        made.daemon = made.spawn("--stop-runs")
        until(made.health, "the daemon answers")
        job = made.job(repository(tmp_path / "repo"))
        task = made.task(job, "long", IN_THE_BACKGROUND, retry={"max_retries": 3, "retry_delay": 0})
        made.task(job, "next", "say never")
        runs = made.call("jobs.run", job=job["id"])["runs"]
        until((tmp_path / "repo" / "started.txt").exists, "the agent is at work")
        assert made.end() == 0
        assert made.processes() == []
        told: list[str] = []
        while not told or not told[-1].startswith("EXTEND_TIMEOUT_USEC="):
            told.append(manager.recv(4096, socket.MSG_DONTWAIT).decode())
        assert told[-2:] == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=31000000"]
        made.start()
        ended = made.run(runs[0])
        assert (ended["status"], ended["outcome"], ended["task_id"]) == ("cancelled", "stopped", task["id"])
        assert any("sleep 987" in each for each in ended["leftovers"]), ended["leftovers"]
        assert "daemon ended" in ended["errors"][0]
        assert made.run(runs[1])["status"] == "cancelled"
        assert len(made.runs()) == 2


def test_what_a_vanished_supervisor_leaves_is_ended(daemon: House, repo: Path) -> None:
    """Also what is in a session of its own; it is named on the record of the run, which was interrupted."""
    task = daemon.task(daemon.job(repo), "long", IN_THE_BACKGROUND)
    run = daemon.call("tasks.run", task=task["id"])
    until((repo / "started.txt").exists, "the agent is at work")
    supervisor = int(daemon.claim(run).read_text().split()[0])
    psutil.Process(supervisor).kill()
    ended = daemon.ended(run)
    assert (ended["status"], ended["outcome"]) == ("failed", "interrupted")
    assert any("sleep 987" in each for each in ended["leftovers"]), ended["leftovers"]
    left = [process for process in daemon.processes() if "ccschedd" not in " ".join(process.cmdline())]
    assert left == []


def test_an_agent_that_says_nothing_is_told_of_and_ended_if_so_wanted(daemon: House, repo: Path) -> None:
    """The run has failed; what it had done is named, and lies in the directory."""
    task = daemon.task(daemon.job(repo), "long", "write a.txt: a\nhang", stall_after=1, stop_when_stalled=True)
    ended = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert (ended["status"], ended["outcome"]) == ("failed", "timed_out")
    assert ended["stalled_at"]
    assert "said nothing" in ended["errors"][0]
    assert (ended["uncommitted"], ended["commit"]) == (["a.txt"], None)
    assert git(repo, "status", "--porcelain") == "?? a.txt"


def test_an_agent_that_says_nothing_for_a_while_goes_on(daemon: House, repo: Path) -> None:
    """It is only told of, where the task does not say otherwise, and no longer once it has said something."""
    prompt = "bash while ! test -e ../go; do sleep 0.05; done\nwrite a.txt: a"
    task = daemon.task(daemon.job(repo), "slow", prompt, stall_after=1)
    run = daemon.call("tasks.run", task=task["id"])
    until(lambda: daemon.run(run)["stalled_at"], "it is noticed")
    (repo.parent / "go").touch()
    ended = daemon.ended(run)
    assert (ended["status"], ended["stalled_at"]) == ("success", None)


@pytest.mark.parametrize("resume", [True, False], ids=["in its session", "from the beginning"])
def test_what_a_stopped_run_left_is_committed_by_the_one_that_does_it_over(
    daemon: House, repo: Path, resume: bool
) -> None:
    """It is the work of both; what the person has changed meanwhile is not."""
    task = daemon.task(daemon.job(repo), "long", "append long.txt: 1\nbash test -e ../again || sleep 60")
    run = daemon.call("tasks.run", task=task["id"])
    until((repo / "long.txt").exists, "it has begun")
    daemon.call("runs.stop", run=run["id"])
    (repo.parent / "again").touch()
    (repo / "mine.txt").write_text("mine\n")
    (again,) = daemon.call("runs.restart", run=run["id"], resume=resume)["runs"]
    ended = daemon.ended(again)
    assert (ended["status"], ended["restarted_from"]) == ("success", run["id"]), ended["errors"]
    files = git(repo, "show", "--format=", "--name-only", ended["commit"]).split()
    assert sorted(set(files) - {"NOTES.md"}) == ["long.txt"]
    assert git(repo, "status", "--porcelain") == "?? mine.txt"


def test_a_daemon_ends_however_busy_it_is(tmp_path: Path) -> None:
    """Whatever is told to its loops in the moment in which they are to end."""
    with house(tmp_path) as made:
        for _ in range(5):
            made.start()
            over = threading.Event()

            def ask(over: threading.Event = over) -> None:
                while not over.is_set():
                    with contextlib.suppress(OSError, RpcFailed):
                        made.call("jobs.create", name="x", working_directory={"path": str(tmp_path)})

            asking = threading.Thread(target=ask)
            asking.start()
            try:
                assert made.end() == 0
            finally:
                over.set()
                asking.join()
