"""How long a run's processes outlive the grace period, measured against what the system takes to kill them.

The tree is of fifty processes in ten sessions, and half of them ignore SIGTERM. The floor is a loop over their known
pids that kills them, and nothing else: what is on top is how the supervisor comes to know who is left.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.integration.supervisor.supervised import Supervised
from tests.support.house import until

SESSIONS = 10
IN_EACH = 5
ROUNDS = 10
GRACE = 0.5
"""Seconds."""
LIMIT_MS = 1000.0

TREE = f"""\
import os, signal, time
for session in range({SESSIONS}):
    if os.fork() == 0:
        os.setsid()
        number = next((number for number in range(1, {IN_EACH}) if os.fork() == 0), 0)
        stubborn = (session + number) % 2
        if stubborn: signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(f"pids-{{stubborn}}", "a") as pids: print(os.getpid(), file=pids)
        while True: time.sleep(1000)
while True: time.sleep(1000)
"""
"""Each process writes down its pid, in one of two files, when it is ready."""
COMMAND = [sys.executable, "-I", "-S", "-c", TREE]


def _pids(place: Path) -> tuple[list[int], list[int]]:
    """Those that end upon SIGTERM and those that ignore it, once all are ready."""

    def listed() -> tuple[list[int], ...]:
        files = [place / "pids-0", place / "pids-1"]
        return tuple([int(pid) for pid in file.read_text().split()] if file.exists() else [] for file in files)

    until(lambda: sum(map(len, listed())) == SESSIONS * IN_EACH, "all processes are ready")
    yielding, stubborn = listed()
    return yielding, stubborn


@contextmanager
def _ends(pids: list[int]) -> Iterator["select.poll | None"]:
    """Tells of the ends of processes, where the system can."""
    if sys.platform != "linux":
        yield None
        return
    fds = [os.pidfd_open(pid) for pid in pids]
    ends = select.poll()
    for fd in fds:
        ends.register(fd, select.POLLIN)
    try:
        yield ends
    finally:
        for fd in fds:
            os.close(fd)


def _wait_gone(pids: list[int], ends: "select.poll | None") -> float:
    """When none of them runs any more."""
    left = len(pids)
    while left:
        if ends is None:
            left = sum(psutil.pid_exists(pid) for pid in pids)
        else:
            for fd, _ in ends.poll():
                ends.unregister(fd)
                left -= 1
    return time.monotonic()


def floor(place: Path) -> float:
    """Milliseconds from the first kill until none of the stubborn ones runs."""
    with subprocess.Popen(COMMAND, cwd=place, start_new_session=True) as tree:
        yielding, stubborn = _pids(place)
        for pid in yielding:
            os.kill(pid, signal.SIGTERM)
        with _ends(stubborn) as ends:
            begun = time.monotonic()
            for pid in stubborn:
                os.kill(pid, signal.SIGKILL)
            tree.kill()
            return (_wait_gone(stubborn, ends) - begun) * 1000


def ours(place: Path) -> float:
    """Milliseconds from the end of the grace until none of the stubborn ones runs."""
    run = Supervised(place, argv=COMMAND, grace=GRACE)
    run.send()
    _, stubborn = _pids(place)
    with _ends(stubborn) as ends:
        over = time.monotonic() + GRACE
        run.stop()
        gone = _wait_gone(stubborn, ends)
    run.end()
    assert run.alive() == []
    return (gone - over) * 1000


def main() -> bool:
    """Measure and tell; True if the limit is kept."""
    floors, taken = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as place:
            floors.append(floor(Path(place)))
        with tempfile.TemporaryDirectory() as place:
            taken.append(ours(Path(place)))
    figures = {
        "benchmark": f"kill a tree of {SESSIONS * IN_EACH} in {SESSIONS} sessions, after the grace",
        "best_ms": round(min(taken), 1),
        "worst_ms": round(max(taken), 1),
        "floor_ms": round(min(floors), 1),
        "ratio_to_floor": round(min(taken) / min(floors), 1),
    }
    print(json.dumps(figures))  # noqa: T201
    return max(taken) <= LIMIT_MS


if __name__ == "__main__":
    sys.exit(not main())
