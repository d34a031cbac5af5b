"""A machine that boots, is used and is switched off: a container with systemd in it, on a copy of the Debian tree."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.boot.cgroup import command_in

PATIENCE = 60.0
"""Seconds that anything may take before a test gives up."""
Done = subprocess.CompletedProcess[str]


class Machine:
    """One machine; what is written to it is kept until ``close``, over any number of boots."""

    def __init__(self, name: str, tree: Path, folder: Path, mounts: Mapping[Path, str]) -> None:
        """``folder`` is where it may keep what is written; ``mounts`` are read-only, at paths of the machine's."""
        self.name = name
        self._mounts = mounts
        self._console = folder / "console"
        self.root = folder / "root"
        written, work = folder / "written", folder / "work"
        for each in (self.root, written, work):
            each.mkdir(parents=True)
        layers = f"lowerdir={tree},upperdir={written},workdir={work}"
        subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", self.root], check=True)
        self._container: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def boot(self) -> None:
        """Switch it on, and wait until all its services are up."""
        assert self._container is None
        group = f"{os.environ['CCSCHED_BOOT_CGROUP']}/{self.name}"
        nspawn = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--private-network"]
        binds = [f"--bind-ro={outside}:{inside}" for outside, inside in self._mounts.items()]
        with self._console.open("ab") as console:
            self._container = subprocess.Popen(
                [*command_in(group), *nspawn, *binds, f"--machine={self.name}", "-D", self.root],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self.until(self._is_up, "the machine has booted")

    def _is_up(self) -> bool:
        assert self._container
        assert self._container.poll() is None, f"it does not boot:\n{self._console.read_text()[-3000:]}"
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children").read_text().split()
        if not children:
            return False
        self._leader = int(children[0])
        state = self.does("systemctl", "is-system-running", check=False).stdout.strip()
        assert state != "degraded", self.does("systemctl", "--failed", check=False).stdout
        return state == "running"

    def switch_off(self) -> None:
        """In an orderly way: services are stopped."""
        self.does("systemctl", "poweroff", "--no-block")
        self._is_off()

    def cut_power(self) -> None:
        """Everything on it is gone from one instruction to the next."""
        os.kill(self._leader, signal.SIGKILL)
        self._is_off()

    def _is_off(self) -> None:
        assert self._container
        try:
            self._container.wait(PATIENCE)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"it does not go off:\n{self._console.read_text()[-3000:]}") from late
        self._container = None

    def close(self) -> None:
        """Cut the power, and forget what was written."""
        if self._container:
            with contextlib.suppress(ProcessLookupError):
                self.cut_power()
        subprocess.run(["umount", self.root], check=True)

    def does(self, *command: object, check: bool = True, stdin: str = "") -> Done:
        """Root runs a command there."""
        done = subprocess.run(
            [*self._enter(), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", *map(str, command)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if check:
            shown = shlex.join(map(str, command))
            assert done.returncode == 0, f"{shown} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self._leader}", "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"]

    def install_package(self, *options: str) -> None:
        """Root has apt install the Debian package of ccsched."""
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "-qq", "--no-install-recommends"]
        self.does(*apt, "install", *options, "/opt/packages/ccsched.deb")

    def login(self, user: str, script: str, *, check: bool = True, stdin: str = "") -> Done:
        """A user types a line of shell in a login shell that is no session, as after ``su`` on many a server."""
        shell = ["env", "-i", f"HOME=/home/{user}", f"USER={user}", f"LOGNAME={user}", "SHELL=/bin/bash"]
        drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return self.does(*drop, *shell, "bash", "--login", "-c", script, check=check, stdin=stdin)

    @contextlib.contextmanager
    def logged_in(self, user: str) -> Iterator[None]:
        """A user has a session of their own, for the length of a ``with``."""
        # The session ends as a person ends it: with the end of its input.
        with subprocess.Popen([*self._enter(), "su", "-", user, "-c", "cat"], stdin=subprocess.PIPE):
            self.until(self.has_sessions, f"{user} is logged in")
            yield
        self.until(lambda: not self.has_sessions(), f"{user} is logged out")

    def has_sessions(self) -> bool:
        """Whether anybody is logged in."""
        listed = self.does("loginctl", "list-sessions", "--no-legend").stdout.split("\n")
        states = [
            self.does("loginctl", "show-session", line.split()[0], "--property=State", check=False).stdout
            for line in listed
            if line
        ]
        return any(state.strip() in ("State=active", "State=online") for state in states)

    def until(self, condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        """Wait for something that gives no event."""
        deadline = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < deadline, f"not within {patience} s: {what}\n{self._last_words()}"
            time.sleep(0.1)

    def _last_words(self) -> str:
        return self.does("journalctl", "--no-pager", "--lines=60", check=False).stdout if self._leader else ""
