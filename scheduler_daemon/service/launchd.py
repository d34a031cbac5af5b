"""The login service as a launchd agent of the person's own."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.home import Home
from scheduler_daemon.service import launchd_agent, naming, plan
from scheduler_daemon.service.answer import said
from scheduler_daemon.service.manager import Definition, NoManager, State
from scheduler_daemon.service.plan import Plan, RemoveFile, RunCommand

_SETTLING = 20.0
"""Seconds until an agent's label is free again: for some after bootout, bootstrap says "input/output error"."""


@dataclass(frozen=True)
class Launchd:
    """The launchd domain of one user, and the agent of one home."""

    home: Home
    domain: str
    """``gui/UID``, the session at the screen; ``user/UID`` where there is none, as after a login by ssh."""

    name = "launchd"

    @classmethod
    def find(cls, home: Home) -> "Launchd":
        """The user's launchd.

        Raises:
            NoManager: where launchctl is missing, or has no domain of the user's.
        """
        start = home.ccsched("daemon", "start")
        if shutil.which("launchctl") is None:
            raise NoManager(f"launchctl is not on PATH; it is in /bin.\nOr start the daemon without it: {start}")
        user = os.getuid()
        for domain in (f"gui/{user}", f"user/{user}"):
            if said("launchctl", "print", domain) is not None:
                return cls(home, domain)
        raise NoManager(
            f"launchd knows no session of yours: there is neither gui/{user} nor user/{user}.\n"
            f"Log in at the screen or by ssh and try again, or start the daemon without it: {start}"
        )

    @property
    def label(self) -> str:
        """The agent's label."""
        return naming.launchd_label(self.home)

    @property
    def unit_path(self) -> Path:
        """The property list."""
        return naming.own_file(self.home)

    def state(self) -> State:
        """How the agent is now."""
        printed = said("launchctl", "print", self._target)
        disabled = re.search(
            rf'"{re.escape(self.label)}" => (?:disabled|true)', said("launchctl", "print-disabled", self.domain) or ""
        )
        installed = self.unit_path.exists()
        try:
            agent = launchd_agent.read(self.unit_path.read_bytes())
            program, environment = agent.program, agent.environment
        except (OSError, launchd_agent.NotAnAgent):
            program, environment = None, {}
        active = _value(printed or "", "state") if printed is not None else "not loaded"
        pid = _value(printed or "", "pid")
        status = _value(printed or "", "last exit code")
        return State(
            manager=self.name,
            unit=self.label,
            unit_path=self.unit_path,
            installed=installed,
            enabled=installed and disabled is None,
            active=active or "unknown",
            running=active == "running",
            pid=int(pid) if pid.isdecimal() else None,
            since=None,
            lingers=None,
            environment=environment,
            program=program,
            needs_reload=False,
            own=installed,
            detail="" if status in ("", "0", "(never exited)") else f"it last ended with exit status {status}",
        )

    def install(self, definition: Definition, *, start: bool, linger: bool) -> Plan:
        """Write the property list and have it loaded, which starts it; only what is not so yet.

        An agent has no lingering: it is there from a login on, at the screen or, without one, by ssh.
        """
        before = self.state()
        content = launchd_agent.text(
            self.label,
            definition.program,
            self.home,
            definition.environment,
            graphical=self.domain.startswith("gui/"),
        )
        writing = plan.written(self.unit_path, content)
        steps: list[plan.Step] = [*writing]
        if not before.enabled:
            steps.append(RunCommand(("launchctl", "enable", self._target)))
        if start and (writing or not before.running):
            steps += self._anew(before)
        return steps

    def uninstall(self) -> Plan:
        """End the agent and remove its property list."""
        before = self.state()
        return (*self._out(before), *([RemoveFile(self.unit_path)] if before.installed else []))

    def start(self) -> Plan:
        """Have it loaded and running."""
        before = self.state()
        return () if before.running else self._anew(before)

    def stop(self) -> Plan:
        """Have it unloaded until the next login: while it is loaded, it is started again."""
        return self._out(self.state())

    def restart(self) -> Plan:
        """Load it anew, by its property list as it is now."""
        return self._anew(self.state())

    def log_command(self, follow: bool, lines: int) -> None:
        """None: the daemon keeps its own log file, which it also rotates."""
        return

    @property
    def _target(self) -> str:
        return f"{self.domain}/{self.label}"

    def _out(self, before: State) -> list[RunCommand]:
        return [] if before.active == "not loaded" else [RunCommand(("launchctl", "bootout", self._target))]

    def _anew(self, before: State) -> Plan:
        # Not kickstart -k: it ends a running daemon by SIGKILL, and goes by the property list as it was loaded.
        bootstrap = ("launchctl", "bootstrap", self.domain, str(self.unit_path))
        return (*self._out(before), RunCommand(bootstrap, patience=_SETTLING))


def _value(printed: str, name: str) -> str:
    """What ``launchctl print`` says of the agent itself, in lines with one tab before them; nothing if unsaid."""
    found = re.search(rf"^\t{re.escape(name)} = (.*)$", printed, re.MULTILINE)
    return found[1].strip() if found else ""
