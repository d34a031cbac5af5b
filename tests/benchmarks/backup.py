"""A backup and a restore of 10,000 runs: how long each takes, and how long anybody else waits for the daemon.

The floor of the backup is SQLite's own ``VACUUM INTO`` with a gzip of what it gives; that of the waiting is the same
question asked in the same way while nothing is backed up.
"""

import gzip
import json
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.benchmarks.many_runs import fill
from tests.support.house import House, house, until

RUNS = 10_000
GAP_LIMIT_MS = 50.0
BACKUP_LIMIT_RATIO = 3.0
PAUSE = 0.001
"""Seconds between an answer and the next question."""


def longest_wait(home: House, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that some work takes, and the longest that a question to the daemon waits meanwhile."""
    waits: list[float] = []
    done = threading.Event()

    def ask() -> None:
        with home.connect() as connection, connection.makefile("rwb") as file:
            while not done.is_set():
                asked = time.perf_counter()
                file.write(b'{"jsonrpc": "2.0", "id": 1, "method": "daemon.health", "params": {}}\n')
                file.flush()
                file.readline()
                waits.append(time.perf_counter() - asked)
                time.sleep(PAUSE)

    asking = threading.Thread(target=ask)
    asking.start()
    begun = time.perf_counter()
    work()
    taken = time.perf_counter() - begun
    done.set()
    asking.join()
    return taken, max(waits)


def floor(record: Path, folder: Path) -> float:
    """Seconds for the copy and the compression alone."""
    begun = time.perf_counter()
    with closing(sqlite3.connect(record)) as connection:
        connection.execute("VACUUM INTO ?", (str(folder / "floor.db"),))
    with (folder / "floor.db").open("rb") as copy, gzip.open(folder / "floor.gz", "wb", 6) as packed:
        shutil.copyfileobj(copy, packed)
    return time.perf_counter() - begun


def main() -> bool:
    """Measure and tell; True if the limits are kept."""
    with tempfile.TemporaryDirectory() as scratch, house(Path(scratch), run_retention_count=1_000_000) as home:
        fill(home, Path(scratch), RUNS)
        home.start()
        file = Path(scratch) / "backup"
        bare = floor(home.home.state_db, Path(scratch))
        _, idle = longest_wait(home, lambda: time.sleep(2))
        taken, gap = longest_wait(home, lambda: home.call("daemon.backup", file=str(file)))
        looked, looking_gap = longest_wait(home, lambda: home.call("daemon.restore", file=str(file), dry_run=True))
        begun = time.perf_counter()
        before = home.call("daemon.health")["started_at"]
        home.call("daemon.restore", file=str(file))
        until(lambda: home.health() and home.call("daemon.health")["started_at"] != before, "it answers again")
        restored = time.perf_counter() - begun
        figures = {
            "benchmark": f"backup of {RUNS} runs",
            "record_mb": round(home.home.state_db.stat().st_size / 2**20, 1),
            "backup_mb": round(file.stat().st_size / 2**20, 1),
            "backup_s": round(taken, 2),
            "floor_s": round(bare, 2),
            "ratio": round(taken / bare, 2),
            "longest_wait_ms": round(gap * 1000, 1),
            "longest_wait_idle_ms": round(idle * 1000, 1),
            "look_through_s": round(looked, 2),
            "longest_wait_look_through_ms": round(looking_gap * 1000, 1),
            "restore_until_it_answers_s": round(restored, 2),
        }
        home.end()
    print(json.dumps(figures))  # noqa: T201
    return taken / bare <= BACKUP_LIMIT_RATIO and gap * 1000 <= GAP_LIMIT_MS


if __name__ == "__main__":
    sys.exit(not main())
