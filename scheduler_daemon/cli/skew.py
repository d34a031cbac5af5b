"""The daemon may be of another version than this client: how that is told, and what to type."""

from typing import TYPE_CHECKING, Any

import click

from scheduler_daemon import __version__
from scheduler_daemon.cli import text
from scheduler_daemon.home import Home

if TYPE_CHECKING:
    from scheduler_daemon.cli.command import Choices


class Skewed(click.ClickException):
    """The daemon's answer cannot be shown, for it is of another version."""

    exit_code = 1


def told(home: Home, who: dict[str, Any]) -> str | None:
    """That the daemon is of another version than we are, with what to do; None if it is not.

    ``who`` is its answer to ``daemon.health``, of whatever version.
    """
    theirs = text.line(str(who.get("version")))
    if theirs == __version__:
        return None
    said = f"The daemon is ccsched {theirs}, and this is ccsched {__version__}."
    if who.get("installed_version", __version__) == __version__:
        return f"{said}\nStart it again: {restart(home, who)}"
    return f"{said}\nThey are installed in two places: update the older one, or use the ccsched beside the daemon."


def version(home: Home, who: dict[str, Any]) -> str:
    """The daemon's version; where another would start or asks, that too, and what to do about it."""
    theirs, installed = str(who["version"]), who.get("installed_version")
    if installed is not None and installed != theirs:
        return f"{theirs}; {installed} is installed: {restart(home, who)}"
    if theirs != __version__:
        return f"{theirs}; this ccsched is {__version__}"
    return theirs


def restart(home: Home, who: dict[str, Any]) -> str:
    """What to type to have the daemon started again, however it was started; live runs go on."""
    match who.get("started_by"):
        case "service":
            return home.ccsched("service", "restart")
        case "detached":
            return home.ccsched("daemon", "restart")
        case _:
            return f"kill {who.get('pid', 'PID')}, and when it has ended: {home.ccschedd()}"


def explained(choices: "Choices") -> Skewed | None:
    """Why an answer could not be made sense of, if the daemon is of another version; else None: it is our mistake."""
    try:
        with choices.connect() as daemon:
            said = told(choices.home, daemon.call("daemon.health"))
    except (click.ClickException, OSError):
        return None
    return None if said is None else Skewed(f"The daemon's answer cannot be shown.\n{said}")
