"""How the agent is called: its arguments, its environment and its prompt.

The prompt is not among the arguments. It goes to the agent's standard input, where its length has no limit
and ``ps`` does not show it.
"""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from scheduler_daemon.model.enums import CommandType, Permissions, SessionMode
from scheduler_daemon.model.task import Task

ENVIRONMENT: Mapping[str, str] = MappingProxyType({"DISABLE_AUTOUPDATER": "1"})
"""What every session gets: an agent that replaces itself at night is not the one that was tested by day."""

PROMPT_LIMIT = 20_000_000
"""The largest prompt file in bytes."""


class PromptUnreadable(Exception):
    """The file that should hold a task's prompt gives none; the text says why and what to do."""


@dataclass(frozen=True)
class Session:
    """The conversation a run takes part in."""

    mode: SessionMode = SessionMode.NEW
    id: str | None = None
    """A UUID no session has used yet (new), or the session to go on with (resume)."""


def command_line(agent_command: Sequence[str], task: Task, session: Session) -> list[str]:
    """The program and all its arguments for one run of a task."""
    arguments = [*agent_command, "-p", "--output-format", "stream-json", "--verbose", "--model", task.model]
    bypass = task.permissions is Permissions.BYPASS
    arguments += ["--permission-mode", "bypassPermissions" if bypass else task.permissions.value]
    if task.max_turns is not None:
        arguments += ["--max-turns", str(task.max_turns)]
    if task.max_budget_usd is not None:
        arguments += ["--max-budget-usd", format(Decimal(repr(task.max_budget_usd)), "f")]
    for flag, tools in (("--allowedTools", task.allowed_tools), ("--disallowedTools", task.disallowed_tools)):
        if named := [tool.strip() for tool in tools if tool.strip()]:
            # One argument with "=", so that no name of a tool can be taken for an option.
            arguments.append(f"{flag}={','.join(named)}")
    if session.mode is SessionMode.CONTINUE:
        arguments.append("--continue")
    elif session.id is not None:
        arguments += ["--resume" if session.mode is SessionMode.RESUME else "--session-id", session.id]
    return arguments


def prompt_of(task: Task, directory: Path) -> str:
    """The text a task gives the agent; a prompt file is looked up from ``directory``.

    Raises:
        PromptUnreadable: when the prompt file is missing, empty, too large or no UTF-8 text.
    """
    match task.command_type:
        case CommandType.PROMPT:
            return task.command
        case CommandType.SLASH_COMMAND:
            return "/" + task.command.lstrip().removeprefix("/")
        case CommandType.FILE:
            return _read(directory / task.command)


def slash_command_of(task: Task) -> str | None:
    """The name of the slash command a task asks for, without the slash; None for other tasks."""
    if task.command_type is not CommandType.SLASH_COMMAND:
        return None
    words = task.command.lstrip().removeprefix("/").split(maxsplit=1)
    return words[0] if words else ""


def _read(path: Path) -> str:
    advice = "correct the path in the task's command, or make the file"
    try:
        # Looked at before it is opened: opening a named pipe would wait for a writer for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise PromptUnreadable(f"the prompt file {path} is not a file; {advice}")
        with path.open("rb") as file:
            data = file.read(PROMPT_LIMIT + 1)
    except (OSError, ValueError) as error:
        # ValueError: a path with a zero byte in it.
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PromptUnreadable(f"the prompt file {path} cannot be read ({reason}); {advice}") from error
    if len(data) > PROMPT_LIMIT:
        raise PromptUnreadable(
            f"the prompt file {path} is larger than {PROMPT_LIMIT:,} bytes; "
            "keep the prompt short and let it name the files the agent shall read"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PromptUnreadable(
            f"the prompt file {path} is not UTF-8 text (byte {error.start + 1}); save it as UTF-8"
        ) from error
    if "\0" in text:
        raise PromptUnreadable(f"the prompt file {path} is not text (it holds zero bytes); save it as UTF-8 text")
    if not text.strip():
        raise PromptUnreadable(f"the prompt file {path} is empty; write into it what the agent shall do")
    return text
