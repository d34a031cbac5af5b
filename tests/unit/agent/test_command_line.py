"""How the agent is called."""

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from scheduler_daemon.agent.command_line import (
    ENVIRONMENT,
    PROMPT_LIMIT,
    PromptUnreadable,
    Session,
    command_line,
    prompt_of,
    slash_command_of,
)
from scheduler_daemon.model.enums import CommandType, Permissions, SessionMode
from scheduler_daemon.model.task import Task

BASE = ["claude", "-p", "--output-format", "stream-json", "--verbose", "--model", "sonnet"]


def a_task(command: str = "go", command_type: CommandType = CommandType.PROMPT, **fields: object) -> Task:
    """A task with what matters to a test."""
    data = {"job_id": uuid4(), "name": "a task", "command": command, "command_type": command_type, **fields}
    return Task.model_validate(data)


def test_a_new_session_has_the_id_it_was_given() -> None:
    """A plain task in a new session: every argument, in order, and no prompt among them."""
    line = command_line(["claude"], a_task("secret words"), Session(SessionMode.NEW, "an-id"))
    assert line == [*BASE, "--permission-mode", "bypassPermissions", "--session-id", "an-id"]


def test_the_agent_command_comes_first_with_its_own_arguments() -> None:
    """An agent command of several words stays whole at the front."""
    line = command_line(["python", "-m", "agent"], a_task(model="opus"), Session())
    assert line[:4] == ["python", "-m", "agent", "-p"]
    assert line[line.index("--model") + 1] == "opus"


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        (Session(SessionMode.NEW), []),
        (Session(SessionMode.CONTINUE), ["--continue"]),
        (Session(SessionMode.CONTINUE, "an-id"), ["--continue"]),
        (Session(SessionMode.RESUME, "an-id"), ["--resume", "an-id"]),
        (Session(SessionMode.RESUME), []),
    ],
)
def test_the_session_mode_decides_the_session_arguments(session: Session, expected: list[str]) -> None:
    """A session to resume that is not known is begun as a new one."""
    assert command_line(["claude"], a_task(), session) == [
        *BASE,
        "--permission-mode",
        "bypassPermissions",
        *expected,
    ]


def test_default_permissions_name_the_default_mode() -> None:
    """The mode is always given, whatever the person's own settings of the agent say."""
    line = command_line(["claude"], a_task(permissions=Permissions.DEFAULT), Session())
    assert line[-2:] == ["--permission-mode", "default"]


def test_tools_are_one_argument_each_list() -> None:
    """A tool's name cannot be taken for an option, and blank names are left out."""
    task = a_task(allowed_tools=["Bash(git log *)", " Read ", ""], disallowed_tools=["--model", "Write"])
    line = command_line(["claude"], task, Session())
    assert "--allowedTools=Bash(git log *),Read" in line
    assert "--disallowedTools=--model,Write" in line


def test_the_agent_is_told_what_it_may_take() -> None:
    """As numbers that it can read, however small or large; nothing where the task does not say."""
    line = command_line(["claude"], a_task(max_turns=40, max_budget_usd=0.00001), Session())
    assert line[-4:] == ["--max-turns", "40", "--max-budget-usd", "0.00001"]
    assert command_line(["claude"], a_task(max_budget_usd=1_000_000), Session())[-1] == "1000000.0"
    assert {"--max-turns", "--max-budget-usd"}.isdisjoint(command_line(["claude"], a_task(), Session()))


def test_no_session_updates_the_agent() -> None:
    """The agent does not replace itself during a run."""
    assert ENVIRONMENT["DISABLE_AUTOUPDATER"] == "1"


def test_a_prompt_goes_to_the_agent_as_it_is(tmp_path: Path) -> None:
    """Spaces, lines and emoji of a prompt are kept, also a slash at its beginning."""
    text = "  /etc/hosts is odd:\n\tfix it 🙂 \n"
    assert prompt_of(a_task(text), tmp_path) == text
    assert slash_command_of(a_task(text)) is None


@pytest.mark.parametrize("command", ["review the code", "/review the code", "  /review the code"])
def test_a_slash_command_begins_with_one_slash(command: str, tmp_path: Path) -> None:
    """With or without its slash, a slash command is the same command."""
    task = a_task(command, CommandType.SLASH_COMMAND)
    assert prompt_of(task, tmp_path) == "/review the code"
    assert slash_command_of(task) == "review"


def test_a_prompt_file_is_looked_up_from_the_directory(tmp_path: Path) -> None:
    """A relative path is one in the run's directory; a byte order mark is no part of the text."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "a.md").write_bytes(b"\xef\xbb\xbfTu es, bitte: \xc3\xbc\n")
    assert prompt_of(a_task("prompts/a.md", CommandType.FILE), tmp_path) == "Tu es, bitte: ü\n"
    absolute = a_task(str(tmp_path / "prompts" / "a.md"), CommandType.FILE)
    assert prompt_of(absolute, Path("/nowhere")) == "Tu es, bitte: ü\n"


def a_pipe(path: Path) -> None:
    """A named pipe that nobody writes to."""
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "is not a file"),
        (a_pipe, "is not a file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b" \n\t"), "is empty"),
        (lambda path: path.write_bytes(b"ab\xff"), "byte 3"),
        (lambda path: path.write_bytes(b"ab\0"), "zero bytes"),
        (lambda path: path.write_bytes(b"x" * (PROMPT_LIMIT + 1)), "20,000,000 bytes"),
    ],
)
def test_a_prompt_file_that_gives_no_prompt_says_why(
    make: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    """Each way to have no prompt is told with the file and the reason."""
    path = tmp_path / "prompt.md"
    make(path)
    with pytest.raises(PromptUnreadable, match=reason) as caught:
        prompt_of(a_task("prompt.md", CommandType.FILE), tmp_path)
    assert str(path) in str(caught.value)


def test_a_path_that_can_be_none_is_unreadable_too(tmp_path: Path) -> None:
    """A zero byte in the path is an answer, not a crash."""
    with pytest.raises(PromptUnreadable, match="cannot be read"):
        prompt_of(a_task("a\0b", CommandType.FILE), tmp_path)
