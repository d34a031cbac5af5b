"""Reaching the daemon: what is said when it cannot be, and exit code 3."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler_daemon.cli import client
from scheduler_daemon.cli.client import Client, Unreachable
from scheduler_daemon.home import Home
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import FakeDaemon

Ccsched = Callable[..., Completed]


def test_no_socket(ccsched: Ccsched, home: Path) -> None:
    """Where no daemon ever ran, the socket is named and how to start one for this home."""
    done = ccsched("jobs", "list")
    assert done.returncode == 3
    assert f"there is no socket {home}/daemon.sock" in done.stderr
    assert f"Start it with: ccsched --home {home} daemon start\n" in done.stderr
    assert done.stdout == ""


def test_the_default_home_is_not_named(ccsched: Ccsched, home: Path) -> None:
    """The command to start the daemon is as short as it can be."""
    assert "Start it with: ccsched daemon start\n" in ccsched("health", CCSCHED_HOME="").stderr


def test_a_stale_socket(ccsched: Ccsched, home: Path) -> None:
    """A daemon that was killed leaves a socket nobody listens on."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(home / "daemon.sock"))
    done = ccsched("jobs", "list")
    assert done.returncode == 3
    assert "nothing listens on the socket" in done.stderr
    assert "daemon start" in done.stderr


def test_a_socket_that_may_not_be_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's daemon is told from no daemon."""

    class Forbidden(socket.socket):
        def connect(self, address: object) -> None:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "socket", Forbidden)
    with pytest.raises(Unreachable, match="permission denied"):
        Client(Home(home))


def test_a_path_too_long(ccsched: Ccsched, home: Path) -> None:
    """Where no socket can be, the reason and the remedy are told."""
    long = home / ("x" * 200)
    done = ccsched("jobs", "list", "--home", str(long), XDG_RUNTIME_DIR=str(long))
    assert done.returncode == 3
    assert "choose a shorter --home" in done.stderr


def test_a_socket_in_another_users_folder_is_not_trusted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fallback's folder may stand where everybody can make one: its owner is looked at first."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    (home / "ccsched").mkdir()
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    with pytest.raises(Unreachable, match="belongs to another user"):
        Client(Home(home / ("x" * 200)))


def test_a_daemon_that_does_not_accept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue is waited for, but not for ever."""
    monkeypatch.setattr(client, "CONNECT_LIMIT", 1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "daemon.sock"))
        listener.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(home / "daemon.sock"))
            with pytest.raises(Unreachable, match=r"did not accept a connection|nothing listens"):
                Client(Home(home))


def test_a_daemon_that_does_not_answer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence ends, and the message says what it was."""
    monkeypatch.setattr(client, "ANSWER_LIMIT", 0.2)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "daemon.sock"))
        listener.listen()
        with Client(Home(home)) as daemon, pytest.raises(Unreachable, match="has not answered"):
            daemon.call("daemon.health")


def test_a_patient_call_outlasts_the_limit(home: Path, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers only at the end of something has no limit."""
    monkeypatch.setattr(client, "ANSWER_LIMIT", 0.05)
    held = threading.Event()
    daemon.answers["runs.stop"] = lambda _params: held.wait(0.3)
    with Client(Home(home)) as connection:
        assert connection.call("runs.stop", patient=True, run="1234") is False


def test_a_daemon_that_hangs_up(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Half an answer is no answer."""
    daemon.raw = b'{"jsonrpc": "2.0", "id": 1, "resu'
    done = ccsched("jobs", "list")
    assert done.returncode == 3
    assert "closed the connection before it had answered" in done.stderr


@pytest.mark.parametrize(
    "nonsense", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\n", b"[1]\n", b"[" * 100_000 + b"\n"]
)
def test_another_program_behind_the_socket(ccsched: Ccsched, daemon: FakeDaemon, nonsense: bytes) -> None:
    """What is not the daemon is said to be so."""
    daemon.raw = nonsense
    done = ccsched("jobs", "list")
    assert done.returncode == 3
    assert "it may be another program" in done.stderr


def test_a_request_larger_than_any_buffer(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """A prompt of 5 MB arrives whole, from standard input."""
    prompt = "größer 🎉\n" * 400_000
    daemon.answers["tasks.create"] = lambda params: {"length": len(params["command"])}
    done = ccsched("tasks", "create", "--name", "n", "--job", "j", "--prompt-file", "-", stdin=prompt)
    assert done.stdout == f'{{\n  "length": {len(prompt)}\n}}\n'
