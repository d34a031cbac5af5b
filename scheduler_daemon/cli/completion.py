"""What a word of a command line may become: names and ids from the running daemon, files; and the shells' scripts.

A completer asks the daemon one thing, for a second at the most, and offers nothing where none answers.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.command import Choices, Command

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from scheduler_daemon.cli.answers import Job, Run, Task
    from scheduler_daemon.cli.profiles import Profile

    Items = list[CompletionItem[str]]

    Thing = TypeVar("Thing", Job, Task, Profile)

_LIMIT = 1.0
"""Seconds that the daemon may take to answer; somebody waits with a finger on the key."""
_NEWEST_RUNS = 100
_DESCRIBED = 60
"""Columns of a description."""


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that lets a shell complete.

    It completes commands, options, and the names and ids of the running daemon, for `ccsched` and for
    `claude-code-scheduler`. Where to put it:

    \b
    bash  in ~/.bashrc:
            eval "$(ccsched completion bash)"
    zsh   in ~/.zshrc, after compinit:
            eval "$(ccsched completion zsh)"
    fish  in ~/.config/fish/config.fish:
            ccsched completion fish | source

    It takes effect in the next shell that you open.
    """
    from click.shell_completion import get_completion_class

    from scheduler_daemon.cli import shells  # noqa: F401 - its classes take the place of click's
    from scheduler_daemon.cli.main import COMPLETE, ccsched

    found = get_completion_class(shell)
    assert found is not None, "there is one for each choice"
    show.write(found(ccsched, {}, "ccsched", COMPLETE).source().rstrip("\n"))


def jobs(context: click.Context, parameter: click.Parameter, incomplete: str) -> "Items":
    """The jobs' names and ids."""
    answer = _ask(context, "jobs.list")
    found: list[Job] = answer["jobs"] if answer else []
    return _named(
        found,
        incomplete,
        lambda job: job["description"] or job["working_directory"]["path"],
        _there(context, parameter),
    )


def tasks(context: click.Context, parameter: click.Parameter, incomplete: str) -> "Items":
    """The tasks' names and ids."""
    answer = _ask(context, "tasks.list")
    return _tasks(answer["tasks"] if answer else [], context, parameter, incomplete)


def tasks_of_job(context: click.Context, parameter: click.Parameter, incomplete: str) -> "Items":
    """The names and ids of the tasks of the job that the line names, or of all if it names none."""
    job = context.params.get("job")
    if not job:
        return tasks(context, parameter, incomplete)
    return _tasks(_ask(context, "jobs.tasks", job=job) or [], context, parameter, incomplete)


def runs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> "Items":
    """The ids of the newest runs."""
    answer = _ask(context, "runs.list", limit=_NEWEST_RUNS)
    found: list[Run] = answer["runs"] if answer else []
    return [
        _item(run["id"], f"{run['status']}, {run['job_name']} / {run['task_name']}", is_id=True)
        for run in found
        if run["id"].startswith(incomplete.lower())
    ]


def profiles(context: click.Context, _parameter: click.Parameter, incomplete: str) -> "Items":
    """The profiles' names and ids."""
    answer = _ask(context, "profiles.list")
    found: list[Profile] = answer["profiles"] if answer else []
    return _named(found, incomplete, lambda profile: profile["description"])


def variables(context: click.Context, _parameter: click.Parameter, incomplete: str) -> "Items":
    """The names of the variables of the profile that the line names, if it names one."""
    # Click does not come to name the arguments where the value of an option is still missing.
    profile = context.params.get("profile") or next(iter(context.args), None)
    answer: Profile | None = _ask(context, "profiles.get", profile=profile) if profile else None
    found = answer["env_vars"] if answer else []
    return [_item(each["name"], each["source"]) for each in found if each["name"].startswith(incomplete)]


def settings(context: click.Context, _parameter: click.Parameter, incomplete: str) -> "Items":
    """The settings' names."""
    answer: dict[str, object] = _ask(context, "settings.get") or {}
    return [_item(name, f"now {value}") for name, value in answer.items() if name.startswith(incomplete)]


def models(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The agent's short names of models."""
    return [name for name in ("sonnet", "opus", "haiku") if name.startswith(incomplete)]


def time_zones(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The time zones of this machine."""
    import zoneinfo

    return sorted(name for name in zoneinfo.available_timezones() if name.startswith(incomplete))


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> "Items":
    """Files, which the shell itself knows best."""
    return [_item(incomplete, kind="file")]


def directories(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> "Items":
    """Directories, which the shell itself knows best."""
    return [_item(incomplete, kind="dir")]


def _ask(context: click.Context, method: str, **params: Any) -> Any:
    """What the daemon of the line's home answers; None where there is none, or it refuses, or takes too long."""
    choices = context.ensure_object(Choices)
    # The shell has not put in the values of variables yet.
    home = choices.home_option and os.path.expandvars(choices.home_option)
    try:
        with replace(choices, home_option=home).connect(_LIMIT) as daemon:
            return daemon.call(method, **params)
    except (click.ClickException, OSError):
        return None


def _tasks(found: "Sequence[Task]", context: click.Context, parameter: click.Parameter, incomplete: str) -> "Items":
    return _named(found, incomplete, lambda task: task["command"], _there(context, parameter))


def _there(context: click.Context, parameter: click.Parameter) -> "Sequence[str]":
    """What the line names already, where it may name several."""
    names: Sequence[str] = context.params.get(parameter.name or "") or () if parameter.nargs == -1 else ()
    return names


def _named(
    found: "Sequence[Thing]", incomplete: str, told: "Callable[[Thing], str]", there: "Sequence[str]" = ()
) -> "Items":
    """Things that have a name and an id: by name where it says which one is meant, and by id as soon as one is begun.

    A thing whose name another one has, or that cannot be typed, is offered by its id; one that is there already is
    not offered.
    """
    bearers = Counter(each["name"] for each in found)
    items: Items = []
    for each in found:
        identifier, name = each["id"], each["name"]
        if name in there or identifier in there:
            continue
        by_name = bearers[name] == 1 and name == text.line(name) and not name.startswith("-")
        if by_name and name.startswith(incomplete):
            items.append(_item(name, told(each)))
        if identifier.startswith(incomplete.lower()) and (incomplete or not by_name):
            items.append(_item(identifier, text.line(name), is_id=True))
    return items


def _item(value: str, told: str = "", *, is_id: bool = False, kind: str = "plain") -> "CompletionItem[str]":
    """A completion and what is told beside it, which is safe to show."""
    from click.shell_completion import CompletionItem

    # A prompt may be long, and there may be thousands: only the beginning is looked at.
    first = text.line(next(iter(told[: 2 * _DESCRIBED].strip().splitlines()), ""))
    return CompletionItem(value, kind, text.cut(first, _DESCRIBED) or None, is_id=is_id)
