"""The daemon behind the service: does it answer, who holds the home, what does it log?"""

import subprocess
import time
from typing import TYPE_CHECKING, TypedDict

import click

from scheduler_daemon import __version__
from scheduler_daemon.cli import detached_process, service_plan, text
from scheduler_daemon.cli.client import Refused, Unreachable
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.service import detached, naming

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Scheduled
    from scheduler_daemon.service.manager import Manager, State
    from scheduler_daemon.service.plan import Plan

_PATIENCE = 30.0
"""Seconds for the daemon to answer after its manager has started it."""
_LOOK = 0.1
"""Seconds between two tries."""
_ASKING = 3.0
"""Seconds that a daemon which may be stuck is given to answer."""
_LAST_LINES = 12
"""Lines of the log that are shown when it does not."""


class Daemon(TypedDict):
    """What is told of a daemon that answers."""

    pid: int
    version: str
    started_by: str
    agent: str | None
    """The version of the agent that it found."""
    socket: str
    live_runs: int
    next_due: "list[Scheduled]"


def asked(choices: Choices) -> Daemon | None:
    """What the daemon says of itself; None where none answers."""
    try:
        with choices.connect(_ASKING) as daemon:
            daemon.call("daemon.health")
        # Only who answers is waited for: the agent is asked for its version, and may be slow.
        with choices.connect() as daemon:
            state = daemon.call("daemon.state")
    except (Unreachable, Refused):
        return None
    return {
        "pid": state["pid"],
        "version": state["version"],
        "started_by": state.get("started_by", "hand"),
        "agent": state["versions"]["agent"],
        "socket": str(choices.home.socket()),
        "live_runs": state["runs"]["running"],
        "next_due": state["next_due"][:1],
    }


def live_runs(choices: Choices, state: "State") -> int:
    """How many runs of the service live, as far as its daemon says so."""
    daemon = asked(choices)
    return daemon["live_runs"] if daemon and daemon["pid"] == state.pid else 0


def refuse_another(choices: Choices, state: "State") -> None:
    """Refuse where a daemon that is not the service's holds the home.

    Raises:
        click.ClickException: naming its process and what to type.
    """
    pid = detached_process.holder(choices)
    if pid is None or pid == state.pid:
        return
    daemon = asked(choices)
    whose = "which was started by hand"
    end = f"End it, its runs go on: {choices.typed('daemon stop')}"
    if daemon and daemon["started_by"] == "service":
        whose, end = "which is another service", f"To see which: {which_service(state, pid)}"
    home = text.line(str(choices.home.path))
    raise click.ClickException(f"Another daemon holds {home}: process {pid}, {whose}.\n{end}\nThen type this again.")


def which_service(state: "State", pid: int) -> str:
    """The command that shows to which service a process belongs."""
    return f"systemctl status {pid}" if state.manager == "systemd" else f"ps -f -p {pid}"


def started(choices: Choices, manager: "Manager", steps: "Plan") -> Daemon:
    """Carry out what starts the daemon, and wait until it answers.

    Raises:
        click.ClickException: it does not; with the last lines that it logged.
    """
    try:
        service_plan.carry_out(steps)
    except service_plan.NotDone as problem:
        if problem.step is not steps[-1] or service_plan.lingers(problem.step):
            raise
        raise click.ClickException(f"{problem.message}\n{_log(choices, manager)}") from None
    deadline = time.monotonic() + _PATIENCE
    while True:
        daemon = asked(choices)
        state = manager.state()
        if daemon and daemon["pid"] == state.pid:
            return daemon
        if state.active in ("failed", "inactive") or time.monotonic() > deadline:
            said = f": {state.detail}" if state.detail else ""
            raise click.ClickException(
                f"The service was started, but its daemon does not answer; it is {state.active}{said}.\n"
                + _log(choices, manager)
            )
        time.sleep(_LOOK)


def end_with_runs(choices: Choices, state: "State") -> int:
    """Have the service's daemon stop its live runs and end; how many they were.

    Raises:
        click.ClickException: it does not answer, so nobody can stop them.
    """
    before = asked(choices)
    if before is None or before["pid"] != state.pid:
        raise click.ClickException(
            "The service's daemon does not answer, and nobody else can stop its runs.\n"
            f"To stop it and have them go on: {choices.typed('service stop')}"
        )
    with choices.connect() as daemon:
        patience = daemon.call("daemon.stop", stop_runs=True)["patience"]
    if not detached.gone(choices.home, before["pid"], patience + _PATIENCE):
        raise click.ClickException(
            "The daemon is still about to stop its runs. What it logs: " + choices.typed("service logs")
        )
    return before["live_runs"]


def log_command(choices: Choices, manager: "Manager", follow: bool, lines: int) -> list[str]:
    """The command that shows the daemon's log.

    Raises:
        click.ClickException: there is nothing to show, or nothing that this person may see.
    """
    command = manager.log_command(follow, lines)
    if command is None:
        log = choices.home.daemon_log
        if not log.exists():
            raise click.ClickException(f"The daemon has logged nothing yet: there is no {text.line(str(log))}.")
        return ["tail", "-n", str(lines), *(["-F"] if follow else []), str(log)]
    if choices.output == "json":
        command.append("--output=json")
    if not follow and not _written(manager.log_command(False, 1) or []):
        if not manager.state().installed:
            raise click.ClickException(
                "There is no service yet, and nothing is logged of one.\n"
                f"Make one: {choices.typed('service install')}"
            )
        raise click.ClickException(
            "The journal shows nothing of the service: it has not run yet, or you may not read the journal.\n"
            f"For the latter, as root type: usermod --append --groups systemd-journal {naming.own_user()}\n"
            "and log in anew."
        )
    return command


def _log(choices: Choices, manager: "Manager") -> str:
    """The last lines of what the daemon logged, and where the rest is."""
    command = manager.log_command(False, _LAST_LINES)
    if command is None:
        command = ["tail", "-n", str(_LAST_LINES), str(choices.home.daemon_log)]
    lines = text.printable(_written(command)).strip()
    return "\n".join([*([lines] if lines else []), f"More of what it logs: {choices.typed('service logs')}"])


def _written(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as problem:
        return str(problem)
    return done.stdout


def of_another_version(daemon: Daemon) -> bool:
    """Whether the daemon is of another version than this program."""
    return daemon["version"] != __version__
