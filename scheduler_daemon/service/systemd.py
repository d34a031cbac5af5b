"""The login service as a unit of the person's own systemd."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.home import Home
from scheduler_daemon.service import naming, plan, systemd_unit
from scheduler_daemon.service.answer import said
from scheduler_daemon.service.manager import Definition, NoManager, State
from scheduler_daemon.service.plan import AwaitFile, Plan, RemoveFile, RemoveFolder, RunCommand

_LINGER_LIMIT = 30.0
"""Seconds until a manager is there whose user has just been made to linger."""
_RUNTIME = "/run/user"
_BOOTED = Path("/run/systemd/system")
"""There where systemd is the machine's init; sd_booted(3)."""

_ASKED = (
    "LoadState,ActiveState,SubState,Result,ExecMainStatus,NRestarts,MainPID,UnitFileState,FragmentPath,"
    "NeedDaemonReload,ActiveEnterTimestamp"
)


@dataclass(frozen=True)
class Systemd:
    """The systemd of one user, and the unit of one home."""

    home: Home
    runtime: str
    """The user's XDG_RUNTIME_DIR, as the manager has it."""

    name = "systemd"

    @classmethod
    def find(cls, home: Home, *, lingering: bool = False) -> "Systemd":
        """The user's systemd.

        Raises:
            NoManager: where there is none, with ``lingering`` also not after lingering was turned on.
        """
        start = home.ccsched("daemon", "start")
        without = (
            f"Start the daemon without one: {start}\n"
            f"Or in the foreground, under a supervisor of your own: {home.ccschedd()}"
        )
        if shutil.which("systemctl") is None:
            raise NoManager(f"There is no service manager here: systemctl is not on PATH.\n{without}")
        runtime = _runtime_directory()
        if _answers(runtime):
            return cls(home, str(runtime))
        if not _BOOTED.is_dir():
            raise NoManager(
                "There is no service manager here: systemd is not this machine's init, as in most containers.\n"
                f"{without}\n"
                "On WSL, systemd=true below [boot] in /etc/wsl.conf turns it on; then: wsl --shutdown"
            )
        if lingering:
            return cls(home, f"{_RUNTIME}/{os.getuid()}")
        servers = "\nOr, as for a server, the unit for one user: systemctl enable --now ccsched@NAME"
        raise NoManager(
            f"Your own systemd is not running, as after su or sudo -u: there is nothing in {runtime}.\n"
            "Log in as yourself, by ssh or at the console, and try again.\n"
            f"Or have it run without a login: {home.ccsched('service', 'install', '--linger')}\n"
            f"Or start the daemon without it: {start}" + (servers if os.getuid() == 0 else "")
        )

    @property
    def unit(self) -> str:
        """The unit's name."""
        return f"{naming.of_home(self.home)}.service"

    @property
    def unit_path(self) -> Path:
        """The person's own file of it."""
        return self._folder() / self.unit

    def state(self) -> State:
        """How the unit is now."""
        shown = self._show()
        own = self.unit_path.exists()
        path = self.unit_path if own or not shown.get("FragmentPath") else Path(shown["FragmentPath"])
        try:
            unit = systemd_unit.read(path.read_text(encoding="utf-8"))
            program, environment = unit.program, unit.environment
        except (OSError, ValueError, systemd_unit.NotAUnit):
            program, environment = None, {}
        active = shown.get("ActiveState", "unknown")
        return State(
            manager=self.name,
            unit=self.unit,
            unit_path=path,
            installed=own or shown.get("LoadState") == "loaded",
            enabled=shown.get("UnitFileState") == "enabled",
            active=active,
            running=active in ("active", "reloading"),
            pid=int(shown.get("MainPID", "0")) or None,
            since=shown.get("ActiveEnterTimestamp") or None if active == "active" else None,
            lingers=self._lingers(),
            environment=environment,
            program=program,
            needs_reload=shown.get("NeedDaemonReload") == "yes",
            own=own,
            detail=_detail(shown),
        )

    def install(self, definition: Definition, *, start: bool, linger: bool) -> Plan:
        """Write the unit, have it read, enabled and started; only what is not so yet."""
        before = self.state()
        steps: list[plan.Step] = []
        if linger and not before.lingers:
            steps.append(RunCommand(("loginctl", "enable-linger", naming.own_user())))
        if not _answers(Path(self.runtime)):
            steps.append(AwaitFile(_private_socket(Path(self.runtime)), _LINGER_LIMIT))
        unit = systemd_unit.text(definition.program, self.home.path, definition.environment)
        writing = plan.written(self.unit_path, unit)
        steps += writing
        if writing or before.needs_reload:
            steps.append(self._systemctl("daemon-reload"))
        if not before.enabled:
            steps.append(self._systemctl("enable", self.unit))
        changed = writing or before.needs_reload
        if start and changed and before.active in ("active", "reloading", "activating"):
            steps.append(self._systemctl("restart", self.unit))
        elif start and before.active != "active":
            steps += self.start()
        return steps

    def uninstall(self) -> Plan:
        """Stop and disable the unit, and remove its file and folders that are empty then."""
        before = self.state()
        ended = before.active in ("inactive", "unknown")
        if ended and not before.own and not before.enabled:
            return ()
        folder = self._folder()
        return (
            *([] if ended else [self._systemctl("stop", self.unit)]),
            # Where somebody has deleted the file it fails, and has done what is left to do.
            self._systemctl("disable", self.unit, tolerated=True),
            *([RemoveFile(self.unit_path)] if before.own else []),
            self._systemctl("daemon-reload"),
            self._systemctl("reset-failed", self.unit, tolerated=True),
            *(RemoveFolder(each) for each in (folder / "default.target.wants", folder, *list(folder.parents)[:2])),
        )

    def start(self) -> Plan:
        """Start the unit; one that has failed, too, for it is never given up."""
        return (self._systemctl("start", self.unit),)

    def stop(self) -> Plan:
        """Stop the unit, and forget that it failed."""
        return (
            self._systemctl("stop", self.unit),
            self._systemctl("reset-failed", self.unit, tolerated=True),
        )

    def restart(self) -> Plan:
        """Restart the unit, as its file is now, and what was added to it: of that, systemd does not notice all."""
        return (self._systemctl("daemon-reload"), self._systemctl("restart", self.unit))

    def log_command(self, follow: bool, lines: int) -> list[str]:
        """The journal, as far as it is of this unit."""
        return [
            "journalctl",
            f"--user-unit={self.unit}",
            f"--lines={lines}",
            "--quiet",
            *(["--follow"] if follow else ["--no-pager"]),
        ]

    def _folder(self) -> Path:
        """Where the person's own units are; the manager's XDG_CONFIG_HOME decides, which need not be the caller's."""
        usual = naming.own_file(self.home).parent
        asked = os.environ.get("XDG_CONFIG_HOME")
        folder = Path(asked) / "systemd" / "user" if asked else usual
        if folder != usual and str(folder) in self._ask("show", "--property=UnitPath"):
            return folder
        return usual

    def _show(self) -> dict[str, str]:
        lines = self._ask("show", self.unit, f"--property={_ASKED}").splitlines()
        return {name: value for name, equals, value in (line.partition("=") for line in lines) if equals}

    def _ask(self, *words: str) -> str:
        return said("systemctl", "--user", *words, environment=self._environment()) or ""

    def _lingers(self) -> bool:
        return (said("loginctl", "show-user", naming.own_user(), "--property=Linger") or "").strip() == "Linger=yes"

    def _systemctl(self, *words: str, tolerated: bool = False) -> RunCommand:
        return RunCommand(("systemctl", "--user", *words), self._environment(), tolerated)

    def _environment(self) -> Mapping[str, str]:
        """What systemctl needs beyond the environment of this process to find the manager."""
        return {} if os.environ.get("XDG_RUNTIME_DIR") == self.runtime else {"XDG_RUNTIME_DIR": self.runtime}


def _runtime_directory() -> Path:
    """Where the user's manager listens: XDG_RUNTIME_DIR, unless it is missing or, as after su, somebody else's."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    usual = Path(_RUNTIME) / str(os.getuid())
    try:
        return Path(given) if given and Path(given).stat().st_uid == os.getuid() else usual
    except OSError:
        return usual


def _private_socket(runtime: Path) -> Path:
    return runtime / "systemd" / "private"


def _answers(runtime: Path) -> bool:
    # As it comes and goes it is root's, and Path.exists fails where one may not look.
    return any(os.path.exists(each) for each in (_private_socket(runtime), runtime / "bus"))  # noqa: PTH110


def _detail(shown: Mapping[str, str]) -> str:
    """What is worth knowing beyond active or not."""
    active, result = shown.get("ActiveState"), shown.get("Result", "success")
    parts = []
    if active != "active" and result != "success":
        status = shown.get("ExecMainStatus", "0")
        parts.append(f"it ended by {result}" + (f", exit status {status}" if result == "exit-code" else ""))
    if active == "activating" and shown.get("SubState") == "auto-restart":
        parts.append("it is about to be started again")
    if shown.get("NRestarts", "0") != "0":
        parts.append(f"restarts so far: {shown['NRestarts']}")
    return "; ".join(parts)
