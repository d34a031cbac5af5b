"""What the options of ``profiles create`` and ``profiles update`` mean: variables, in the order they were typed."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

import click

from scheduler_daemon.cli import completion, text
from scheduler_daemon.cli.command import Command

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FLAGS = ("plain", "required")
"""The keys of a variable's configuration that are true or false; the others are texts."""

_Decorated = TypeVar("_Decorated", bound=Callable[..., object])


class Variable(TypedDict):
    """A variable of a profile, by ``profiles.*``."""

    name: str
    source: str
    value: str
    config: dict[str, object]


@dataclass
class Variables:
    """What a command line says about variables."""

    given: list[Variable] = field(default_factory=list)
    """Each as a whole, but for the values that are asked for."""
    asked_for: list[str] = field(default_factory=list)
    """The names of those whose values are to be asked for."""
    removed: list[str] = field(default_factory=list)
    configured: dict[str, dict[str, object]] = field(default_factory=dict)
    """What is to be configured of variables that are not given."""

    def __bool__(self) -> bool:
        return bool(self.given or self.removed or self.configured)

    def ask(self) -> None:
        """Fill in the values that are asked for: from a terminal unseen, else from the lines of standard input.

        Raises:
            click.UsageError: when there are fewer or more lines than values, or an empty one.
        """
        if not self.asked_for:
            return
        values = dict(zip(self.asked_for, _ask(self.asked_for), strict=True))
        for variable in self.given:
            variable["value"] = values.get(variable["name"], variable["value"])


_SOURCES = {
    "secret": ("NAME", "Its value is asked for: unseen on a terminal, else a line of standard input."),
    "static": (
        "NAME=VALUE",
        "A value that is masked wherever it is shown. Other users may see it in the list of processes while this "
        "command runs, and your shell keeps it in its history: better --secret.",
    ),
    "plain": ("NAME=VALUE", "A value that is no secret, and is shown."),
    "environment": ("NAME[=OTHER]", "From the daemon's environment, there under the same name or OTHER."),
    "keychain": ("NAME=SERVICE/ACCOUNT", "From the keychain, or the Secret Service."),
    "aws_secrets_manager": ("NAME=SECRET-ID", "From AWS Secrets Manager."),
    "aws_ssm": ("NAME=/PARAMETER", "From the AWS SSM Parameter Store."),
    "command": ("NAME=COMMAND", "What a shell command writes."),
    "unset": ("NAME", "The agent's environment is to be without it."),
}
"""The options that make a variable, by the name of their parameter: metavar and help."""


class VariablesCommand(Command):
    """A command with options for variables that keeps their order, also among different options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note which option came when; click keeps only the values of each."""
        _, _, ctx.meta[__name__] = self.make_parser(ctx).parse_args(list(args))
        return super().parse_args(ctx, args)


def variable_options(command: _Decorated) -> _Decorated:
    """The options that make variables."""
    for parameter, (metavar, told) in reversed(_SOURCES.items()):
        command = click.option(
            _option(parameter),
            parameter,
            metavar=metavar,
            multiple=True,
            help=told,
            shell_complete=completion.variables if metavar == "NAME" else None,
        )(command)
    return command


config_option = click.option(
    "--config",
    metavar="NAME:KEY=VALUE",
    multiple=True,
    help="How to read a variable: its region, profile or json_key for AWS.",
)
remove_option = click.option(
    "--remove",
    metavar="NAME",
    multiple=True,
    shell_complete=completion.variables,
    help="Take a variable out of the profile.",
)


def variables_of(context: click.Context) -> Variables:
    """What the options of the command say about variables.

    Raises:
        click.UsageError: for a name that is none, that is given twice, or that has no value. No message
            repeats what was typed where it may be a secret in the wrong place.
    """
    found = Variables()
    for parameter, typed in _in_order(context):
        if parameter == "remove":
            found.removed.append(_once(found, typed, "--remove"))
        elif parameter in _SOURCES:
            found.given.append(_variable(found, parameter, typed))
            if parameter == "secret":
                found.asked_for.append(typed)
    by_name = {variable["name"]: variable["config"] for variable in found.given}
    for typed in context.params.get("config", ()):
        name, key, value = _setting(typed)
        if name in found.removed:
            raise click.UsageError(f"--remove takes {name} away, and --config says how to read it; give one of them.")
        config = by_name[name] if name in by_name else found.configured.setdefault(name, {})
        if key in config:
            raise click.UsageError(f"{key} of {name} is given twice.")
        config[key] = value
    return found


def _in_order(context: click.Context) -> Iterator[tuple[str, str]]:
    """The options' parameters and values, in the order they were typed."""
    order: list[click.Parameter] = context.meta[__name__]
    values = {name: iter(context.params.get(name) or ()) for name in (*_SOURCES, "remove")}
    names = (parameter.name for parameter in order)
    return ((name, next(values[name])) for name in names if name in values)


def _option(parameter: str) -> str:
    return f"--{parameter.replace('_', '-')}"


def _variable(found: Variables, parameter: str, typed: str) -> Variable:
    metavar, _ = _SOURCES[parameter]
    option = _option(parameter)
    name, equals, value = typed.partition("=")
    if equals and metavar == "NAME":
        reason = "its value is asked for" if parameter == "secret" else "it has no value"
        raise click.UsageError(f"{option} takes the name of a variable alone: {reason}.")
    if not value and metavar.startswith("NAME=") and (not equals or parameter not in ("static", "plain")):
        raise click.UsageError(f"{option} takes {metavar}; {'the value is empty' if equals else 'there is no ='}.")
    return {
        "name": _once(found, name, option),
        "source": "static" if parameter in ("secret", "plain") else parameter,
        "value": value,
        "config": {"plain": True} if parameter == "plain" else {},
    }


def _once(found: Variables, name: str, option: str) -> str:
    """The name of a variable that was not named before."""
    _demand_a_name(name, option)
    if name in found.removed or any(variable["name"] == name for variable in found.given):
        raise click.UsageError(f"The variable {name} is given twice.")
    return name


def _demand_a_name(name: str, option: str) -> None:
    if not _NAME.fullmatch(name):
        raise click.UsageError(
            f"What {option} names cannot be a variable: a name has letters, digits and _, and does not begin with "
            "a digit."
        )


def _setting(typed: str) -> tuple[str, str, object]:
    """The variable, the key and the value that ``--config`` names."""
    name, colon, rest = typed.partition(":")
    key, equals, value = rest.partition("=")
    if not colon or not equals or not key:
        raise click.UsageError("--config takes NAME:KEY=VALUE, such as API_KEY:region=eu-west-1.")
    _demand_a_name(name, "--config")
    if key not in _FLAGS:
        return name, key, value
    if value not in ("true", "false"):
        raise click.UsageError(f"{key} of {name} is true or false.")
    return name, key, value == "true"


def _ask(names: Sequence[str]) -> list[str]:
    if sys.stdin is not None and sys.stdin.isatty():
        return [_asked(name) for name in names]
    lines = [line.removesuffix("\r") for line in _standard_input().split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) != len(names):
        raise click.UsageError(
            f"--secret asks for {text.count(len(names), 'value')}, a line of standard input each, "
            f"and there {'is' if len(lines) == 1 else 'are'} {text.count(len(lines), 'line')}."
        )
    for name, line in zip(names, lines, strict=True):
        if not line:
            raise click.UsageError(f"The line of standard input for {name} is empty.")
    return lines


def _standard_input() -> str:
    try:
        return "" if sys.stdin is None else sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        position = problem.start
    # Not chained: the error holds the values.
    raise click.UsageError(f"Standard input is not UTF-8 (byte {position}); convert it first.")


def _asked(name: str) -> str:
    value: Any = click.prompt(name, hide_input=True, err=True)
    return str(value)
