"""What every command shares: --home and --output, wherever on the line they are typed."""

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from scheduler_daemon.cli.client import Client
from scheduler_daemon.home import Home

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@dataclass
class Choices:
    """What --home and --output said; of two, the later one on the line."""

    home_option: str | None = None
    output: str | None = None

    @property
    def home(self) -> Home:
        """The daemon's home.

        Raises:
            click.UsageError: for a path that leads nowhere, such as ``~nobody``.
        """
        try:
            return Home.find(self.home_option)
        except (OSError, RuntimeError) as problem:
            raise click.UsageError(f"The home directory cannot be found: {problem}") from None

    @property
    def as_json(self) -> bool:
        """Whether the answer is for a program: as --output says, else if standard output is no terminal."""
        if self.output is None:
            return not on_terminal()
        return self.output == "json"

    def connect(self, limit: float | None = None) -> Client:
        """A connection to the daemon; ``limit`` is in seconds, for who cannot wait as long as others."""
        return Client(self.home, limit)

    def typed(self, words: str) -> str:
        """A command of this program as the person would type it, for the same home."""
        if self.home_option is None:
            return f"ccsched {words}"
        import shlex  # only who named a home pays for it

        return f"ccsched --home {shlex.quote(self.home_option)} {words}"


def on_terminal() -> bool:
    """Whether a person sees standard output as it is written."""
    return sys.stdout is not None and sys.stdout.isatty()


def _choose_home(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    choices = context.ensure_object(Choices)
    choices.home_option = value or choices.home_option


def _choose_output(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    choices = context.ensure_object(Choices)
    choices.output = value or choices.output


def _directories(context: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem[str]]":
    from scheduler_daemon.cli.completion import directories  # only who completes pays for it

    return directories(context, parameter, incomplete)


_SHARED = (
    click.Option(
        ["--home"],
        metavar="PATH",
        expose_value=False,
        callback=_choose_home,
        shell_complete=_directories,
        help="The daemon's home; else CCSCHED_HOME, else ~/.claude-scheduler.",
    ),
    click.Option(
        ["--output"],
        type=click.Choice(["json", "table"]),
        expose_value=False,
        callback=_choose_output,
        help="How to show the answer; a table on a terminal, else JSON.",
    ),
)


class Command(click.Command):
    """A command that takes the shared options."""

    def invoke(self, ctx: click.Context) -> Any:
        """Do it; an answer that has not the shape it should have may be that of a daemon of another version."""
        try:
            return super().invoke(ctx)
        except (AttributeError, LookupError, TypeError, ValueError):
            from scheduler_daemon.cli.skew import explained  # only who has to be told pays for it

            reason = explained(ctx.ensure_object(Choices))
            if reason is None:
                raise
            raise reason from None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters and the shared ones."""
        return [*super().get_params(ctx), *_SHARED]


class Group(click.Group):
    """A group of commands that takes the shared options."""

    command_class = Command
    group_class = type

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The group's own parameters and the shared ones."""
        return [*super().get_params(ctx), *_SHARED]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order a person meets them, which is that of their definitions."""
        return list(self.commands)


def directory(path: str) -> str:
    """The absolute path of a directory a person named; symbolic links stay as they are.

    Raises:
        click.UsageError: when the current directory is gone.
    """
    try:
        return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - Path keeps "..", and fails on ~nobody
    except OSError as problem:
        raise click.UsageError(f"The current directory cannot be read: {problem.strerror}") from None
