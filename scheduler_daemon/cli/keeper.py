"""What keeps the daemon: is it there after a logout, and after a reboot?"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler_daemon.examination.finding import Finding, failed, ok, skipped, warning
from scheduler_daemon.home import Home

if TYPE_CHECKING:
    from scheduler_daemon.service.manager import State

_CRON = 5.0
"""Seconds that cron may take to list its table."""
_STARTS = re.compile(rb"^@reboot\b.*\b(ccsched\b.*\bdaemon start|ccschedd)\b", re.MULTILINE)


def of_keeper(home: Home, pid: int | None) -> "tuple[State | None, list[Finding]]":
    """The service of a home, None where there is no service manager; and what is to be said of what keeps the daemon.

    ``pid`` is the daemon that answers, if one does.
    """
    from scheduler_daemon.service.manager import NoManager, find

    try:
        state = find(home).state()
    except NoManager as error:
        if _cron_starts_it():
            return None, [ok("cron starts the daemon at boot")]
        told = "no service manager keeps the daemon"
        if shutil.which("crontab") is None:
            told += ", nor is there cron: what starts this machine or container has to start it"
            return None, [warning(told, detail=str(error))]
        return None, [warning(f"{told}, so it is not there after a reboot", _at_boot(home), str(error))]
    if not state.installed:
        told = "the daemon is no login service, so it is not there after a reboot"
        return state, [warning(told, "ccsched service install --linger")]
    return state, [_kept(state, pid), _lingers(state)]


def _cron_starts_it() -> bool:
    """Whether there is a line that does, for whichever home."""
    try:
        asked = ["crontab", "-l"]
        listed = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=_CRON, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return _STARTS.search(listed.stdout) is not None


def _at_boot(home: Home) -> str:
    """What has cron start the daemon; a login shell knows the PATH that cron does not, and % is cron's line end."""
    ccsched = shlex.quote(str(Path(sys.executable).with_name("ccsched")))
    typed = ccsched + home.ccsched("daemon", "start").removeprefix("ccsched")
    entry = f"@reboot bash -lc {shlex.quote(typed)}".replace("%", r"\%")
    quoted = shlex.quote(entry) if set(entry) & set('"$`\\!') else f'"{entry}"'
    return f"(crontab -l; echo {quoted}) | crontab -"


def _kept(state: "State", pid: int | None) -> Finding:
    told = f"{state.unit} of {state.manager}"
    if not state.enabled:
        return failed(f"{told} is not enabled, so it does not start by itself", "ccsched service install")
    if not state.running:
        return failed(f"{told} is {state.active}", "ccsched service start", state.detail)
    if state.needs_reload:
        return warning(f"{told} has changed on disk, and still runs as it was", "ccsched service install")
    if pid and state.pid not in (None, pid):
        return failed(f"{told} is process {state.pid}, and the daemon that answers is process {pid}", f"kill {pid}")
    return ok(f"{told}: {state.active}, enabled")


def _lingers(state: "State") -> Finding:
    if state.lingers is None:
        return skipped("the system has no such thing", check="linger")
    if not state.lingers:
        told = "the daemon ends when you log out, and is not there after a reboot until you log in"
        return warning(told, "ccsched service install --linger", check="linger")
    return ok("the daemon is there with nobody logged in", check="linger")
