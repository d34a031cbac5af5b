"""A verify command has the last word on whether a run is a success."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.crash.night import Ambush
from tests.support.house import House, git, house, until

NEEDS_FIX = "test -e fixed.txt || { echo 'write fixed.txt: yes'; exit 3; }"
"""What it says is a step for the stand-in, which so mends what is wrong."""
RESULT = '{"type": "result", "subtype": "success", "is_error": false, "num_turns": 1, "result": "done"}'


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


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        ({"max_turns": 2}, "unverified"),
        ({"max_budget_usd": 0.01}, "unverified"),
        ({"max_turns": 3}, "max_turns"),
        ({"max_turns": 4, "max_budget_usd": 0.1}, "done"),
    ],
    ids=["no turn left", "no money left", "one turn left", "enough left"],
)
def test_a_run_takes_no_more_than_its_task_may(
    daemon: House, repo: Path, limits: dict[str, object], outcome: str
) -> None:
    """To mend its work the agent gets what is left of turns and money; with nothing left it is not called again."""
    task = daemon.task(daemon.job(repo), "build", "write a.txt: a", verify={"command": NEEDS_FIX}, **limits)
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert run["outcome"] == outcome, run["errors"]
    called_again = "is called again" in Path(run["log_path"]).read_text()
    assert called_again is not any("no more turns or money" in error for error in run["errors"])
    assert called_again is (outcome != "unverified")


def test_a_verify_command_that_cannot_be_started_is_nothing_to_mend(daemon: House, tmp_path: Path) -> None:
    """As where the agent has removed its directory: the end says why, and the agent is not called again."""
    work = tmp_path / "work"
    work.mkdir()
    run = verified(daemon, work, "true", "bash rmdir ../work")
    assert (run["status"], run["outcome"]) == ("failed", "unverified")
    assert [(each["passed"], each["exit_code"]) for each in run["verify_rounds"]] == [(False, None)]
    assert "could not be started" in run["errors"][0]
    assert "working directory" in run["errors"][1]


def test_what_the_verify_command_changes_does_not_start_its_task_again(daemon: House, tmp_path: Path) -> None:
    """Where the task watches the files that the command writes."""
    work = tmp_path / "work"
    work.mkdir()
    watch = {"type": "file_watch", "watch_path": str(work), "watch_debounce": 0.1, "watch_max_wait": 1}
    task = daemon.task(
        daemon.job(work),
        "watch",
        "say hello",
        schedule=watch,
        verify={"command": "sleep 0.3; echo a >> built.txt; sleep 0.3"},
    )
    until(lambda: "waits for a change" in daemon.call("tasks.why", task=task["id"])["message"], "it watches")
    (work / "first.txt").write_text("x")
    until(daemon.runs, "it has started")
    daemon.all_ended()
    with pytest.raises(AssertionError):
        until(lambda: len(daemon.runs()) > 1, "another run", patience=1.5)


def test_a_run_is_verified_as_it_was_asked_for_when_it_began(daemon: House, repo: Path) -> None:
    """Also by the next daemon, and where the task does not want it any more."""
    working = "bash touch ../working; while ! test -e ../go; do sleep 0.05; done"
    task = daemon.task(
        daemon.job(repo), "build", f"write a.txt: a\n{working}", verify={"command": "false", "max_fix_rounds": 0}
    )
    run = daemon.call("tasks.run", task=task["id"])
    until((repo.parent / "working").exists, "the agent is at work")
    daemon.call("tasks.update", task=task["id"], changes={"verify": {"command": None}})
    daemon.kill()
    (repo.parent / "go").touch()
    daemon.start()
    run = daemon.ended(run)
    assert (run["outcome"], run["commit"], run["verify_rounds"][0]["exit_code"]) == ("unverified", None, 1)


def test_a_round_that_nobody_saw_the_end_of_interrupts_the_run(daemon: House, repo: Path) -> None:
    """It is not taken for the round before it: nothing is mended on the word of that one."""
    command = "test -e ../once || { touch ../once; echo 'say again'; exit 1; }; touch ../twice; sleep 600"
    task = daemon.task(daemon.job(repo), "build", "write a.txt: a", verify={"command": command})
    run = daemon.call("tasks.run", task=task["id"])
    until((repo.parent / "twice").exists, "the second round")
    claim = daemon.home.run_folder(run["id"]) / "3" / "claim"
    psutil.Process(int(claim.read_text())).kill()
    run = daemon.ended(run)
    assert (run["status"], run["outcome"]) == ("failed", "interrupted"), run["errors"]
    assert [each["passed"] for each in run["verify_rounds"]] == [False]
    assert Path(run["log_path"]).read_text().count("is called again") == 1


@contextmanager
def with_agent(tmp_path: Path, script: str, **settings: object) -> Iterator[House]:
    """A house whose agent is a shell script."""
    (tmp_path / "agent.sh").write_text(script)
    with house(tmp_path, agent_command=["/bin/sh", str(tmp_path / "agent.sh")], **settings) as made:
        made.start()
        yield made
        assert made.end() == 0
        assert made.processes() == []


def test_a_result_needs_no_line_end(tmp_path: Path, repo: Path) -> None:
    """The agent has ended, and so has the last line of what it said."""
    with with_agent(tmp_path, f"printf %s '{RESULT}'") as made:
        run = verified(made, repo, "true")
    assert (run["status"], len(run["verify_rounds"])) == ("success", 1), run["errors"]


def test_an_agent_that_was_done_when_it_was_ended_for_its_silence_is_verified(tmp_path: Path, repo: Path) -> None:
    """Its work counts as ever, and has to pass as ever."""
    script = f"told() {{ echo '{RESULT}'; exit 0; }}\ntrap told TERM\nwhile true; do sleep 0.05; done"
    with with_agent(tmp_path, script) as made:
        verify = {"command": "true"}
        silent = {"stall_after": 1, "stop_when_stalled": True}
        task = made.task(made.job(repo), "build", "say nothing", verify=verify, **silent)
        run = made.ended(made.call("tasks.run", task=task["id"]))
    assert run["stalled_at"]
    assert (run["status"], len(run["verify_rounds"])) == ("success", 1), run["errors"]


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    """The folder in which steps are named."""
    path = tmp_path / "faults"
    path.mkdir()
    return path


@pytest.fixture
def slow(tmp_path: Path, faults: Path) -> Iterator[House]:
    """A house whose daemon can be had to wait at a step."""
    with house(tmp_path) as made:
        made.environment["CCSCHED_FAULTS"] = str(faults)
        made.start()
        yield made
        assert made.end() == 0
        assert made.processes() == []


def at_its_step(ambush: Ambush) -> None:
    """Wait until the daemon has come to a step, and kill the supervisor that it has just started."""
    for process in psutil.Process(ambush.awaited()).children():
        process.kill()


@pytest.mark.parametrize("passing", [1, 2], ids=["verified", "mended"])
def test_a_stop_that_comes_before_a_supervisor_has_orders_is_a_stop(
    slow: House, faults: Path, repo: Path, passing: int
) -> None:
    """A signal ends it then, and no trace is left of it: the run is stopped all the same, and not interrupted."""
    task = slow.task(slow.job(repo), "build", "write a.txt: a", verify={"command": NEEDS_FIX})
    with Ambush(faults, "leg-recorded", passing) as ambush:
        run = slow.call("tasks.run", task=task["id"])
        with slow.connect() as connection:
            at_its_step(ambush)
            connection.sendall(
                b'{"jsonrpc": "2.0", "id": 1, "method": "runs.stop", "params": {"run": "%s"}}\n'
                % (run["id"].encode())
            )
            ambush.release()
            connection.recv(1, socket.MSG_WAITALL)
    run = slow.ended(run)
    assert (run["status"], run["outcome"]) == ("cancelled", "stopped"), run["errors"]


def test_a_run_whose_verify_command_cannot_be_begun_keeps_what_is_known(
    slow: House, faults: Path, repo: Path
) -> None:
    """Its supervisors have ended one after the other: the agent's work was done, and is not verified."""
    task = slow.task(slow.job(repo), "build", "write a.txt: a", verify={"command": "true"})
    for attempt in range(3):
        with Ambush(faults, "leg-recorded") as ambush:
            if attempt == 0:
                run = slow.call("tasks.run", task=task["id"])
            at_its_step(ambush)
            ambush.release()
    run = slow.ended(run)
    assert (run["status"], run["outcome"]) == ("failed", "unverified"), run["errors"]
    assert "ended 3 times" in run["errors"][-1]
    assert (run["num_turns"], run["cost_usd"] > 0, run["exit_code"]) == (2, True, 0)
    assert run["uncommitted"] == ["a.txt"]


def test_a_run_that_cannot_be_examined_has_an_end_and_leaves_nothing_alive(daemon: House, repo: Path) -> None:
    """What is known of it is kept."""
    live = daemon.home.path / "live"
    command = f"mkdir {live}/$CCSCHED_RUN_ID/exit.json; setsid sleep 984 & touch started.txt"
    task = daemon.task(daemon.job(repo), "build", f"bash {command}\nhang")
    run = daemon.call("tasks.run", task=task["id"])
    until((repo / "started.txt").exists, "the agent is at work")
    psutil.Process(int(daemon.claim(run).read_text())).kill()
    run = daemon.ended(run)
    assert (run["status"], run["outcome"]) == ("failed", "interrupted"), run["errors"]
    assert "seen through" in run["errors"][0]
    assert (run["num_turns"], bool(run["session_id"])) == (1, True)
    assert any("sleep 984" in each for each in run["leftovers"]), run["leftovers"]
