"""One run under a real supervisor, started as the daemon starts it."""

import json
import marshal
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import psutil

from scheduler_daemon.run.process import spawn_supervisor

DEADLINE = 30.0
"""Seconds in which anything that is waited for must come."""


def _until(true: Callable[[], object], what: str) -> None:
    give_up_at = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < give_up_at, f"waited in vain until {what}"
        time.sleep(0.005)


class Supervised:
    """One run under a supervisor."""

    def __init__(self, folder: Path, /, **orders: object) -> None:
        self.folder = folder
        self.log = folder / "run.log"
        self.orders: dict[str, object] = {
            "version": 1,
            "run_id": "0123",
            "argv": ["true"],
            "cwd": str(folder),
            "env": {"PATH": os.environ["PATH"], "TAG": str(folder), "CCSCHED_RUN_ID": str(uuid4())},
            "prompt": "",
            "log": str(self.log),
            "folder": str(folder),
            "time_limit": None,
            "grace": 5,
            "secrets": [],
            "log_limit": None,
            "mark": None,
            "header": None,
            "cgroup": None,
            "faults": "",
            **orders,
        }
        self.supervisor = spawn_supervisor(Path("/nonexistent"))

    def send(self, document: bytes | None = None) -> None:
        """Give the supervisor its orders, or any other document."""
        assert self.supervisor.stdin
        self.supervisor.stdin.write(marshal.dumps(self.orders) if document is None else document)
        self.supervisor.stdin.close()

    def end(self) -> int:
        """Wait for the supervisor's exit status."""
        return self.supervisor.wait(DEADLINE)

    @property
    def record(self) -> dict[str, Any]:
        """The exit record; nothing if there is none."""
        path = self.folder / "exit.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def text(self) -> bytes:
        """The log as it is now."""
        return self.log.read_bytes() if self.log.exists() else b""

    def until_log_has(self, text: bytes) -> None:
        """Wait until the log holds a text."""
        _until(lambda: text in self.text(), f"the log has {text!r}")

    def until(self, true: Callable[[], object], what: str) -> None:
        """Wait until something is so."""
        _until(true, what)

    def stop(self) -> None:
        """Tell the supervisor to stop the run."""
        os.kill(self.supervisor.pid, signal.SIGTERM)

    def alive(self) -> list[psutil.Process]:
        """All processes of this run: those with its folder in their environment."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TAG") == str(self.folder) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


class Supervise(Protocol):
    """Starts a supervisor; the keywords change its orders. Without ``send=False`` it has them at once."""

    def __call__(self, *argv: str, send: bool = True, **orders: object) -> Supervised: ...
