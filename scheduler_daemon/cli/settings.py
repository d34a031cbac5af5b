"""The commands about what is set for the daemon as a whole."""

import json
import math

import click

from scheduler_daemon.cli import completion, show, text, times
from scheduler_daemon.cli.command import Choices, Group
from scheduler_daemon.cli.show import Column

_COMMANDS = ("agent_command", "notify_command")
"""The settings whose value is a command: a list of words."""
_TIMES = ("time_limit", "stop_grace", "stall_after", "max_limit_wait")
"""The settings whose value is a number of seconds, and may be written as ``2h``."""


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
        show.write(_shown(answer[name]))


@settings.command("set")
@click.argument("name", shell_complete=completion.settings)
@click.argument("value", required=False)
@click.option("--default", is_flag=True, help="Put the default back.")
@click.pass_obj
def set_(choices: Choices, name: str, value: str | None, default: bool) -> None:
    """Change a setting; it counts from the next run on.

    VALUE is a number; time_limit, stop_grace, stall_after and max_limit_wait take 90, 30m or 2h as well.
    agent_command and notify_command take the command as one word, as in 'claude --verbose', or a JSON list.
    """
    if default and value is not None:
        raise click.UsageError("VALUE and --default both say what the setting is to be; give one of them.")
    if not default and value is None:
        raise click.UsageError("Say what the setting is to be: VALUE, or --default.")
    wanted = None if value is None else _value_of(name, value)
    with choices.connect() as daemon:
        answer: dict[str, object] = daemon.call("settings.set", changes={name: wanted})
    if choices.as_json:
        show.document(answer)
    else:
        show.write(f"{text.line(name)} is {_shown(answer.get(name))} now.")


def _value_of(name: str, value: str) -> object:
    """A value as the daemon takes it.

    Raises:
        click.BadParameter: when it cannot be read; what it may be is the daemon's to say.
    """
    if name in _COMMANDS:
        return _words(value)
    number = _number(value)
    if number is None and name in _TIMES:
        try:
            return times.seconds(value)
        except times.NotADuration as problem:
            raise click.BadParameter(str(problem), param_hint="VALUE") from None
    return value if number is None else number


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


def _shown(value: object) -> str:
    """A value as it may be typed again; ``none`` where there is none."""
    if value in (None, []):
        return "none"
    if not isinstance(value, list):
        return text.line(value if isinstance(value, str) else json.dumps(value))
    import shlex

    return text.line(shlex.join(map(str, value)))


def _show_settings(answer: dict[str, object]) -> None:
    columns: list[Column[tuple[str, object]]] = [
        Column("NAME", lambda setting: setting[0]),
        Column("VALUE", lambda setting: _shown(setting[1]), flexible=True),
    ]
    show.table(columns, list(answer.items()))
