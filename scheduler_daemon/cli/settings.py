"""The commands about what is set for the daemon as a whole."""

import json
import math
import sys

import click

from scheduler_daemon.cli import completion, show, sizes, text, times
from scheduler_daemon.cli.client import Refused
from scheduler_daemon.cli.command import Choices, Group
from scheduler_daemon.cli.options import with_units
from scheduler_daemon.cli.show import Column

_COMMANDS = ("agent_command", "notify_command")
"""The settings whose value is a command: a list of words."""
_TIMES = ("time_limit", "stop_grace", "stall_after", "max_limit_wait")
"""The settings whose value is a number of seconds, and is written as ``2h``."""
_SIZES = ("log_limit",)
"""The settings whose value is a number of bytes, and is written as ``256MiB``."""
_MAY_BE_NONE = ("max_usd_per_day", "notify_command")
"""The settings that are none if nobody has set them."""


@click.group(cls=Group)
def settings() -> None:
    """Settings: what holds for the daemon as a whole."""


@settings.command("get")
@click.argument("name", required=False, shell_complete=completion.settings)
@click.pass_obj
def get(choices: Choices, name: str | None) -> None:
    """Show all settings, or the one of that NAME."""
    with choices.connect() as daemon:
        answer: dict[str, object] = daemon.call("settings.get")
    if name is not None and name not in answer:
        raise click.ClickException(f"There is no setting {text.line(name)!r}; there are {', '.join(answer)}.")
    if choices.as_json:
        show.document(answer if name is None else answer[name])
    elif name is None:
        _show_settings(answer)
    else:
        show.write(_shown(name, answer[name]))


@settings.command("set")
@click.argument("name", shell_complete=completion.settings)
@click.argument("value", required=False)
@click.option("--default", is_flag=True, help="Put the default back.")
@click.pass_obj
def set_(choices: Choices, name: str, value: str | None, default: bool) -> None:
    """Change a setting; it counts from the next run on.

    \b
    agent_command        the agent's program and its first arguments
    max_concurrent_runs  how many runs may be under way at a time
    time_limit           TIME that a run may take, if its task does not say
    stop_grace           TIME between asking a run to end and killing it
    runs_in_json         how many of the newest runs runs.json holds
    log_limit            SIZE that a run's log may have
    stall_after          TIME without a word of the agent's until you are told
    max_limit_wait       TIME that a task waits for usage limits, in all
    reserve              percent of a usage window that scheduled runs may use
    max_usd_per_day      US dollars that runs of any 24 hours may cost, or none
    run_retention_count  how many runs of a task are kept
    log_retention_days   days after which a run's log is deleted
    notify_command       the program that tells you, with its arguments, or none

    A TIME is 90 (seconds), 30m, 2h or 1d, a SIZE is 268435456 (bytes), 256MiB or 1GiB. A command is written as one
    word, as in 'claude --verbose', or as a JSON list.
    """
    if default and value is not None:
        raise click.UsageError("VALUE and --default both say what the setting is to be; give one of them.")
    if not default and value is None:
        raise click.UsageError("Say what the setting is to be: VALUE, or --default.")
    wanted = None if value is None else _value_of(name, value)
    with choices.connect() as daemon:
        try:
            answer: dict[str, object] = daemon.call("settings.set", changes={name: wanted})
        except Refused as refusal:
            raise Refused(_in_units(name, refusal.message)) from None
    if choices.as_json:
        show.document(answer)
    else:
        show.write(f"{text.line(name)} is {_shown(name, answer.get(name))} now.")
    _note_what_is_not_found(name, answer.get(name))


def _value_of(name: str, value: str) -> object:
    """A value as the daemon takes it.

    Raises:
        click.BadParameter: when it cannot be read; what it may be is the daemon's to say.
    """
    if name in _MAY_BE_NONE and value == "none":
        return None
    if name in _COMMANDS:
        return _words(value)
    number = _number(value)
    if number is not None:
        return number
    try:
        if name in _TIMES:
            return times.seconds(value)
        if name in _SIZES:
            return sizes.bytes_of(value)
    except (times.NotADuration, sizes.NotASize) as problem:
        raise click.BadParameter(str(problem), param_hint="VALUE") from None
    return value


def _in_units(name: str, message: str) -> str:
    """A refusal of a number, with numbers as they are typed."""
    if name in _TIMES:
        return with_units(message, times.spelled)
    return with_units(message, sizes.spelled) if name in _SIZES else message


def _number(value: str) -> int | float | None:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _words(command: str) -> object:
    """The words of a command, or what a JSON list has in it."""
    if command.lstrip().startswith("["):
        try:
            return json.loads(command)
        except ValueError as problem:
            raise click.BadParameter(
                f"It begins as a JSON list and is none: {problem}.", param_hint="VALUE"
            ) from None
    import shlex  # only who sets a command pays for it

    try:
        return shlex.split(command)
    except ValueError:
        raise click.BadParameter("A quotation mark has no partner.", param_hint="VALUE") from None


def _shown(name: str, value: object) -> str:
    """A value as it may be typed again; ``none`` where there is none."""
    if value in (None, []):
        return "none"
    if name in _TIMES and isinstance(value, int | float):
        return times.spelled(int(value)) if value == int(value) else str(value)
    if name in _SIZES and isinstance(value, int):
        return sizes.spelled(value)
    if not isinstance(value, list):
        return text.line(value if isinstance(value, str) else json.dumps(value))
    import shlex

    return text.line(shlex.join(map(str, value)))


def _note_what_is_not_found(name: str, value: object) -> None:
    """Say on standard error, for people, that the program of a command is not there."""
    if name not in _COMMANDS or not isinstance(value, list) or not value:
        return
    import shutil  # only who sets a command pays for it

    program = str(value[0])
    if shutil.which(program) is None:
        show.write(
            f"Note: there is no program {text.line(program)} here; where the daemon finds none either, "
            f"{'no run can start' if name == 'agent_command' else 'nobody is told of anything'}.",
            sys.stderr,
        )


def _show_settings(answer: dict[str, object]) -> None:
    columns: list[Column[tuple[str, object]]] = [
        Column("NAME", lambda setting: setting[0]),
        Column("VALUE", lambda setting: _shown(*setting), flexible=True),
    ]
    show.table(columns, list(answer.items()))
