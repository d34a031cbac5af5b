"""Logs, and waiting for runs: what is shown while it happens, and what the exit code says."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.cli import objects
from tests.integration.cli.conftest import CCSCHED, Completed
from tests.integration.cli.fake_daemon import FakeDaemon, Followed, Message

Ccsched = Callable[..., Completed]
Terminal = Callable[..., tuple[int, str]]

SAID = json.dumps({"type": "assistant", "message": {"content": [{"type": "text", "text": "größer 🎉"}]}}) + "\n"
WROTE = (
    json.dumps(
        {
            "type": "assistant",
            "message": {"content": [{"type": "tool_use", "name": "Write", "input": {"file_path": "a"}}]},
        }
    )
    + "\n"
)
LOG = SAID.encode() + b"stderr| \xff\x00\x1b[2J\n" + WROTE.encode()


def follow_log(log: Path, number: int = 0x100, status: str = "success", **fields: object) -> Followed:
    """A run that starts after it is followed, writes its log in three pieces, and ends."""
    ended = objects.run(number, status, log_path=str(log), **fields)
    running = objects.run(number, "running", log_path=str(log))
    other = objects.run(0x999, "failed")

    def grow(piece: bytes) -> Callable[[], None]:
        def append() -> None:
            with log.open("ab") as file:
                file.write(piece)

        return append

    def notifications() -> Iterator[tuple[Callable[[], None], str, Message]]:
        yield grow(b""), "runs.changed", {"run": running}
        yield grow(b""), "runs.changed", {"run": other}
        for piece in (LOG[:30], LOG[30:-9]):
            yield grow(piece), "runs.output", {"run_id": running["id"], "size": log.stat().st_size}
        yield grow(LOG[-9:]), "runs.changed", {"run": ended}

    return Followed(objects.run(number, "upcoming"), notifications())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that is there."""
    path = tmp_path / "run.log"
    path.write_bytes(LOG)
    return path


def test_a_piped_log_is_the_bytes_of_the_file(daemon: FakeDaemon, environment: dict[str, str], log: Path) -> None:
    """Nothing is added, changed or left out."""
    daemon.answers["runs.get"] = objects.run(log_path=str(log))
    done = subprocess.run(
        [*CCSCHED, "runs", "logs", "0000"], env=environment, capture_output=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == (LOG, b"")


def test_a_log_on_a_terminal_is_a_transcript(terminal: Terminal, daemon: FakeDaemon, log: Path) -> None:
    """It reads as what was said and done, ends with how the run ended, and controls nothing."""
    daemon.answers["runs.get"] = objects.run(log_path=str(log), commit="c" * 40, branch="nightly")
    code, shown = terminal("runs", "logs", "0000", NO_COLOR="1")
    assert code == 0
    assert shown.splitlines() == [
        "größer 🎉",
        "stderr| \ufffd",
        "● Write a",
        "✓ success · 2 turns · $0.0123 · 1m 20s",
        "  commit cccccccccccc on nightly",
    ]


def test_the_form_of_a_log_can_be_chosen(ccsched: Ccsched, daemon: FakeDaemon, log: Path) -> None:
    """``--pretty`` works in a pipe."""
    daemon.answers["runs.get"] = objects.run(status="failed", log_path=str(log), errors=["Write was denied"])
    shown = ccsched("runs", "logs", "--pretty", "0000").stdout
    assert shown.endswith("● Write a\n✗ failed · denied · 2 turns · $0.0123 · 1m 20s\n  Write was denied\n")


def test_a_log_is_found_by_the_run(ccsched: Ccsched, daemon: FakeDaemon, home: Path) -> None:
    """A record that does not name its log has it in the home's place for logs."""
    (home / "logs").mkdir()
    (home / "logs" / f"run_{objects.identifier(0x100)}.log").write_bytes(b"here\n")
    daemon.answers["runs.get"] = objects.run()
    assert ccsched("runs", "logs", "0000").stdout == "here\n"


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (objects.run(status="upcoming"), "has not started yet"),
        (objects.run(status="success"), "has no log any more"),
        (
            objects.run(status="failed", start_time=None, outcome="agent_error", errors=["no directory"]),
            "Run 00000100 of add-tests was not started: no directory\n",
        ),
        (
            objects.run(status="failed", outcome="not_started", log_path="/nonexistent/l", errors=["a\nb", "c"]),
            "Run 00000100 of add-tests was not started:\n  a\n  b\n  c\n",
        ),
        (
            objects.run(status="cancelled", outcome="not_started", errors=["not started: 'x' before it failed"]),
            "Run 00000100 of add-tests was not started: 'x' before it failed\n",
        ),
    ],
    ids=["upcoming", "gone", "never started", "could not start", "left out"],
)
def test_no_log_is_explained(ccsched: Ccsched, daemon: FakeDaemon, run: Message, told: str) -> None:
    """Why there is nothing to show is told, with exit code 1; also to who follows, if the run has ended."""
    daemon.answers["runs.get"] = run
    done = ccsched("runs", "logs", "0000")
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    if "not started" in told and run["status"] != "upcoming":
        daemon.answers["runs.follow"] = run
        assert ccsched("runs", "logs", "-f", "0000").stderr == f"Error: {told}"


def test_the_log_of_a_run_that_was_not_started_is_shown_if_it_says_something(
    ccsched: Ccsched, daemon: FakeDaemon, log: Path
) -> None:
    """An empty one is none."""
    daemon.answers["runs.get"] = objects.run(
        status="failed", outcome="not_started", log_path=str(log), errors=["no such command"]
    )
    assert "● Write a" in ccsched("runs", "logs", "--pretty", "0000").stdout
    log.write_bytes(b"")
    assert "was not started: no such command" in ccsched("runs", "logs", "--pretty", "0000").stderr


def test_an_error_is_told_once(terminal: Terminal, daemon: FakeDaemon, tmp_path: Path) -> None:
    """The transcript has it; the ending adds what it did not say."""
    log = tmp_path / "run.log"
    words = "Not logged in · Please run /login"
    message = {"content": [{"type": "text", "text": words}]}
    log.write_text(
        json.dumps({"type": "assistant", "message": message, "error": "authentication_failed"})
        + "\n"
        + json.dumps({"type": "result", "is_error": True, "subtype": "success", "result": words})
        + "\n"
    )
    daemon.answers["runs.follow"] = objects.run(
        status="failed",
        outcome="not_logged_in",
        log_path=str(log),
        errors=["The agent is not logged in.", f"The agent said: {words}"],
    )
    _, shown = terminal("runs", "logs", "-f", "0000", NO_COLOR="1")
    assert shown.splitlines() == [
        f"✗ error: {words}",
        "✗ failed · not_logged_in · 2 turns · $0.0123 · 1m 20s",
        "  The agent is not logged in.",
    ]


def test_following_waits_for_the_start_and_ends_with_the_run(
    daemon: FakeDaemon, environment: dict[str, str], tmp_path: Path
) -> None:
    """All of the log comes through, though it grew while it was read; the ending is beside it."""
    daemon.answers["runs.follow"] = follow_log(tmp_path / "run.log")
    done = subprocess.run(
        [*CCSCHED, "runs", "logs", "-f", "0000"], env=environment, capture_output=True, timeout=60, check=True
    )
    assert done.stdout == LOG
    assert done.stderr.decode() == "✓ success · 2 turns · $0.0123 · 1m 20s\n"


def test_following_on_a_terminal_is_a_live_transcript(terminal: Terminal, daemon: FakeDaemon, tmp_path: Path) -> None:
    """A line shows once it is whole."""
    daemon.answers["runs.follow"] = follow_log(tmp_path / "run.log", status="cancelled")
    code, shown = terminal("runs", "logs", "-f", "0000", NO_COLOR="1")
    assert code == 0
    assert shown.splitlines()[0] == "größer 🎉"
    assert shown.splitlines()[-1] == "✗ cancelled · stopped · 2 turns · $0.0123 · 1m 20s"


def test_following_an_ended_run_shows_it_all(ccsched: Ccsched, daemon: FakeDaemon, log: Path) -> None:
    """No notification comes, and none is waited for."""
    daemon.answers["runs.follow"] = objects.run(log_path=str(log))
    assert ccsched("runs", "logs", "-f", "--pretty", "0000").stdout.endswith(
        "✓ success · 2 turns · $0.0123 · 1m 20s\n"
    )


def test_ctrl_c_leaves_quietly(daemon: FakeDaemon, environment: dict[str, str], log: Path) -> None:
    """The showing ends with exit code 130; nothing is asked of the daemon but to follow."""
    held = threading.Event()
    running = objects.run(status="running", log_path=str(log))
    daemon.answers["runs.follow"] = Followed(running, [(lambda: held.wait(60), "runs.changed", {"run": running})])
    process = subprocess.Popen(
        [*CCSCHED, "runs", "logs", "-f", "0000"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.read(len(LOG)) == LOG
    process.send_signal(signal.SIGINT)
    left, error = process.communicate(timeout=60)
    held.set()
    assert (process.returncode, left, error.strip()) == (130, b"", b"")
    assert [method for method, _ in daemon.requests] == ["runs.follow"]


def test_a_daemon_that_dies_while_followed_is_told(ccsched: Ccsched, daemon: FakeDaemon, log: Path) -> None:
    """The log so far is shown, and the exit code says that the end was not seen."""
    running = objects.run(status="running", log_path=str(log))

    def die() -> None:
        raise OSError

    daemon.answers["runs.follow"] = Followed(running, [(die, "", {})])
    done = ccsched("runs", "logs", "-f", "--pretty", "0000")
    assert done.returncode == 3
    assert "● Write a" in done.stdout
    assert "closed the connection" in done.stderr


@pytest.fixture
def sequence(daemon: FakeDaemon, tmp_path: Path) -> dict[str, str]:
    """A job of two runs; how each ends can be set, by its id."""
    ends = {objects.identifier(0x101): "success", objects.identifier(0x102): "success"}
    daemon.answers["jobs.run"] = {
        "sequence_id": objects.identifier(7),
        "runs": [objects.run(0x101, "upcoming"), objects.run(0x102, "upcoming", task_name="run\npipeline")],
    }
    daemon.answers["runs.follow"] = lambda params: follow_log(
        tmp_path / params["run"], int(params["run"][:8], 16), ends[params["run"]]
    )
    return ends


def test_running_a_job_prints_its_runs(ccsched: Ccsched, terminal: Terminal, sequence: dict[str, str]) -> None:
    """Without waiting, the command ends once the runs exist."""
    assert [run["status"] for run in json.loads(ccsched("jobs", "run", "j").stdout)["runs"]] == ["upcoming"] * 2
    code, shown = terminal("jobs", "run", "j")
    assert code == 0
    assert r"run\npipeline" in shown
    assert "ccsched runs logs -f 00000101" in shown


def test_waiting_for_a_job_tells_how_it_ended(ccsched: Ccsched, daemon: FakeDaemon, sequence: dict[str, str]) -> None:
    """Exit code 0 means that all runs are a success; the document holds them as they ended."""
    done = ccsched("jobs", "run", "j", "--wait")
    assert (done.returncode, done.stderr) == (0, "")
    assert [run["status"] for run in json.loads(done.stdout)["runs"]] == ["success"] * 2
    sequence[objects.identifier(0x102)] = "failed"
    assert ccsched("jobs", "run", "j", "--wait").returncode == 1


def test_waiting_goes_on_with_the_run_that_goes_on(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """A failure that is tried again is not the last word: the retry is, and stands in its place."""
    again = objects.identifier(0x103)
    daemon.answers["tasks.run"] = objects.run(0x101, "upcoming")
    daemon.answers["runs.get"] = objects.run(0x103, "upcoming")
    ends = {
        objects.identifier(0x101): objects.run(0x101, "failed", continued_by=again),
        again: objects.run(0x103, continues=objects.identifier(0x101), attempt=2),
    }
    daemon.answers["runs.follow"] = lambda params: ends[params["run"]]
    done = ccsched("tasks", "run", "t", "--wait")
    assert (done.returncode, json.loads(done.stdout)["id"]) == (0, again)
    shown = ccsched("tasks", "run", "t", "--wait", "--output", "table").stdout.splitlines()
    assert [line[:1] for line in shown] == ["✗", " ", "✓"]
    assert shown[1] == "  run 00000103 goes on with it"


def test_a_restart_is_waited_for_like_a_job(ccsched: Ccsched, daemon: FakeDaemon, sequence: dict[str, str]) -> None:
    """With the same document and exit codes; --follow shows what the agent does."""
    daemon.answers["runs.restart"] = daemon.answers["jobs.run"]
    done = ccsched("runs", "restart", "abcd", "--wait")
    assert (done.returncode, done.stderr) == (0, "")
    assert [run["status"] for run in json.loads(done.stdout)["runs"]] == ["success"] * 2
    sequence[objects.identifier(0x102)] = "failed"
    followed = ccsched("runs", "restart", "abcd", "--follow", "--output", "table")
    assert followed.returncode == 1
    assert "größer 🎉" in followed.stdout
    assert daemon.requests[0] == ("runs.restart", {"run": "abcd"})


def test_waiting_on_a_terminal_shows_each_ending(terminal: Terminal, sequence: dict[str, str]) -> None:
    """One line a run, as it ends."""
    sequence[objects.identifier(0x101)] = "failed"
    sequence[objects.identifier(0x102)] = "cancelled"
    code, shown = terminal("jobs", "run", "j", "--wait", NO_COLOR="1")
    assert code == 1
    assert [line.split(" · ")[0] for line in shown.splitlines()] == [
        "✗ feature-auth / add-tests 00000101 failed",
        r"✗ feature-auth / run\npipeline 00000102 cancelled",
    ]


def test_following_a_job_shows_run_after_run(terminal: Terminal, sequence: dict[str, str]) -> None:
    """Each transcript has its title before it and its ending behind it."""
    code, shown = terminal("jobs", "run", "j", "--follow", NO_COLOR="1")
    assert code == 0
    lines = shown.splitlines()
    assert [line for line in lines if line.startswith("── ")] == [
        "── feature-auth / add-tests 00000101",
        r"── feature-auth / run\npipeline 00000102",
    ]
    assert lines.count("● Write a") == 2
    assert lines[-1].startswith("✓ success")


def test_following_in_a_pipe_keeps_the_document_apart(ccsched: Ccsched, sequence: dict[str, str]) -> None:
    """The transcript goes to standard error, so that a program can read the answer."""
    done = ccsched("jobs", "run", "j", "--follow")
    assert len(json.loads(done.stdout)["runs"]) == 2
    assert done.stderr.count("● Write a") == 2


def test_a_task_is_waited_for_too(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """``tasks run --wait`` gives the run as it ended, and its exit code."""
    daemon.answers["tasks.run"] = objects.run(0x101, "upcoming")
    daemon.answers["runs.follow"] = follow_log(tmp_path / "log", 0x101, "failed")
    done = ccsched("tasks", "run", "t", "--wait")
    assert done.returncode == 1
    assert json.loads(done.stdout)["status"] == "failed"


def test_ctrl_c_while_waiting_says_what_goes_on(daemon: FakeDaemon, environment: dict[str, str]) -> None:
    """Runs are not stopped by no longer waiting for them, and the person is told which go on."""
    asked, held = threading.Event(), threading.Event()
    daemon.answers["tasks.run"] = objects.run(0x101, "upcoming")

    def followed(_params: Message) -> Followed:
        asked.set()
        return Followed(objects.run(0x101, "running"), [(lambda: held.wait(60), "none", {})])

    daemon.answers["runs.follow"] = followed
    process = subprocess.Popen(
        [*CCSCHED, "tasks", "run", "t", "--wait"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert asked.wait(60)
    os.kill(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    held.set()
    assert process.returncode == 130
    assert error.decode().strip() == "Not waiting any longer; not stopped: 00000101"
