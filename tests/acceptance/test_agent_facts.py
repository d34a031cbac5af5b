"""What the real ``claude`` does, and what is made of it: the facts the verdicts rest on."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import pytest

from scheduler_daemon.agent.command_line import (
    ENVIRONMENT,
    Session,
    command_line,
    prompt_of,
    slash_command_of,
)
from scheduler_daemon.agent.outcome import Evidence, Verdict, weigh
from scheduler_daemon.agent.stream import StreamReader, StreamSummary
from scheduler_daemon.model.enums import Outcome, RunStatus, SessionMode
from scheduler_daemon.model.task import Task
from tests.support.messages_api import MessagesApi, environment

pytestmark = pytest.mark.claude

DEADLINE = 60.0
"""Seconds a session may take; it takes one or two."""


@dataclass(frozen=True)
class Seen:
    """What one session came to."""

    verdict: Verdict
    stream: StreamSummary
    exit_code: int


@dataclass(frozen=True)
class Stage:
    """The real agent, the model's stand-in, and an empty directory to work in."""

    claude: str
    api: MessagesApi
    directory: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def start(self, task: Task, session: Session, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """A session under way, its prompt given; it is over when the ``with`` is."""
        variables = {**environment(self.api.url, self.home), **ENVIRONMENT, **self.variables}
        with subprocess.Popen(
            [*command_line([self.claude], task, session), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.directory,
            env={name: value for name, value in variables.items() if value},
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(
        self,
        task: Task,
        session: Session | None = None,
        *more: str,
        when: Callable[[], bool] | None = None,
        number: int = 0,
    ) -> Seen:
        """Run a task to its end as the daemon would, or until ``when`` and then a signal, and judge it."""
        with self.start(task, session or Session(), *more) as process:
            assert process.stdin is not None
            process.stdin.write(prompt_of(task, self.directory).encode())
            process.stdin.close()
            process.stdin = None
            if when is not None:
                assert when(), "the session did not come to the point where it was to be signalled"
                process.send_signal(number)
            output, errors = process.communicate(timeout=DEADLINE)
            code = process.returncode
        reader = StreamReader()
        reader.feed(b"".join(b"stderr| " + line for line in errors.splitlines(keepends=True)))
        reader.feed(output)
        reader.end()
        evidence = Evidence(
            reader.summary,
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            changed=any(self.directory.iterdir()),
            slash_command=slash_command_of(task),
        )
        return Seen(weigh(evidence), reader.summary, code)


@pytest.fixture
def stage(claude: str, tmp_path: Path) -> Iterator[Stage]:
    """A stage of its own for each test."""
    directory = tmp_path / "work"
    directory.mkdir()
    with MessagesApi() as api:
        yield Stage(claude, api, directory, tmp_path / "home")


def a_task(command: str, **fields: object) -> Task:
    """A task with this command."""
    return Task.model_validate({"job_id": uuid4(), "name": "a task", "command": command, **fields})


def test_finished_and_resumed(stage: Stage) -> None:
    """Work done is success, under the session id we chose; resumed, the session costs only what is new."""
    identity = str(uuid4())
    first = stage.run(a_task("write a.txt: hello\nappend a.txt: there\nsay bye"), Session(SessionMode.NEW, identity))
    assert first.verdict == Verdict(RunStatus.SUCCESS, Outcome.DONE)
    assert (stage.directory / "a.txt").read_text() == "hello\nthere\n"
    assert (first.stream.session_id, first.stream.result, first.stream.num_turns) == (identity, "bye", 3)
    assert first.stream.agent_version
    assert first.stream.cost_usd

    second = stage.run(a_task("say again"), Session(SessionMode.RESUME, identity))
    assert second.verdict.status is RunStatus.SUCCESS
    assert second.stream.session_id == identity
    assert second.stream.cost_usd
    assert second.stream.cost_usd < first.stream.cost_usd

    used = stage.run(a_task("say once more"), Session(SessionMode.NEW, identity))
    assert used.verdict.outcome is Outcome.AGENT_ERROR
    assert "already in use" in used.verdict.errors[-1]


def test_nothing_to_do(stage: Stage) -> None:
    """A session to continue that does not exist is begun, and words alone are success without a change."""
    seen = stage.run(a_task("What is this?"), Session(SessionMode.CONTINUE))
    assert seen.verdict == Verdict(RunStatus.SUCCESS, Outcome.NO_CHANGE)
    assert seen.stream.result == "I have read: What is this?"


def test_large_prompts(stage: Stage) -> None:
    """Ten times as long as an argument may be: arrives whole. Too long for the model: told as such."""
    large = "x" * 1_300_000 + "\nsay read"
    assert stage.run(a_task(large)).verdict.status is RunStatus.SUCCESS
    assert stage.api.prompts[-1].strip() == large

    seen = stage.run(a_task("x" * 5_000_000))
    assert seen.verdict.outcome is Outcome.AGENT_ERROR
    assert "too long" in seen.verdict.errors[0]


def test_denied(stage: Stage) -> None:
    """Exit status 0 and a good result, though nothing was written; an allowed tool works."""
    task = a_task("write a.txt: x\nbash touch b.txt", permissions="default", allowed_tools=["Bash(touch *)"])
    seen = stage.run(task)
    assert (seen.exit_code, seen.stream.is_error) == (0, False)
    assert seen.verdict.outcome is Outcome.DENIED
    assert seen.stream.denials == (f"Write: {stage.directory}/a.txt",)
    assert [path.name for path in stage.directory.iterdir()] == ["b.txt"]


def test_slash_commands(stage: Stage) -> None:
    """An unknown command and one that needs a person exit with 0; one of the directory's own works."""
    for command in ("nosuch thing", "/login"):
        seen = stage.run(a_task(command, command_type="slash_command"))
        assert (seen.exit_code, seen.stream.is_error) == (0, False)
        assert seen.verdict.outcome is Outcome.AGENT_ERROR
        assert "slash command" in seen.verdict.errors[0]
    own = stage.directory / ".claude" / "commands" / "make.md"
    own.parent.mkdir(parents=True)
    own.write_text("write $ARGUMENTS: made\n")
    seen = stage.run(a_task("/make it.txt", command_type="slash_command"))
    assert seen.verdict.status is RunStatus.SUCCESS
    assert (stage.directory / "it.txt").read_text() == "made\n"


def test_usage_limit(stage: Stage) -> None:
    """A subscription's limit is told with its reset, and ends the session."""
    subscribed = replace(
        stage, variables={"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-not-a-token"}
    )
    seen = subscribed.run(a_task("status 429 600"))
    assert (seen.exit_code, seen.stream.api_error_status) == (1, 429)
    assert seen.verdict.outcome is Outcome.USAGE_LIMIT
    limit = seen.stream.rate_limit
    assert limit is not None
    assert limit.resets_at is not None
    assert (limit.status, limit.type) == ("rejected", "five_hour")
    assert f"{limit.resets_at:%H:%M} UTC" in seen.verdict.errors[0]


def test_not_logged_in(stage: Stage) -> None:
    """No credentials at all, and credentials the API does not take."""
    for task, variables in ((a_task("say hi"), {"ANTHROPIC_API_KEY": ""}), (a_task("status 401"), {})):
        seen = replace(stage, variables=variables).run(task)
        assert (seen.exit_code, seen.stream.is_error) == (1, True)
        assert seen.verdict.outcome is Outcome.NOT_LOGGED_IN


def test_an_api_that_is_busy(stage: Stage) -> None:
    """Any other error of the API is the agent's, though its result says subtype success."""
    seen = stage.run(a_task("status 529 busy"))
    assert (seen.stream.subtype, seen.stream.api_error_status) == ("success", 529)
    assert seen.verdict.outcome is Outcome.AGENT_ERROR


def test_max_turns(stage: Stage) -> None:
    """Turns are limited by an option that is not ours; the work stops half-way."""
    seen = stage.run(a_task("write a.txt: x\nwrite b.txt: y"), Session(), "--max-turns", "1")
    assert seen.verdict.outcome is Outcome.MAX_TURNS
    assert (stage.directory / "a.txt").exists()
    assert not (stage.directory / "b.txt").exists()


def test_a_bad_option(stage: Stage) -> None:
    """What the agent says on standard error is what a person needs."""
    seen = stage.run(a_task("say hi"), Session(), "--nosuch")
    assert (seen.exit_code, seen.stream.result_seen) == (1, False)
    assert seen.verdict.outcome is Outcome.AGENT_ERROR
    assert seen.verdict.errors[-1] == "error: unknown option '--nosuch'"


def test_an_unknown_session(stage: Stage) -> None:
    """A session to resume that does not exist is an error."""
    seen = stage.run(a_task("say hi"), Session(SessionMode.RESUME, str(uuid4())))
    assert seen.exit_code == 1
    assert seen.verdict.outcome is Outcome.AGENT_ERROR
    assert any("No conversation found" in error for error in seen.verdict.errors)


def test_interrupted(stage: Stage) -> None:
    """SIGINT while the model thinks: exit status 0, with no result or with one that says it was aborted."""
    seen = stage.run(a_task("hang"), when=lambda: stage.api.hanging.wait(DEADLINE), number=signal.SIGINT)
    assert seen.exit_code == 0
    assert seen.verdict.outcome is Outcome.INTERRUPTED


def test_terminated_in_the_middle_of_a_tool(stage: Stage) -> None:
    """SIGTERM: an exit status instead of a signal, and no result."""
    pipe = stage.directory / "started"
    os.mkfifo(pipe)
    seen = stage.run(
        a_task("bash echo > started; exec sleep 30"),
        # Opening the pipe waits until the tool has opened it, which is when the tool runs.
        when=lambda: pipe.read_text() == "\n",
        number=signal.SIGTERM,
    )
    assert (seen.exit_code, seen.stream.result_seen) == (143, False)
    assert seen.verdict.outcome is Outcome.INTERRUPTED
    assert "SIGTERM" in seen.verdict.errors[0]
