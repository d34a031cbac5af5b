"""What the client looks at itself: does a daemon answer, whose is its socket, what keeps it, what does a shell find?

What runs need, the daemon looks at: it is its PATH, its environment and its login that count.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from scheduler_daemon import __version__
from scheduler_daemon.cli import times
from scheduler_daemon.cli.client import Refused, Unreachable
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.cli.diagnosis import Finding as Document
from scheduler_daemon.cli.keeper import of_keeper
from scheduler_daemon.cli.shell_programs import compared, found_on
from scheduler_daemon.cli.skew import restart
from scheduler_daemon.cli.socket_file import of_socket
from scheduler_daemon.examination import finding
from scheduler_daemon.examination.finding import Check, Finding, failed, ok, skipped, warning
from scheduler_daemon.examination.machine import of_machine
from scheduler_daemon.examination.side_by_side import carry_out
from scheduler_daemon.holder import OutOfSight, holder
from scheduler_daemon.home import Home

if TYPE_CHECKING:
    from scheduler_daemon.cli.rehearsal import Night
    from scheduler_daemon.service.manager import State

_GROUPS = ("daemon", "service", "home", "programs", "accounts", "jobs", "runs", "machine")
_GLANCE = 3.0
"""Seconds that the daemon may take to say that it is there."""
_EXAMINING = 180.0
"""Seconds that the daemon may take to look at everything; each check has a limit of its own."""
_SHELL = 12.0
_SERVICE = 20.0
_RESTART = "ccsched service restart"
"""What stands for the command that starts the daemon again, as long as it is not known what keeps it."""


class Found(TypedDict):
    """All that was found."""

    checks: list[Document]
    tonight: "Night | None"


class _Around:
    """What is known of the daemon's surroundings; each part is filled in by the check that asks for it."""

    def __init__(self) -> None:
        self.health: dict[str, Any] | None = None
        self.state: State | None = None
        self.holder: int | None = None
        """The process that holds the home, where the daemon does not answer."""
        self.shell: Mapping[str, str] | None = None
        self.answer: dict[str, Any] = {}


def look(choices: Choices, hours: int, *, rehearse: bool) -> Found:
    """Look at everything, and have the daemon look; takes as long as the slowest check, and as each may."""
    home, around = choices.home, _Around()

    def examine() -> list[Finding]:
        with choices.connect(_EXAMINING) as daemon:
            around.answer = daemon.call("daemon.examine", hours=hours, rehearse=rehearse)
        return []

    begun = carry_out([Check("daemon", "answers", lambda: _answers(choices, around), limit=3 * _GLANCE)])
    checks = [
        Check("daemon", "socket", lambda: of_socket(home, bool(around.health or around.holder))),
        Check("service", "service", lambda: _keeper(home, around), limit=_SERVICE),
        Check("service", "login shell", lambda: _ask_shell(around), limit=_SHELL),
    ]
    if around.health is None:
        checks += of_machine(home)
    else:
        checks.append(Check("daemon", "examination", lambda: _told(examine), limit=_EXAMINING))
    begun += carry_out(checks)
    begun += carry_out([Check("service", "PATH", lambda: _path(around))])
    documents: list[Document] = [document for each in begun for document in each.documents()]  # type: ignore[misc]
    documents += around.answer.get("checks", [])
    documents.sort(key=lambda each: _GROUPS.index(each["group"]) if each["group"] in _GROUPS else len(_GROUPS))
    tonight: Night | None = around.answer.get("tonight")
    problems = [problem for task in tonight["tasks"] for problem in task["problems"]] if tonight else []
    for document in [*documents, *problems, *(tonight["asleep"] if tonight else [])]:
        document["fix"] = _as_typed(choices, around, document["fix"])
    return {"checks": documents, "tonight": tonight}


def _as_typed(choices: Choices, around: _Around, fix: str | None) -> str | None:
    """A command as this person types it, for this daemon."""
    if fix == _RESTART and around.health:
        return restart(choices.home, around.health)
    if fix == _RESTART:
        fix = _start(choices.home, around)
    program, _, rest = (fix or "").partition(" ")
    return choices.typed(rest) if program == "ccsched" else fix


def _told(examine: finding.Look) -> Sequence[Finding]:
    try:
        return examine()
    except (Refused, Unreachable) as error:
        return [failed(error.message.splitlines()[0], _RESTART)]


def _answers(choices: Choices, around: _Around) -> list[Finding]:
    try:
        with choices.connect(_GLANCE) as daemon:
            health = around.health = daemon.call("daemon.health")
    except Refused as error:
        return [failed(error.message.splitlines()[0], _RESTART)]
    except Unreachable as error:
        return [failed(error.message.splitlines()[0], _start(choices.home, around))]
    found = [ok(f"process {health['pid']}, up for {times.duration(health['uptime_seconds'])}")]
    return [*found, _version(health["version"], health.get("installed_version"))]


def _version(runs: str, installed: str | None) -> Finding:
    """``installed`` is what would run if the daemon were started again; None from a daemon that does not know."""
    if installed not in (None, runs):
        told = f"the daemon is {runs}, and {installed} is installed: it takes over when the daemon is restarted"
        return warning(told, _RESTART, check="version")
    if runs == __version__:
        return ok(f"{runs}, as this ccsched's", check="version")
    told = f"the daemon is {runs}, and this ccsched is {__version__}"
    if installed is None:
        return warning(told, _RESTART, check="version")
    elsewhere = "They are installed in two places: update the older one, or use the ccsched beside the daemon."
    return warning(told, "type -a ccsched", elsewhere, check="version")


def _start(home: Home, around: _Around) -> str:
    """What has a daemon answer, where none does or one that is stuck; its runs go on."""
    from scheduler_daemon.service.manager import NoManager, find

    with contextlib.suppress(OSError, OutOfSight):
        around.holder = holder(home)
    pid = around.holder
    with contextlib.suppress(NoManager, OSError):
        state = find(home).state()
        if pid and state.pid == pid:
            return "ccsched service restart"
        if pid is None:
            return "ccsched service start" if state.installed else "ccsched service install"
    if pid is None:
        return "ccsched daemon start"
    with contextlib.suppress(OSError):
        if home.pid_file.read_text().strip() == str(pid):
            return "ccsched daemon restart"
    return restart(home, {"pid": pid})


def _keeper(home: Home, around: _Around) -> list[Finding]:
    around.state, found = of_keeper(home, around.health["pid"] if around.health else None)
    return found


def _ask_shell(around: _Around) -> list[Finding]:
    from scheduler_daemon.service.environment import ShellSilent, of_login_shell

    try:
        around.shell = of_login_shell()
    except ShellSilent as error:
        return [warning(str(error), 'time "$SHELL" -lic true')]
    return []


def _path(around: _Around) -> list[Finding]:
    """Whether the daemon finds the programs that a shell finds."""
    if around.shell is None:
        return []
    if "programs" in around.answer:
        theirs: Mapping[str, str | None] = around.answer["programs"]
    elif around.state is not None and "PATH" in around.state.environment:
        theirs = found_on(around.state.environment["PATH"])
    else:
        return [skipped("there is no daemon whose PATH could be looked at")]
    installed = around.state is not None and around.state.installed
    return compared(theirs, around.shell.get("PATH", ""), "ccsched service install" if installed else _RESTART)
