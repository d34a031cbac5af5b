"""How fast an agent's output comes into its log, measured against ``cat`` between the same pipe and a file.

The agent writes as fast as it is read, and takes the time itself: what it has to wait is what a slow log costs a run.
"""

import itertools
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from scheduler_daemon.run.supervisor.output import PIPE_SIZE
from tests.integration.supervisor.supervised import Supervised
from tests.support.house import until

SIZE = 200_000_000
"""Bytes."""
LOG_LIMIT = 10_000_000
"""Bytes, where there is a limit: the rest is only looked through for what decides how the run ended."""
ROUNDS = 5
"""The best counts: what else the machine does makes both slower."""
RATIO_LIMIT = 0.5
RSS_LIMIT_MB = 30.0
SECRETS = ["sk-ant-oat01-" + 5 * "Zq3vX9bT7LmK2pRw-_a", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"]
"""As long as a token of the agent and one of a forge. Neither comes in what it says, but it is searched for."""

AGENT = """\
import os, sys, time
stream, length, size = map(int, sys.argv[1:])
words = b"what an agent says, " * (length // 20 + 1)
line = b'{"type":"assistant","text":"' + words[: length - 31] + b'"}\\n'
block = memoryview(line * (1_000_000 // length))
begun = time.perf_counter()
for _ in range(size // len(block)):
    rest = block
    while rest:
        rest = rest[os.write(stream, rest) :]
taken = time.perf_counter() - begun
with open("taken.new", "w") as report:
    report.write(str(taken))
os.rename("taken.new", "taken")
os.read(os.pipe()[0], 1)
"""
"""Stays until it is ended, so that the memory of who reads it can be looked at."""


@dataclass(frozen=True)
class Case:
    """What the agent writes, and what is to be masked in it."""

    stream: int
    line: int
    """Bytes, its end among them."""
    secrets: list[str]
    limit: int | None = None
    """Bytes that the log may reach."""

    def agent(self) -> list[str]:
        """The command that writes it."""
        return [sys.executable, "-I", "-S", "-c", AGENT, str(self.stream), str(self.line), str(SIZE)]


CASES = [
    *(Case(stream, line, []) for stream, line in itertools.product((1, 2), (100, 1_000_000))),
    *(Case(stream, 100, SECRETS) for stream in (1, 2)),
    *(Case(1, line, [], LOG_LIMIT) for line in (100, 1_000_000)),
]


def through_cat(case: Case, place: Path) -> float:
    """Seconds that the agent takes when ``cat`` reads it."""
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log, pipesize=PIPE_SIZE) as cat,
        subprocess.Popen(
            case.agent(),
            cwd=place,
            stdout=cat.stdin if case.stream == 1 else None,
            stderr=cat.stdin if case.stream == 2 else None,
        ) as agent,
    ):
        assert cat.stdin
        cat.stdin.close()
        try:
            return _taken(place)
        finally:
            agent.terminate()


def through_supervisor(case: Case, place: Path) -> tuple[float, float]:
    """Seconds that the agent takes under a supervisor, and the most memory in MB that this one had."""
    run = Supervised(place, argv=case.agent(), secrets=case.secrets, log_limit=case.limit)
    run.send()
    try:
        return _taken(place), _peak(run.supervisor.pid) / 2**20
    finally:
        run.stop()
        run.end()


def _taken(place: Path) -> float:
    until((place / "taken").exists, "the agent has written everything")
    return float((place / "taken").read_text())


def _peak(pid: int) -> int:
    if sys.platform == "linux":
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    return psutil.Process(pid).memory_info().rss


def main() -> bool:
    """Measure and tell; True if the limits are kept."""
    kept = True
    for case in CASES:
        floor, ours, peaks = [], [], []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as place:
                floor.append(through_cat(case, Path(place)))
            with tempfile.TemporaryDirectory() as place:
                taken, peak = through_supervisor(case, Path(place))
            ours.append(taken)
            peaks.append(peak)
        ratio = min(floor) / min(ours)
        kept = kept and ratio >= RATIO_LIMIT and max(peaks) <= RSS_LIMIT_MB
        figures = {
            "benchmark": f"log throughput, {'stdout' if case.stream == 1 else 'stderr'}, lines of {case.line} bytes",
            "secrets": len(case.secrets),
            "log_limit": case.limit,
            "mb_per_second": round(SIZE / 1e6 / min(ours)),
            "cat_mb_per_second": round(SIZE / 1e6 / min(floor)),
            "ratio_to_cat": round(ratio, 2),
            "rss_mb": round(max(peaks), 1),
        }
        print(json.dumps(figures))  # noqa: T201
    return kept


if __name__ == "__main__":
    sys.exit(not main())
