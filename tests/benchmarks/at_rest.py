"""What an idle daemon costs: memory, and how often it wakes up.

The floor is an interpreter that has imported what any such daemon needs, and sleeps.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.support.house import house

RSS_LIMIT_MB = 60.0
WAKE_UPS_LIMIT = 1.0
SECONDS = 30.0
FLOOR = "import asyncio, sqlite3, pydantic, structlog, croniter, sys; print('ready', flush=True); sys.stdin.read()"


def main() -> bool:
    """Measure and tell; True if the limits are kept."""
    with subprocess.Popen([sys.executable, "-c", FLOOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
        assert bare.stdout
        bare.stdout.readline()
        floor = psutil.Process(bare.pid).memory_info().rss / 2**20
        bare.communicate()
    with tempfile.TemporaryDirectory() as scratch, house(Path(scratch)) as home:
        home.start()
        home.task(
            home.job(Path(scratch)), "nightly", "x", schedule={"type": "calendar", "cron_expression": "0 2 * * *"}
        )
        assert home.daemon
        process = psutil.Process(home.daemon.pid)
        time.sleep(2)
        before, cpu = _wake_ups(process), process.cpu_times()
        time.sleep(SECONDS)
        wake_ups = (_wake_ups(process) - before) / SECONDS
        spent = process.cpu_times()
        rss = process.memory_info().rss / 2**20
        home.end()
    share = (spent.user + spent.system - cpu.user - cpu.system) / SECONDS
    figures = {
        "benchmark": "daemon at rest",
        "rss_mb": round(rss, 1),
        "rss_to_floor": round(rss / floor, 2),
        "wake_ups_per_second": round(wake_ups, 2),
        "cpu_percent": round(share * 100, 3),
    }
    print(json.dumps(figures))  # noqa: T201
    return rss <= RSS_LIMIT_MB and wake_ups <= WAKE_UPS_LIMIT


def _wake_ups(process: psutil.Process) -> int:
    """Voluntary context switches of all threads: each is one return from a wait."""
    total = 0
    for thread in process.threads():
        with contextlib.suppress(psutil.Error):
            total += psutil.Process(thread.id).num_ctx_switches().voluntary
    return total


if __name__ == "__main__":
    sys.exit(not main())
