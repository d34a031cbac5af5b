"""Tells a service manager how the daemon is, by the protocol of sd_notify(3); silent where nobody listens.

The protocol is a datagram with lines of ``NAME=value``. The packages for it are bindings that need a compiler, or
have had no release for years.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger()

LONGEST_STATUS = 200
"""Characters of the status line that are sent."""
_PATIENCE = 5.0
"""Seconds in which a manager takes what it has to know, while others have more to tell it than it can read."""


class ServiceManager:
    """Whoever started the daemon as a service, if it wants to be told."""

    def __init__(self, environment: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        """``environment`` is the daemon's own: it says where to tell, and how often; ``clock`` is in seconds."""
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self.interval = _watchdog_interval(environment) if self._address else None
        """Seconds between two signs of life; None where nobody waits for any."""
        self._clock = clock
        self._told_at: float | None = None
        self._status = ""

    @property
    def listens(self) -> bool:
        """Whether anybody does."""
        return self._address is not None

    def ready(self) -> None:
        """The daemon answers. A manager that does not hear this takes it for one that cannot start, and kills it."""
        self._tell("READY=1", _PATIENCE)
        self.alive()

    def stopping(self) -> None:
        """The daemon is about to end."""
        self._tell("STOPPING=1", _PATIENCE)

    def busy(self, seconds: float) -> None:
        """What the daemon does now, be it to start or to end, may take so long; it is not to be killed before."""
        self._tell(f"EXTEND_TIMEOUT_USEC={seconds * 1_000_000:.0f}", _PATIENCE)

    def alive(self) -> None:
        """The daemon is at work. Called as often as there is an occasion; it is told as often as is asked for."""
        now = self._clock()
        if self.interval is not None and (self._told_at is None or now >= self._told_at + self.interval):
            self._told_at = now
            self._tell("WATCHDOG=1")

    def status(self, line: str) -> None:
        """What the daemon is doing, in a line for a person; told when it is another one than before."""
        line = "".join(character if character.isprintable() else "?" for character in line)[:LONGEST_STATUS]
        if line != self._status:
            self._status = line
            self._tell(f"STATUS={line}")

    def _tell(self, message: str, patience: float = 0.0) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(patience)
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            # The next one may be heard; a manager that hears none acts by itself.
            log.warning("the service manager cannot be told", message=message, problem=str(error))


def _address(path: str) -> str | None:
    if path.startswith("@"):
        return "\0" + path[1:]
    return path if path.startswith("/") else None


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    """A third of the time, in seconds, after which the manager takes a silent daemon for dead; None without one."""
    try:
        limit = int(environment["WATCHDOG_USEC"]) / 1_000_000
        meant_for = int(environment.get("WATCHDOG_PID") or os.getpid())
    except (KeyError, ValueError):
        return None
    return limit / 3 if limit > 0 and meant_for == os.getpid() else None
