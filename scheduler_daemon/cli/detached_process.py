"""The daemon in the background: who holds the home, how one is started, how one is ended."""

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.client import Unreachable
from scheduler_daemon.cli.command import Choices

if TYPE_CHECKING:
    from scheduler_daemon.service.manager import State

START_LIMIT = 120.0
"""Seconds in which a daemon answers: it may have to bring the record of an earlier version up to date."""
STOP_LIMIT = 30.0
"""Seconds in which a daemon ends, beyond those in which it stops runs."""
ASKING = 3.0
"""Seconds that a daemon which may be stuck is given to answer."""
_LOOK = 0.05
"""Seconds between two tries."""


def holder(choices: Choices) -> int | None:
    """The process that holds the home, if one does."""
    from scheduler_daemon import holder as lock

    try:
        return lock.holder(choices.home)
    except lock.OutOfSight as problem:
        raise click.ClickException(text.printable(str(problem))) from None
    except OSError as problem:
        raise click.ClickException(
            f"The home {text.line(str(choices.home.path))} cannot be used: {problem.strerror}.\n"
            "Ask as the user whose daemon it is, or name a home of your own with --home."
        ) from None


def health(choices: Choices) -> dict[str, Any] | None:
    """What the daemon says of itself; None where none answers."""
    try:
        with choices.connect(ASKING) as connection:
            found: dict[str, Any] = connection.call("daemon.health")
            return found
    except Unreachable:
        return None


def answer(choices: Choices) -> dict[str, Any]:
    """What a daemon that holds the home already answers, as soon as it does."""
    deadline, told = time.monotonic() + START_LIMIT, False
    while (found := health(choices)) is None:
        pid = holder(choices)
        if pid is None:
            raise click.ClickException(f"The daemon has just ended.\nStart it: {choices.typed('daemon start')}")
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"A daemon, process {pid}, holds {text.line(str(choices.home.path))} and has not answered for "
                f"{START_LIMIT:.0f} seconds.\nTo end it: {choices.typed('daemon stop')}; to do so by force, "
                f"runs go on: kill -9 {pid}"
            )
        if not told:
            silent = f"Process {pid} is a daemon already, and does not answer yet"
            show.write(f"{silent}; it is given {START_LIMIT:.0f} seconds.", sys.stderr)
            told = True
        time.sleep(_LOOK)
    return found


def bring_up(choices: Choices) -> tuple[dict[str, Any], bool]:
    """Start a daemon; what it answers, or another that was faster, and whether it is the one that was started.

    Raises:
        click.ClickException: it ended, with what it said; or it does not answer.
    """
    from scheduler_daemon.service import detached
    from scheduler_daemon.service.program import NoProgram

    try:
        begun = detached.start(choices.home, START_LIMIT)
    except (detached.NotDetached, NoProgram) as problem:
        raise click.ClickException(f"The daemon could not be started: {text.printable(str(problem))}") from None
    if not begun.settled:
        raise click.ClickException(
            f"The daemon, process {begun.pid}, does not answer after {START_LIMIT:.0f} seconds, and goes on trying.\n"
            f"What it logs: {text.line(str(choices.home.daemon_log))}\nHow it is: {choices.typed('daemon status')}"
        )
    if holder(choices) is None:
        said = text.printable(begun.said).removeprefix("ccschedd: ")
        raise click.ClickException(
            f"The daemon could not start: {said}"
            if said
            else f"The daemon ended before it answered; what it logged: {text.line(str(choices.home.daemon_log))}"
        )
    found = answer(choices)
    started = found["pid"] == begun.pid
    if started and begun.said:
        show.write(text.printable(begun.said), sys.stderr)
    return found, started


def bring_down(choices: Choices, pid: int, verb: str, stop_runs: bool) -> int | None:
    """End the daemon, and give the number of runs that go on, if it still said so.

    Raises:
        click.ClickException: it is not this command's to end, or it does not end.
        Unreachable: runs are to be stopped, and it does not answer.
    """
    from scheduler_daemon.service import detached

    state = service(choices)
    if state is not None and state.pid == pid:
        raise click.ClickException(
            f"This daemon is the login service {state.unit}.\nInstead: {choices.typed(f'service {verb}')}"
        )
    before = health(choices)
    if before and before.get("started_by") == "service":
        which = "systemctl status" if sys.platform == "linux" else "ps -f -p"
        raise click.ClickException(
            f"This daemon, process {pid}, is a service, of the machine for example, whose manager has to {verb} it.\n"
            f"To see which: {which} {pid}\nTo end it all the same, its runs go on: kill {pid}"
        )
    live: int | None = before["live_runs"] if before else None
    limit = STOP_LIMIT
    try:
        if stop_runs:
            with choices.connect() as connection:
                limit += connection.call("daemon.stop", stop_runs=True)["patience"]
        else:
            detached.end(choices.home, pid)
        if not detached.gone(choices.home, pid, limit):
            raise click.ClickException(
                f"The daemon, process {pid}, was asked to end and has not within {limit:.0f} seconds.\n"
                f"To end it by force, its runs go on: kill -9 {pid}"
            )
    except PermissionError:
        raise click.ClickException(f"Process {pid} is another user's: end it as that user, or as root.") from None
    return live


def service(choices: Choices) -> "State | None":
    """The login service of the home, where there is a service manager."""
    from scheduler_daemon.service.manager import NoManager, find

    try:
        return find(choices.home).state()
    except NoManager:
        return None


def leave_to_service(choices: Choices, verb: str) -> None:
    """Refuse where a login service is there to run the daemon: at the next login there would be two.

    Raises:
        click.ClickException: saying what to type instead.
    """
    state = service(choices)
    if state is not None and state.installed and (state.own or state.enabled or state.running):
        raise click.ClickException(
            f"This home has a login service, {state.unit}.\nInstead: {choices.typed(f'service {verb}')}\n"
            f"To do without it, first: {choices.typed('service uninstall')}"
        )
