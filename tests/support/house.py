"""A real daemon in a home of a test's own, and a plain client of its socket."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from scheduler_daemon.home import Home

BIN = Path(sys.executable).parent
STAND_IN = Path(__file__).parents[2] / "scheduler_daemon" / "agent" / "stand_in.py"
PATIENCE = 60.0
"""Seconds that anything may take on a busy machine before a test gives up."""
ENDED = ("success", "failed", "cancelled")


class RpcFailed(Exception):
    """The daemon answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = int(error["code"])
        self.message = str(error["message"])
        self.data: dict[str, Any] = error.get("data") or {}


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait for something that gives no event."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience} s: {what}"
        time.sleep(0.01)


class House:
    """One home, and the daemons that a test starts and ends on it."""

    def __init__(self, path: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = Home(path)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(path.parent / "user"),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(path.parent / "gitconfig"),
            "CCSCHED_HOME": str(path),
            **(environment or {}),
        }
        Path(self.environment["HOME"]).mkdir(exist_ok=True)
        Path(self.environment["GIT_CONFIG_GLOBAL"]).write_text("[user]\nname = Test\nemail = test@example.invalid\n")
        self.log = path.parent / "daemon.log"
        self.daemon: subprocess.Popen[bytes] | None = None
        self.by: Sequence[str] = ()
        """The words of a program that becomes each daemon, to change what it may do."""

    def settings(self, **settings: object) -> None:
        """Write settings.json, before the first start."""
        self.home.path.mkdir(mode=0o700, exist_ok=True)
        (self.home.path / "settings.json").write_text(json.dumps(settings))

    def spawn(self, *options: str, by: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        """Start a daemon, its log in ``self.log``; ``by`` are the words of a program that becomes it."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.by, *by, BIN / "ccschedd", "--home", self.home.path, *options],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self) -> None:
        """Start a daemon and wait until it answers."""
        daemon = self.daemon = self.spawn()

        def ready() -> bool:
            assert daemon.poll() is None, (
                f"the daemon ended with {daemon.returncode}:\n{self.log.read_text()[-2000:]}"
            )
            return self.health()

        until(ready, "the daemon answers")

    def health(self) -> bool:
        """Whether the daemon answers."""
        with contextlib.suppress(OSError):
            return bool(self.call("daemon.health"))
        return False

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the daemon and wait for its end."""
        assert self.daemon
        self.daemon.send_signal(number)
        status = self.daemon.wait(PATIENCE)
        self.daemon = None
        return status

    def kill(self) -> None:
        """The daemon is gone from one instruction to the next."""
        self.end(signal.SIGKILL)

    def connect(self) -> socket.socket:
        """A connection to the control socket."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(PATIENCE)
            connection.connect(str(self.home.socket()))
        except BaseException:
            connection.close()
            raise
        return connection

    def call(self, method: str, **params: object) -> Any:
        """One request and its answer.

        Raises:
            RpcFailed: with the daemon's error.
            OSError: when there is no daemon, or it is gone in the middle.
        """
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        with self.connect() as connection, connection.makefile("rwb") as file:
            file.write(json.dumps(request).encode() + b"\n")
            file.flush()
            line = file.readline()
        if not line:
            raise ConnectionResetError("the daemon hung up")
        answer = json.loads(line)
        if "error" in answer:
            raise RpcFailed(answer["error"])
        return answer["result"]

    def ccsched(self, *arguments: object, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """The client, as a person types it into a pipe."""
        return subprocess.run(
            [BIN / "ccsched", *map(str, arguments)],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def job(self, directory: Path, name: str = "job", **working_directory: object) -> dict[str, Any]:
        """A new job."""
        job: dict[str, Any] = self.call(
            "jobs.create", name=name, working_directory={"path": str(directory), **working_directory}
        )
        return job

    def task(self, job: dict[str, Any], name: str, command: str, **more: object) -> dict[str, Any]:
        """A new task at the end of a job."""
        task: dict[str, Any] = self.call("tasks.create", job=job["id"], name=name, command=command, **more)
        return task

    def run(self, run: dict[str, Any]) -> dict[str, Any]:
        """A run as it is now."""
        fresh: dict[str, Any] = self.call("runs.get", run=run["id"])
        return fresh

    def claim(self, run: dict[str, Any]) -> Path:
        """The file that is there as soon as a run's agent is as good as started; gone when it has ended."""
        return self.home.run_folder(run["id"]) / "claim"

    def runs(self) -> list[dict[str, Any]]:
        """All runs, newest first."""
        runs: list[dict[str, Any]] = self.call("runs.list", limit=10_000)["runs"]
        return runs

    def ended(self, run: dict[str, Any]) -> dict[str, Any]:
        """A run, once it has ended."""
        until(lambda: self.run(run)["status"] in ENDED, f"run {run['id']} has ended")
        return self.run(run)

    def all_ended(self) -> list[dict[str, Any]]:
        """All runs, newest first, once each of them has ended."""
        until(lambda: all(run["status"] in ENDED for run in self.runs()), "all runs have ended")
        return self.runs()

    def processes(self) -> list[psutil.Process]:
        """Everything that lives by this home: daemons, supervisors, agents and what they left behind."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                environment = process.environ()
                mine = environment.get("CCSCHED_HOME") == str(self.home.path)
                if mine or self._is_of_a_run(process, environment):
                    found.append(process)
        return found

    def _is_of_a_run(self, process: psutil.Process, environment: Mapping[str, str]) -> bool:
        run_id = environment.get("CCSCHED_RUN_ID")
        if run_id and "/" not in run_id:
            return self.home.run_folder(run_id).exists() or self.home.log(run_id).exists()
        supervises = "ccsched-supervisor" in process.cmdline()
        claims = self.home.path.glob("live/**/claim")
        return supervises and any(str(process.pid) in claim.read_text() for claim in claims)

    def close(self) -> None:
        """End everything that a test left running."""
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
        for _ in range(3):
            processes = self.processes()
            for process in processes:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(processes, timeout=5)


@contextlib.contextmanager
def house(path: Path, **settings: object) -> Iterator[House]:
    """A house whose agent is the stand-in, unless its settings say otherwise; nothing of it is left at the end."""
    made = House(path / "home")
    made.settings(**{"agent_command": [sys.executable, "-I", str(STAND_IN)], "stop_grace": 1, **settings})
    try:
        yield made
    finally:
        made.close()


def repository(path: Path) -> Path:
    """A git repository with one commit on main."""
    environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    path.mkdir(parents=True)
    (path / "README.md").write_text("# app\n")
    for arguments in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["config", "user.name", "Test"],
        ["config", "user.email", "test@example.invalid"],
        ["add", "."],
        ["commit", "--quiet", "--message", "Begin"],
    ):
        subprocess.run(["git", "-C", path, *arguments], check=True, env=environment)
    return path


def git(path: Path, *arguments: str) -> str:
    """What git says of a repository."""
    environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", "-C", path, *arguments], check=True, env=environment, capture_output=True, text=True
    )
    return done.stdout.strip()
