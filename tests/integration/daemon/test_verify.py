"""A verify command has the last word on whether a run is a success."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, git, until

NEEDS_FIX = "test -e fixed.txt || { echo 'write fixed.txt: yes'; exit 3; }"
"""What it says is a step for the stand-in, which so mends what is wrong."""


def verified(daemon: House, repo: Path, command: str, prompt: str = "write a.txt: a", **verify: object) -> Any:
    """A run of a task with a verify command, ended."""
    task = daemon.task(daemon.job(repo), "build", prompt, verify={"command": command, **verify})
    return daemon.ended(daemon.call("tasks.run", task=task["id"]))


def test_a_run_is_a_success_once_its_work_passes(daemon: House, repo: Path) -> None:
    """It runs in the directory of the run, after the agent; what the run changed is committed then."""
    run = verified(daemon, repo, 'test "$(cat a.txt)" = a && echo fine')
    assert (run["status"], run["outcome"]) == ("success", "done"), run["errors"]
    (round_,) = run["verify_rounds"]
    assert (round_["passed"], round_["exit_code"], round_["output"]) == (True, 0, "fine")
    assert git(repo, "show", "--format=", "--name-only", run["commit"]) == "a.txt"
    log = Path(run["log_path"]).read_text().splitlines()
    assert 'ccsched| verify, round 1: test "$(cat a.txt)" = a && echo fine' in log
    assert log[-1] == "verify| fine"


def test_the_agent_is_told_what_went_wrong_and_mends_it(daemon: House, repo: Path) -> None:
    """In the same session, with what the command said; all it did is one commit."""
    run = verified(daemon, repo, NEEDS_FIX)
    assert (run["status"], run["outcome"]) == ("success", "done"), run["errors"]
    assert [(each["passed"], each["exit_code"]) for each in run["verify_rounds"]] == [(False, 3), (True, 0)]
    assert run["verify_rounds"][0]["output"] == "write fixed.txt: yes"
    assert git(repo, "show", "--format=", "--name-only", run["commit"]).split() == ["a.txt", "fixed.txt"]
    assert run["num_turns"] == 4
    log = Path(run["log_path"]).read_text()
    assert "ccsched| the agent is called again, to mend what round 1 of verifying found\n" in log
    assert log.count(run["session_id"]) > 2


@pytest.mark.parametrize("rounds", [0, 1])
def test_work_that_never_passes_is_no_success(daemon: House, repo: Path, rounds: int) -> None:
    """After the last round to mend it, it is failed; nothing is committed, and nothing of the work is lost."""
    run = verified(daemon, repo, "echo broken >&2; exit 7", max_fix_rounds=rounds)
    assert (run["status"], run["outcome"], run["commit"]) == ("failed", "unverified", None)
    assert [each["exit_code"] for each in run["verify_rounds"]] == [7] * (rounds + 1)
    assert "exit status 7" in run["errors"][0]
    assert "broken" in run["errors"][1]
    assert (repo / "a.txt").read_text() == "a\n"


def test_a_verify_command_has_a_time_limit(daemon: House, repo: Path) -> None:
    """One that hangs is ended with all it has started, and counts as not passed."""
    run = verified(daemon, repo, "sleep 600 & wait", time_limit=1, max_fix_rounds=0)
    assert (run["outcome"], run["verify_rounds"][0]["timed_out"]) == ("unverified", True)
    assert "time limit" in run["errors"][0]


def test_a_run_that_failed_is_not_verified(daemon: House, repo: Path) -> None:
    """There is nothing to verify."""
    run = verified(daemon, repo, "touch verified", prompt="fail no")
    assert (run["outcome"], run["verify_rounds"]) == ("agent_error", [])
    assert not (repo / "verified").exists()


def test_a_run_can_be_stopped_while_it_is_verified(daemon: House, repo: Path) -> None:
    """It ends at once, and is stopped rather than unverified."""
    verify = {"command": "touch verifying; sleep 600"}
    task = daemon.task(daemon.job(repo), "build", "write a.txt: a", verify=verify)
    run = daemon.call("tasks.run", task=task["id"])
    until((repo / "verifying").exists, "it is verified")
    stopped = daemon.call("runs.stop", run=run["id"])
    assert (stopped["status"], stopped["outcome"], stopped["commit"]) == ("cancelled", "stopped", None)


@pytest.mark.parametrize("killed_in", ["the first round", "the mending", "the second round"])
def test_verifying_goes_on_with_the_next_daemon(daemon: House, repo: Path, killed_in: str) -> None:
    """Wherever in it the daemon is killed, each round takes place once."""
    place = {"the first round": "round1", "the mending": "mending", "the second round": "round2"}[killed_in]
    command = (
        "n=$(($(cat ../count 2>/dev/null || echo 0) + 1)); echo $n > ../count; touch ../round$n; "
        f"test ../round$n != ../{place} || while ! test -e ../go; do sleep 0.05; done; "
        "test $n = 2 || { echo 'bash touch ../mending'; "
        f"echo 'bash while test {place} = mending && ! test -e ../go; do sleep 0.05; done'; exit 1; }}"
    )
    task = daemon.task(daemon.job(repo), "build", "write a.txt: a", verify={"command": command})
    run = daemon.call("tasks.run", task=task["id"])
    until((repo.parent / place).exists, killed_in)
    daemon.kill()
    (repo.parent / "go").touch()
    daemon.start()
    run = daemon.ended(run)
    assert (run["status"], [each["passed"] for each in run["verify_rounds"]]) == ("success", [False, True]), run
    assert (repo.parent / "count").read_text() == "2\n"
    assert git(repo, "log", "--format=%s") == "task: build\nBegin"
