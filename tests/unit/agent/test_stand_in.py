"""The stand-in for the agent, run as a process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

import scheduler_daemon.agent.stand_in
from scheduler_daemon.agent.command_line import Session, command_line, prompt_of, slash_command_of
from scheduler_daemon.agent.outcome import Evidence, Verdict, weigh
from scheduler_daemon.agent.stream import StreamReader, StreamSummary
from scheduler_daemon.model.enums import Outcome, RunStatus, SessionMode
from scheduler_daemon.model.task import Task

BY_PATH = [sys.executable, "-I", scheduler_daemon.agent.stand_in.__file__]


def a_task(command: str, **fields: object) -> Task:
    """A task with this command."""
    return Task.model_validate({"job_id": uuid4(), "name": "a task", "command": command, **fields})


def session(task: Task, directory: Path, of: Session | None = None) -> tuple[Verdict, StreamSummary]:
    """Run a task with the stand-in as the daemon would, and judge it."""
    done = subprocess.run(
        command_line(BY_PATH, task, of or Session()),
        input=prompt_of(task, directory).encode(),
        cwd=directory,
        capture_output=True,
        timeout=30,
    )
    reader = StreamReader()
    reader.feed(b"".join(b"stderr| " + line for line in done.stderr.splitlines(keepends=True)) + done.stdout)
    evidence = Evidence(reader.summary, exit_code=done.returncode, slash_command=slash_command_of(task))
    return weigh(evidence), reader.summary


def test_it_edits_files_and_tells_a_good_result(tmp_path: Path) -> None:
    """Written, added to and run by the shell, one step after the other."""
    task = a_task("write a/b.txt: one\\ntwo\nappend a/b.txt: three\nbash cp a/b.txt c.txt\nsay all done")
    verdict, stream = session(task, tmp_path)
    assert verdict == Verdict(RunStatus.SUCCESS, Outcome.DONE)
    assert (tmp_path / "c.txt").read_text() == "one\ntwo\nthree\n"
    assert (stream.result, stream.num_turns, stream.model) == ("all done", 4, "sonnet")
    assert stream.cost_usd is not None
    assert 0 < stream.cost_usd < 0.01


def test_a_session_has_the_id_it_was_given(tmp_path: Path) -> None:
    """A new session and a resumed one."""
    identity = str(uuid4())
    for mode in (SessionMode.NEW, SessionMode.RESUME):
        assert session(a_task("say hi"), tmp_path, Session(mode, identity))[1].session_id == identity


def test_a_prompt_in_plain_words_is_noted_down(tmp_path: Path) -> None:
    """A task that is no script changes a file all the same."""
    assert session(a_task("Write a test: it shall fail\nfirst."), tmp_path)[0].status is RunStatus.SUCCESS
    assert (tmp_path / "NOTES.md").read_text() == "- Write a test: it shall fail first.\n"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("status 429 60", Outcome.USAGE_LIMIT),
        ("status 401", Outcome.NOT_LOGGED_IN),
        ("status 529 busy", Outcome.AGENT_ERROR),
        ("fail no idea", Outcome.AGENT_ERROR),
        ("deny WebFetch", Outcome.DENIED),
        ("no result", Outcome.INTERRUPTED),
        ("say hi\nexit 3", Outcome.AGENT_ERROR),
        ("exit 3\nno result", Outcome.AGENT_ERROR),
    ],
)
def test_each_bad_end_can_be_asked_for(prompt: str, expected: Outcome, tmp_path: Path) -> None:
    """The script decides, and the verdict sees it."""
    assert session(a_task(prompt), tmp_path)[0].outcome is expected


def test_it_refuses_tools_as_the_real_one_does(tmp_path: Path) -> None:
    """Without bypass, only allowed tools work."""
    script = "write a.txt: x\nbash touch b.txt"
    verdict, stream = session(a_task(script, permissions="default", allowed_tools=["Bash(touch *)"]), tmp_path)
    assert verdict.outcome is Outcome.DENIED
    assert stream.denials == (f"Write: {tmp_path}/a.txt",)
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


def test_its_slash_commands_are_those_of_the_directory(tmp_path: Path) -> None:
    """A command's file is its prompt; a name without a file is unknown."""
    (tmp_path / ".claude" / "commands").mkdir(parents=True)
    (tmp_path / ".claude" / "commands" / "make.md").write_text("write $ARGUMENTS: made\n")
    known = a_task("/make it.txt", command_type="slash_command")
    assert session(known, tmp_path)[0].status is RunStatus.SUCCESS
    assert (tmp_path / "it.txt").read_text() == "made\n"
    unknown = a_task("/nosuch", command_type="slash_command")
    assert session(unknown, tmp_path)[0].outcome is Outcome.AGENT_ERROR


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nosuch"], "error: unknown option '--nosuch'"),
        (["-p", "--output-format", "stream-json"], "requires --verbose"),
        (["--model"], "error: option '--model <model>' argument missing"),
        (["--permission-mode", "nosuch"], "argument 'nosuch' is invalid"),
        (["-p", "--output-format", "stream-json", "--verbose", "--session-id", "7"], "Must be a valid UUID"),
        (["-p", "--output-format", "stream-json", "--verbose"], "Input must be provided"),
    ],
)
def test_what_it_cannot_obey_it_refuses(arguments: Sequence[str], words: str) -> None:
    """In the words of the real agent, with exit status 1 and no stream; an empty prompt too."""
    done = subprocess.run([*BY_PATH, *arguments], input=b" \n", capture_output=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, b"")
    assert words in done.stderr.decode()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_without_a_result(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """As with the real agent, the exit status after SIGINT says nothing."""
    line = command_line(BY_PATH, a_task("hang"), Session())
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"hang")
        process.stdin.close()
        assert json.loads(process.stdout.readline())["subtype"] == "init"
        process.send_signal(number)
        assert process.stdout.read() == b""
        assert process.wait(30) == code


def test_its_help_is_its_language() -> None:
    """By its name as a module, as by its path."""
    by_name = [sys.executable, "-m", "scheduler_daemon.agent.stand_in", "--help"]
    root = str(Path(scheduler_daemon.__file__).parent.parent)
    shown = subprocess.run(
        by_name,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert "write NAME: CONTENT" in shown.stdout
