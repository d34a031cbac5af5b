"""What the daemon tells a service manager that listens, by the protocol of sd_notify(3)."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler_daemon.service_manager import ServiceManager
from tests.support.house import PATIENCE, House


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(PATIENCE)
        yield listening


def heard(manager: socket.socket, wanted: str) -> list[str]:
    """All that is told up to a message that begins so."""
    messages: list[str] = []
    while not messages or not messages[-1].startswith(wanted):
        messages.append(manager.recv(4096).decode())
    return messages


def test_a_manager_is_told_that_the_daemon_answers_lives_and_ends(tmp_path: Path, manager: socket.socket) -> None:
    """READY when the socket answers, then what it does and signs of life, STOPPING at the end."""
    notify = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "900000"}
    house = House(tmp_path / "home", notify)
    house.daemon = house.spawn()
    try:
        assert heard(manager, "READY=1") == ["READY=1"]
        assert house.health()
        assert heard(manager, "STATUS=")[-1] == "STATUS=0 running, nothing scheduled"
        began = time.monotonic()
        for _ in range(5):
            heard(manager, "WATCHDOG=1")
        assert time.monotonic() - began < 5 * 0.9, "a manager that waits 0.9 s at a time would have ended it"
        every_hour = {"type": "interval", "interval_type": "hours", "interval_value": 1}
        house.task(house.job(tmp_path, "night"), "sweep", "x", schedule=every_hour)
        assert heard(manager, "STATUS=")[-1].startswith("STATUS=0 running, next 20")
    finally:
        assert house.end() == 0
    assert heard(manager, "STOPPING=1")[-1] == "STOPPING=1"


def test_what_is_running_is_in_the_status_line(tmp_path: Path, manager: socket.socket) -> None:
    """A name cannot add a line of its own to what is told."""
    told = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    told.status("1 running, next 02:00 a\nWATCHDOG=trigger")
    told.status("1 running, next 02:00 a\nWATCHDOG=trigger")
    told.status("0 running")
    assert manager.recv(4096).decode() == "STATUS=1 running, next 02:00 a?WATCHDOG=trigger"
    assert manager.recv(4096).decode() == "STATUS=0 running"


@pytest.mark.parametrize(
    ("environment", "pings"),
    [
        pytest.param({"WATCHDOG_USEC": "9000000"}, 3, id="a third of its patience"),
        pytest.param({"WATCHDOG_USEC": "9000000", "WATCHDOG_PID": "1"}, 0, id="another process is watched"),
        pytest.param({"WATCHDOG_USEC": "soon"}, 0, id="nonsense"),
        pytest.param({}, 0, id="nobody watches"),
    ],
)
def test_signs_of_life_come_as_often_as_is_asked_for(
    tmp_path: Path, manager: socket.socket, environment: dict[str, str], pings: int
) -> None:
    """Three times within what the manager waits, however often there is an occasion."""
    clock = iter(range(9))
    told = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify"), **environment}, lambda: next(clock))
    for _ in range(9):
        told.alive()
    told.stopping()
    assert heard(manager, "STOPPING=1") == ["WATCHDOG=1"] * pings + ["STOPPING=1"]


def test_that_it_is_ready_reaches_a_manager_that_is_behind(tmp_path: Path, manager: socket.socket) -> None:
    """Of other messages some are lost then; without this one the daemon would be taken for one that cannot start."""
    told = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    for number in range(1000):
        told.status(f"{number} running")
    ready = threading.Thread(target=told.ready)
    ready.start()
    assert heard(manager, "READY=1")[0] == "STATUS=0 running"
    ready.join()


def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    """What cannot be told is not told."""
    told = ServiceManager(
        {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "3", "WATCHDOG_PID": str(os.getpid())}
    )
    told.ready()
    told.status("0 running")
