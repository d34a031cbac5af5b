"""A person with a service manager that is a stand-in, and a daemon that is real."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.cli.main import main
from tests.support.house import BIN, House

STAND_IN = Path(__file__).with_name("stand_in.sh")


class Person(House):
    """A house whose person asks in this process, with the stand-ins before everything else on PATH."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.managers = path / "managers"
        self.managers.mkdir()
        for name in ("systemctl", "loginctl", "journalctl", "launchctl"):
            (self.managers / name).symlink_to(STAND_IN)
        self.runtime = path / "runtime"
        (self.runtime / "systemd").mkdir(parents=True)
        (self.runtime / "systemd" / "private").touch()
        super().__init__(
            path / "home",
            {
                "PATH": f"{self.managers}:/usr/local/bin:/usr/bin:/bin",
                "XDG_RUNTIME_DIR": str(self.runtime),
                "SHELL": "/bin/sh",
                "STAND_IN": str(STAND_IN),
                "PYTHON": sys.executable,
                "PYTHONPATH": str(Path(__file__).parents[3]),
            },
        )
        self.user = Path(self.environment["HOME"])
        """The person's own home directory."""
        self._monkeypatch, self._capfd = monkeypatch, capfd

    def ccsched(self, *arguments: object, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """The client, as a person types it into a pipe; in this process, which saves the start of another."""
        self._capfd.readouterr()
        with self._monkeypatch.context() as here:
            for name in os.environ:
                here.delenv(name)
            for name, value in self.environment.items():
                here.setenv(name, value)
            here.setattr(sys, "argv", [str(BIN / "ccsched"), *map(str, arguments)])
            status = main()
        return subprocess.CompletedProcess([*map(str, arguments)], status, *self._capfd.readouterr())

    def service(self, *arguments: object) -> Any:
        """What ``ccsched service`` answers, as JSON."""
        done = self.ccsched("service", *arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def asked(self) -> list[list[str]]:
        """What the managers were asked to do since the last look, in order."""
        file = self.managers / "asked"
        asked = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        file.unlink(missing_ok=True)
        return asked

    def close(self) -> None:
        """End everything that a test left running."""
        with contextlib.suppress(OSError):
            os.kill(int((self.managers / "pid").read_text()), signal.SIGKILL)
        super().close()


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Person]:
    """A person without a service yet; nothing of it is left at the end."""
    made = Person(tmp_path, monkeypatch, capfd)
    try:
        yield made
    finally:
        made.close()
