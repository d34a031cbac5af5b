"""A daemon without a service manager: a process that belongs to no terminal, for containers and plain servers."""

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from scheduler_daemon.holder import holder
from scheduler_daemon.home import Home
from scheduler_daemon.service.program import ccschedd

_OF_THE_SESSION = re.compile(
    r"TERM|TERMCAP|TERM_.*|COLORTERM|COLORFGBG|LINES|COLUMNS|WINDOWID|VTE_VERSION|WT_.*"
    r"|(KITTY|WEZTERM|ITERM|ALACRITTY|GHOSTTY|KONSOLE|VSCODE|ZELLIJ|TMUX)(_.*)?|STY|WINDOW|GPG_TTY"
    r"|SSH_(TTY|CLIENT|CONNECTION|ORIGINAL_COMMAND)|XDG_(SESSION_.*|SEAT|SEAT_PATH|SESSION_PATH|VTNR)"
    r"|PWD|OLDPWD|SHLVL|_|PS1|CRON_TZ|CCSCHED_RUN_ID"
    r"|NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_(FDS|PID|FDNAMES|PIDFDID)|INVOCATION_ID|JOURNAL_STREAM|MAINPID|MANAGERPID.*"
    r"|SYSTEMD_EXEC_PID|FDSTORE|MEMORY_PRESSURE_.*"
)
"""Variables that tell of a terminal, a login, a run or a service, which the daemon is no part of.

SSH_AUTH_SOCK, the desktop's and D-Bus's stay: what they name may live as long as the daemon.
"""
_DETACH = [sys.executable, "-P", "-m", "scheduler_daemon.service.detach"]
_LOOK = 0.02
"""Seconds between two looks whether a process is gone."""


class NotDetached(Exception):
    """No process could be made; the message says why."""


@dataclass(frozen=True)
class Begun:
    """A daemon that was started, and is ready or has ended."""

    pid: int
    said: str
    """What it said of that; empty where all is well."""
    settled: bool
    """Whether it is either; else it was still about to start when the time was over."""


def start(home: Home, limit: float) -> Begun:
    """Start a daemon that outlives the terminal, and wait until it is ready, or has ended.

    Args:
        home: the daemon's.
        limit: seconds to wait. One that is not ready by then goes on.

    Raises:
        NotDetached: no process could be made.
        NoProgram: there is no daemon in this installation.
    """
    ours, its = os.pipe()
    try:
        try:
            with subprocess.Popen(
                [
                    *_DETACH,
                    ccschedd(),
                    "--home",
                    home.path,
                    "--log-file",
                    home.daemon_log,
                    "--pid-file",
                    home.pid_file,
                ],
                env=_without_session(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=its,
            ):
                pass
        except OSError as problem:
            raise NotDetached(f"cannot start a process: {problem.strerror}") from problem
        finally:
            os.close(its)
        said, settled = _heard(ours, limit)
    finally:
        os.close(ours)
    # The dynamic linker and the interpreter may have had something to say before.
    pid = re.search(r"^(\d+)$", said, re.MULTILINE)
    if pid is None:
        raise NotDetached(said.strip() or "the process ended at once")
    return Begun(int(pid[1]), said[pid.end() :].strip(), settled)


def end(home: Home, pid: int) -> None:
    """Ask the daemon that holds a home to end; nothing where it does not hold it any more.

    Args:
        home: the daemon's.
        pid: its process id, as ``holder`` gave it.

    Raises:
        PermissionError: it is another user's.
        OutOfSight: another holds it by now, who cannot be seen from here.
    """
    # Asked at the last moment: its number may be another's by now.
    if holder(home) == pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def gone(home: Home, pid: int, limit: float) -> bool:
    """Wait until a process holds a home no more; False where it still does after so many seconds."""
    deadline = time.monotonic() + limit
    while holder(home) == pid:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK)
    return True


def _without_session(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not _OF_THE_SESSION.fullmatch(name)}


def _heard(pipe: int, limit: float) -> tuple[str, bool]:
    """What comes until the last who could write has closed a pipe, and whether that was in time."""
    said = b""
    deadline = time.monotonic() + limit
    while True:
        readable, _, _ = select.select([pipe], [], [], max(deadline - time.monotonic(), 0))
        chunk = os.read(pipe, 65536) if readable else b""
        said += chunk
        if not chunk:
            return said.decode(errors="replace"), bool(readable)
