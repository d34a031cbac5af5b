"""Stands in for systemctl, loginctl and launchctl where they do something: it is recorded, and runs the real daemon.

Its first argument is the path that it was called by. In that folder is also what it remembers: ``asked`` (a JSON
document a line), ``enabled``, ``loaded`` (the service's file as it was read), ``pid``, ``failed`` (the exit status),
``lingers``, ``no-linger`` (it is not allowed), ``domain`` (``gui`` or ``user``), ``settling`` (after ``bootout``) and
``log`` (what the daemon wrote).
"""

import contextlib
import json
import os
import plistlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from scheduler_daemon.home import Home
from scheduler_daemon.service import systemd_unit
from tests.support.house import until

HERE = Path(sys.argv[1]).parent
UNITS = Path.home() / ".config" / "systemd" / "user"


def main() -> int:
    """Do what the program of this name would do, as far as it matters here."""
    name, words = Path(sys.argv[1]).name, sys.argv[2:]
    with (HERE / "asked").open("a") as asked:
        asked.write(json.dumps([name, *words]) + "\n")
    if name == "systemctl":
        assert words.pop(0) == "--user"
        assert os.environ["XDG_RUNTIME_DIR"] == str(HERE.parent / "runtime")
    return ANSWERS[name, words[0]](words) or 0


def reload(words: list[str]) -> None:
    """``systemctl daemon-reload``."""
    (HERE / "loaded").unlink(missing_ok=True)
    for file in UNITS.glob("*.service"):
        (HERE / "loaded").write_text(file.read_text())


def start(words: list[str]) -> int:
    """``systemctl start``: returns as soon as the daemon is ready."""
    if living():
        return 0
    unit = systemd_unit.read((HERE / "loaded").read_text())
    return begin([unit.program, *unit.arguments], dict(unit.environment))


def stop(words: list[str]) -> None:
    """``systemctl stop``."""
    if daemon := living():
        os.kill(daemon, signal.SIGTERM)
        until(lambda: not living(), "the daemon has ended")


def restart(words: list[str]) -> int:
    """``systemctl restart``."""
    stop(words)
    return start(words)


def enable_linger(words: list[str]) -> int:
    """``loginctl enable-linger``."""
    if (HERE / "no-linger").exists():
        sys.stderr.write("Could not enable linger: Access denied\n")
        return 1
    (HERE / "lingers").touch()
    return 0


def bootstrap(words: list[str]) -> int:
    """``launchctl bootstrap``: fails once after ``bootout``, as the real one does for some seconds."""
    if (HERE / "settling").exists():
        (HERE / "settling").unlink()
        sys.stderr.write("Bootstrap failed: 5: Input/output error\n")
        return 5
    content = Path(words[2]).read_bytes()
    (HERE / "loaded").write_bytes(content)
    agent = plistlib.loads(content)
    return begin(agent["ProgramArguments"], agent["EnvironmentVariables"])


def bootout(words: list[str]) -> None:
    """``launchctl bootout``."""
    stop(words)
    (HERE / "loaded").unlink()
    (HERE / "settling").touch()


def begin(argv: list[str], environment: dict[str, str]) -> int:
    """Start the daemon and wait until its socket is there, or it has ended."""
    with (HERE / "log").open("a") as log:
        daemon = subprocess.Popen(
            argv,
            env={"HOME": os.environ["HOME"], **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (HERE / "pid").write_text(str(daemon.pid))
    home = Home(Path(argv[argv.index("--home") + 1]))

    def answers() -> bool:
        with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
            connection.connect(str(home.socket()))
            return True
        return False

    until(lambda: daemon.poll() is not None or answers(), "the daemon is ready, or has ended")
    (HERE / "failed").unlink(missing_ok=True)
    if daemon.poll():
        (HERE / "failed").write_text(str(daemon.poll()))
        sys.stderr.write("Job failed. See the journal.\n")
        return 1
    return 0


def living() -> int | None:
    """The process id of the daemon that was started, if it lives."""
    with contextlib.suppress(OSError, psutil.NoSuchProcess):
        pid = int((HERE / "pid").read_text())
        return pid if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else None
    return None


ANSWERS: dict[tuple[str, str], Callable[[list[str]], int | None]] = {
    ("systemctl", "daemon-reload"): reload,
    ("systemctl", "enable"): lambda words: (HERE / "enabled").touch(),
    ("systemctl", "disable"): lambda words: (HERE / "enabled").unlink(missing_ok=True),
    ("systemctl", "start"): start,
    ("systemctl", "stop"): stop,
    ("systemctl", "restart"): restart,
    ("systemctl", "reset-failed"): lambda words: (HERE / "failed").unlink(missing_ok=True),
    ("loginctl", "enable-linger"): enable_linger,
    ("launchctl", "enable"): lambda words: (HERE / "disabled").unlink(missing_ok=True),
    ("launchctl", "bootstrap"): bootstrap,
    ("launchctl", "bootout"): bootout,
}


if __name__ == "__main__":
    sys.exit(main())
