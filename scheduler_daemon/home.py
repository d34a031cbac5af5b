"""Where things are: the daemon's home directory and what it keeps in it.

Standard library only, for the client imports it at every start.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOME = "~/.claude-scheduler"

SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107
"""The longest path in bytes that fits ``sockaddr_un.sun_path`` with its terminating zero."""


class NoSocketPath(Exception):
    """No directory is short enough to hold the daemon's socket."""


@dataclass(frozen=True)
class Home:
    """The directory that holds everything one daemon remembers."""

    path: Path

    @classmethod
    def find(cls, option: str | None = None) -> "Home":
        """The home that ``--home``, ``CCSCHED_HOME`` or the default names, in this order."""
        return cls(Path(option or os.environ.get("CCSCHED_HOME") or DEFAULT_HOME).expanduser().absolute())

    @property
    def state_db(self) -> Path:
        """The record."""
        return self.path / "state.db"

    @property
    def lock(self) -> Path:
        """Held by the daemon; its content is the holder's process id."""
        return self.path / "daemon.lock"

    @property
    def daemon_log(self) -> Path:
        """What the daemon itself says, where no service manager keeps that."""
        return self.path / "daemon.log"

    @property
    def pid_file(self) -> Path:
        """The process id of a daemon that was started without a service manager."""
        return self.path / "daemon.pid"

    @property
    def backups(self) -> Path:
        """Copies of the record as it was before a newer version, or a restore, changed it."""
        return self.path / "backups"

    @property
    def replacement(self) -> Path:
        """What a restore has made ready to take the place of the record when the daemon starts."""
        return self.path / "replacement"

    @property
    def service_choices(self) -> Path:
        """What was chosen by hand when the daemon was made a login service."""
        return self.path / "service.json"

    @property
    def program(self) -> Path:
        """The daemon's own copy of what supervisors run, which an upgrade does not change under it."""
        return self.path / "program"

    @property
    def logs(self) -> Path:
        """The runs' logs."""
        return self.path / "logs"

    def log(self, run_id: object) -> Path:
        """The log of one run."""
        return self.logs / f"run_{run_id}.log"

    def run_folder(self, run_id: object) -> Path:
        """What a run needs only while it lives: its claim and its exit record."""
        return self.path / "live" / str(run_id)

    @property
    def workspace_locks(self) -> Path:
        """One lock file for each directory that git works in on our behalf."""
        return self.path / "locks"

    def ccschedd(self, *arguments: str) -> str:
        """The daemon's command as a person types it for this home."""
        return self._typed("ccschedd", *arguments)

    def ccsched(self, *arguments: str) -> str:
        """The client's command as a person types it for this home."""
        return self._typed("ccsched", *arguments)

    def _typed(self, program: str, *arguments: str) -> str:
        import shlex  # only who has to be told pays for it

        own = () if self.path == Home.find(DEFAULT_HOME).path else ("--home", str(self.path))
        return shlex.join([program, *own, *arguments])

    def socket(self) -> Path:
        """The control socket; in the runtime directory if the home's path is too long for a socket.

        Client and daemon compute the same path from the same home.

        Raises:
            NoSocketPath: when the runtime directory's path is too long as well.
        """
        direct = self.path / "daemon.sock"
        if len(os.fsencode(direct)) <= SOCKET_PATH_LIMIT:
            return direct
        # Imported here, for it costs the client's every start some milliseconds.
        import hashlib

        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        fallback = _runtime_directory() / f"{digest}.sock"
        if len(os.fsencode(fallback)) > SOCKET_PATH_LIMIT:
            raise NoSocketPath(
                f"the path of the socket {direct} is longer than {SOCKET_PATH_LIMIT} bytes, "
                f"and so is {fallback}; choose a shorter --home, or a shorter XDG_RUNTIME_DIR"
            )
        return fallback


def _runtime_directory() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "ccsched"
    # Not TMPDIR: a service and a shell must come to the same path, and it often differs between them.
    # A fixed name in a shared folder is safe here: the daemon makes it 0700 and checks its owner.
    return Path("/tmp") / f"ccsched-{os.getuid()}"  # noqa: S108
