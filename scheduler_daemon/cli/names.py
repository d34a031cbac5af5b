"""The names that ids in an answer stand for."""

from collections.abc import Callable

from scheduler_daemon.cli import text
from scheduler_daemon.cli.client import Client, Refused


def profile(daemon: Client, identifier: str | None) -> str:
    """A profile's name and id; nothing for no profile."""
    return "" if identifier is None else _named(lambda: daemon.call("profiles.get", profile=identifier), identifier)


def job(daemon: Client, identifier: str) -> str:
    """A job's name and id."""
    return _named(lambda: daemon.call("jobs.get", job=identifier), identifier)


def _named(ask: Callable[[], dict[str, str]], identifier: str) -> str:
    try:
        found = ask()
    except Refused:
        return identifier  # deleted in the meantime
    return f"{text.line(found['name'])}  {identifier}"
