"""Stopped means stopped: nothing of a run goes on after its end, whoever ended it."""

from pathlib import Path

import psutil

from tests.support.house import House, git, house, repository, until

IN_THE_BACKGROUND = "bash (trap '' TERM; setsid sleep 987 & wait) & echo started > started.txt\nhang"


def test_a_daemon_can_take_its_runs_with_it(tmp_path: Path) -> None:
    """With --stop-runs they are stopped, with all they have started, and on record as stopped, before it ends."""
    with house(tmp_path) as made:
        made.daemon = made.spawn("--stop-runs")
        until(made.health, "the daemon answers")
        job = made.job(repository(tmp_path / "repo"))
        task = made.task(job, "long", IN_THE_BACKGROUND, retry={"max_retries": 3, "retry_delay": 0})
        made.task(job, "next", "say never")
        runs = made.call("jobs.run", job=job["id"])["runs"]
        until((tmp_path / "repo" / "started.txt").exists, "the agent is at work")
        assert made.end() == 0
        assert made.processes() == []
        made.start()
        ended = made.run(runs[0])
        assert (ended["status"], ended["outcome"], ended["task_id"]) == ("cancelled", "stopped", task["id"])
        assert any("sleep 987" in each for each in ended["leftovers"]), ended["leftovers"]
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
    """It is only told of, where the task does not say otherwise."""
    task = daemon.task(daemon.job(repo), "slow", "wait 2\nwrite a.txt: a", stall_after=1)
    ended = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert (ended["status"], bool(ended["stalled_at"])) == ("success", True)
