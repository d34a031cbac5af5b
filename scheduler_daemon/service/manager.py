"""The service manager of this machine, and what it knows of the daemon's login service."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from scheduler_daemon.home import Home
from scheduler_daemon.service.plan import Plan


class NoManager(Exception):
    """There is no service manager here that could keep the daemon; the message says why and what to do instead."""


@dataclass(frozen=True)
class Definition:
    """What a login service is to be."""

    program: Path
    """The absolute path of ``ccschedd``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it gets beyond what the manager gives every service."""


@dataclass(frozen=True)
class State:
    """What the manager says of the service of one home, and what its file says."""

    manager: str
    """``systemd`` or ``launchd``."""
    unit: str
    """The unit's name, or the agent's label."""
    unit_path: Path
    """The file that defines it, or would."""
    installed: bool
    enabled: bool
    """Whether it is started by itself, at login or at boot."""
    active: str
    """In the manager's words: ``active``, ``failed``, … of systemd, ``running``, ``not loaded``, … of launchd."""
    running: bool
    """Whether it is up; not while it is being started, also anew."""
    pid: int | None
    since: str | None
    """Since when it is active, in the manager's words; None where it is not, or the manager does not say."""
    lingers: bool | None
    """Whether it is there with nobody logged in; None where there is no such thing."""
    environment: Mapping[str, str]
    """As recorded in its file; empty where none is."""
    program: str | None
    """The ``ccschedd`` in its file."""
    needs_reload: bool
    """Whether the file has changed and the manager goes by what it was."""
    own: bool
    """Whether the file is the person's own, as ``ccsched service install`` writes it, and not a package's."""
    detail: str
    """What else the manager says, in words for a person; may be empty."""


class Manager(Protocol):
    """A service manager: it says what is, and what would have to be done. Doing it is ``plan.carry_out``."""

    @property
    def name(self) -> str:
        """``systemd`` or ``launchd``."""

    def state(self) -> State:
        """How the service is now."""

    def install(self, definition: Definition, *, start: bool, linger: bool) -> Plan:
        """Have the service there and enabled.

        A plan without steps says that everything is as it is to be.

        Args:
            definition: what it is to be.
            start: also have it run, anew if its definition has changed.
            linger: also have it run with nobody logged in; nothing where there is no such thing.
        """

    def uninstall(self) -> Plan:
        """Stop the service and have nothing of it left; live runs go on."""

    def start(self) -> Plan:
        """Have it run."""

    def stop(self) -> Plan:
        """Have it not run, also where it only fails again and again; live runs go on."""

    def restart(self) -> Plan:
        """End it and start it anew, by its definition of now; live runs go on."""

    def log_command(self, follow: bool, lines: int) -> list[str] | None:
        """A command that shows what the daemon logs: its last lines, and what comes.

        None where the daemon keeps a log file of its own, ``Home.daemon_log``.
        """


def find(home: Home, *, lingering: bool = False) -> Manager:
    """The manager that keeps, or would keep, the service of a home.

    Args:
        home: the daemon's.
        lingering: also find one that is there only once lingering is turned on.

    Raises:
        NoManager: saying what to do instead.
    """
    if sys.platform == "darwin":
        from scheduler_daemon.service.launchd import Launchd

        return Launchd.find(home)
    from scheduler_daemon.service.systemd import Systemd

    return Systemd.find(home, lingering=lingering)
