"""What the daemon's memory grows by while it follows an agent that writes 200 MB, beside what it had before."""

import json
import sys
import tempfile
from pathlib import Path

import psutil

from tests.support.house import house

SIZE = 200_000_000
"""Bytes."""
GROWTH_LIMIT_MB = 20.0
LINES = (1_000_000, 100)
"""Bytes of a line."""

AGENT = """\
import json, os, sys
length, size = int(sys.stdin.read().split()[-1]), int(sys.argv[1])
words = b"what an agent says, " * (length // 20 + 1)
line = b'{"type":"assistant","text":"' + words[: length - 31] + b'"}\\n'
block = line * max(1, 1_000_000 // length)
for _ in range(size // len(block)):
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(1, rest) :]
result = {"type": "result", "subtype": "success", "is_error": False, "num_turns": 1, "result": "ok"}
os.write(1, json.dumps(result).encode() + b"\\n")
"""


def main() -> bool:
    """Measure and tell; True if the limit is kept."""
    kept = True
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        script = base / "agent.py"
        script.write_text(AGENT)
        with house(base, agent_command=[sys.executable, str(script), str(SIZE)]) as home:
            home.start()
            assert home.daemon
            job = home.job(base)
            process = psutil.Process(home.daemon.pid)
            for length in LINES:
                before = process.memory_info().rss
                highest = before
                task = home.task(job, f"lines of {length}", f"write lines of {length}")
                run = home.call("tasks.run", task=task["id"])
                while home.run(run)["status"] in ("upcoming", "running"):
                    highest = max(highest, process.memory_info().rss)
                assert home.run(run)["status"] == "success"
                growth = (highest - before) / 2**20
                kept = kept and growth <= GROWTH_LIMIT_MB
                figures = {
                    "benchmark": f"200 MB in lines of {length} bytes",
                    "daemon_before_mb": round(before / 2**20, 1),
                    "grows_by_mb": round(growth, 1),
                    "ratio": round(highest / before, 2),
                }
                print(json.dumps(figures))  # noqa: T201
            home.end()
    return kept


if __name__ == "__main__":
    sys.exit(not main())
