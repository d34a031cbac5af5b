"""The commands ``ccsched`` and ``claude-code-scheduler``; each noun's module is loaded when it is asked for."""

import contextlib
import importlib
import io
import os
import sys

import click

from scheduler_daemon import __version__
from scheduler_daemon.cli import text
from scheduler_daemon.cli.command import Group

_MODULES = {
    "jobs": "jobs",
    "tasks": "tasks",
    "runs": "runs",
    "profiles": "profiles",
    "settings": "settings",
    "health": "daemon",
    "state": "daemon",
    "schedule": "schedule",
    "scheduler": "daemon",
    "reload": "daemon",
    "service": "service",
    "daemon": "detached",
    "doctor": "doctor",
    "backup": "backup",
    "restore": "backup",
    "migrate": "transfer",
    "completion": "completion",
}
"""Which module of this package defines which command."""

COMPLETE = "_CCSCHED_COMPLETE"
"""The environment variable by which a shell asks for completions, of either program."""


class LazyGroup(Group):
    """A group that loads a command's module when the command is used or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order a person meets them."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in _MODULES:
            # Click names the commands that are spelled alike; it looks for them in self.commands.
            for name in _MODULES:
                self._load(name)
            return None
        return self._load(cmd_name)

    def _load(self, name: str) -> click.Command:
        if name not in self.commands:
            module = importlib.import_module(f"scheduler_daemon.cli.{_MODULES[name]}")
            self.add_command(getattr(module, name), name)
        return self.commands[name]


_HELP = {"help_option_names": ["-h", "--help"]}
_version = click.version_option(__version__, prog_name="ccsched", message="%(prog)s %(version)s")


@click.group(cls=LazyGroup, context_settings=_HELP)
@_version
def ccsched() -> None:
    """Run Claude Code while nobody is there: jobs, their tasks, and every run's record."""


@click.group(commands={"cli": ccsched}, context_settings=_HELP)
@_version
def claude_code_scheduler() -> None:
    """A scheduler for unattended Claude Code sessions; everything is under `cli`."""


def main() -> int:
    """Run ``ccsched`` and return its exit code: 0, 1 refused, 2 usage, 3 daemon not reachable."""
    return _run(ccsched, "ccsched")


def combined() -> int:
    """Run ``claude-code-scheduler``, where ``claude-code-scheduler cli`` is ``ccsched``."""
    return _run(claude_code_scheduler, "claude-code-scheduler")


def _run(command: click.Command, name: str) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name or a log may hold what the terminal's encoding cannot: shown as \u…, never a crash.
            stream.reconfigure(errors="backslashreplace")
    if os.environ.get(COMPLETE):
        from scheduler_daemon.cli import shells  # noqa: F401 - its classes take the place of click's
    try:
        code = command.main(prog_name=name, standalone_mode=False, complete_var=COMPLETE)
    except click.Abort:
        return 130
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except OSError as problem:
        click.echo(f"Error: {text.line(str(problem))}", err=True)
        if sys.stdout is not None:
            # What it still holds cannot be written; the interpreter would try once more, and complain.
            with contextlib.suppress(OSError):
                sys.stdout.close()
        return 1
    return code if isinstance(code, int) else 0
