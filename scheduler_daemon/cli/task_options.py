"""What the options of ``tasks create`` and ``tasks update`` are, and what they mean together."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import (
    after_options,
    completion,
    due_options,
    limit_options,
    profile_options,
    schedule_options,
    text,
)
from scheduler_daemon.cli.options import REPEATED, REPLACED, default, only_one, takes_away

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import Task


def sections(*, creating: bool) -> dict[str, list[click.Option]]:
    """The options themselves, by the headings that they stand under in the help."""
    return {
        "What it does": _what(creating),
        "When it runs": _when(creating),
        "How it runs": _how(creating),
        "How much it may take": limit_options.parameters(creating=creating),
        "Afterwards": after_options.parameters(creating=creating),
    }


def _what(creating: bool) -> list[click.Option]:
    belongs = "The job it belongs to" if creating else "The job it moves to, as its last task"
    return [
        click.Option(["--name"], required=creating, help="What you call it."),
        click.Option(
            ["--job"], required=creating, shell_complete=completion.jobs, help=f"{belongs}: an id or a name."
        ),
        click.Option(["--prompt"], metavar="TEXT", help="What the agent is to do."),
        click.Option(
            ["--prompt-file"],
            metavar="FILE",
            shell_complete=completion.files,
            help="A file that holds the prompt; - is standard input.",
        ),
        click.Option(["--command", "command_text"], metavar="TEXT", help="The command, of the type --command-type."),
        click.Option(
            ["--command-type"],
            type=click.Choice(["prompt", "slash_command", "file"]),
            help=default("How --command becomes the agent's prompt", "prompt", creating),
        ),
    ]


def _when(creating: bool) -> list[click.Option]:
    return [
        *schedule_options.parameters(creating=creating),
        *due_options.parameters(creating=creating),
        click.Option(
            ["--enabled/--disabled"],
            default=None,
            help=default("Whether its schedule counts", "yes", creating),
        ),
    ]


def _how(creating: bool) -> list[click.Option]:
    return [
        *profile_options.parameters(creating=creating),
        click.Option(
            ["--model"],
            shell_complete=completion.models,
            help=default("sonnet, opus, haiku or a model's whole name", "sonnet", creating),
        ),
        click.Option(
            ["--permissions"],
            type=click.Choice(["default", "bypass", "acceptEdits", "plan", "dontAsk", "auto"]),
            help=default("What the agent may do unasked", "bypass (everything)", creating),
        ),
        click.Option(
            ["--session-mode"],
            type=click.Choice(["new", "continue", "resume"]),
            help=default("Which conversation its runs take part in", "new", creating),
        ),
        *_tools("allowed", "the agent may use unasked", creating),
        *_tools("disallowed", "the agent may not use", creating),
    ]


def _tools(kind: str, meaning: str, creating: bool) -> list[click.Option]:
    return [
        click.Option(
            [f"--{kind}-tool", f"--{kind}-tools", f"{kind}_tools"],
            metavar="TOOL",
            multiple=True,
            help=f"A tool that {meaning}. {REPEATED if creating else REPLACED}",
        ),
        *takes_away(f"--no-{kind}-tools", "Forget those there are.", creating=creating),
    ]


def fields_of(given: "Task", *, creating: bool) -> dict[str, object]:
    """The fields of a task that the options say, and no other; None where an option takes something away.

    Raises:
        click.UsageError: when options contradict each other, need one that is not given, or cannot be read.
    """
    same: dict[str, object] = {
        "name": given["name"],
        "job": given["job"],
        "model": given["model"],
        "permissions": given["permissions"],
        "session_mode": given["session_mode"],
        "enabled": given["enabled"],
    }
    hours = given["running_hours"] is not None
    schedule = schedule_options.fields_of(given, creating=creating, hours=hours)
    return {
        **{name: value for name, value in same.items() if value is not None},
        **({"schedule": schedule} if schedule else {}),
        **_command(given, creating),
        **due_options.fields_of(given),
        **profile_options.fields_of(given),
        **_list("allowed", given["allowed_tools"], given.get("no_allowed_tools", False)),
        **_list("disallowed", given["disallowed_tools"], given.get("no_disallowed_tools", False)),
        **limit_options.fields_of(given),
        **after_options.fields_of(given, creating=creating),
    }


def _command(given: "Task", creating: bool) -> dict[str, object]:
    option = only_one(
        "what the agent is to do",
        {
            "--prompt": given["prompt"] is not None,
            "--prompt-file": given["prompt_file"] is not None,
            "--command": given["command_text"] is not None,
        },
    )
    kind = given["command_type"]
    if option is None and creating:
        raise click.UsageError(
            "Say what the agent is to do: --prompt TEXT, --prompt-file FILE (- is standard input) or --command TEXT."
        )
    if option in ("--prompt", "--prompt-file"):
        if kind not in (None, "prompt"):
            raise click.UsageError(f"--command-type {kind} goes with --command, not with {option}.")
        # Said in so many words: the task that is updated may have had a command of another type.
        kind = "prompt"
    command = given["command_text"] if option == "--command" else given["prompt"]
    if given["prompt_file"] is not None:
        command = _read_prompt(given["prompt_file"])
    return {
        **({} if command is None else {"command": command}),
        **({} if kind is None else {"command_type": kind}),
    }


def _read_prompt(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise click.UsageError(
            f"The prompt in {text.line(file)} is not UTF-8 (byte {problem.start}); convert it first."
        ) from None
    except OSError as problem:
        raise click.UsageError(f"The prompt in {text.line(file)} cannot be read: {problem.strerror}.") from None


def _list(kind: str, tools: Sequence[str], none: bool) -> dict[str, object]:
    option = only_one(f"which tools are {kind}", {f"--{kind}-tool": bool(tools), f"--no-{kind}-tools": none})
    return {} if option is None else {f"{kind}_tools": list(tools)}
