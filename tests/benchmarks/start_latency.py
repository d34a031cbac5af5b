"""From a due time to the agent's first instruction, with an idle daemon.

The agent is a bash script whose first instruction reads the clock. The floor is what the system itself takes: a
bare `python -I -S` that executes the same script, which is the least any supervisor written in Python can cost.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests.support.house import House, house, repository, until

SAMPLES = 100
MEDIAN_LIMIT_MS = 40.0
P99_LIMIT_MS = 100.0

AGENT = """\
now=$EPOCHREALTIME
echo "$now" >>"$CCSCHED_MARKS"
echo '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"ok","session_id":"s"}'
"""


def floor(script: Path, marks: Path) -> float:
    """Milliseconds from spawning to the script's first instruction, without a daemon: the median."""
    taken = []
    for _ in range(30):
        marks.unlink(missing_ok=True)
        begun = time.time()
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import os; os.execvp('bash', ['bash', {str(script)!r}])"],
            env={"CCSCHED_MARKS": str(marks), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        taken.append((float(marks.read_text()) - begun) * 1000)
    return statistics.median(taken)


def latencies(home: House, directory: Path, marks: Path) -> list[float]:
    """Milliseconds from each due time to the first instruction of its run."""
    home.start()
    task = home.task(
        home.job(directory), "tick", "x", schedule={"type": "calendar", "cron_expression": "* * * * * *"}
    )
    until(lambda: marks.exists() and len(marks.read_text().split()) >= SAMPLES, "enough runs", SAMPLES * 3)
    home.call("tasks.disable", task=task["id"])
    # A run begins within its own second, or it was late by more than that: seen in the record, not guessed.
    runs = sorted(home.all_ended(), key=lambda run: str(run["start_time"]))
    starts = [float(mark) for mark in marks.read_text().split()]
    home.end()
    return [(start - _seconds(run["scheduled_time"])) * 1000 for start, run in zip(starts, runs, strict=True)]


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def main() -> bool:
    """Measure and tell; True if the limits are kept."""
    kept = True
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        script = base / "agent.sh"
        script.write_text(AGENT)
        least = floor(script, base / "floor")
        print(json.dumps({"benchmark": "floor", "median_ms": round(least, 1)}))  # noqa: T201
        for kind in ("plain", "git"):
            place = base / kind
            place.mkdir()
            directory = repository(place / "repo") if kind == "git" else place
            marks = place / "marks"
            with house(place, agent_command=["bash", str(script)], run_retention_count=10_000) as home:
                home.environment["CCSCHED_MARKS"] = str(marks)
                taken = sorted(latencies(home, directory, marks))
            median, p99 = statistics.median(taken), taken[int(len(taken) * 0.99) - 1]
            kept = kept and median <= MEDIAN_LIMIT_MS and p99 <= P99_LIMIT_MS
            figures = {
                "benchmark": f"due to first instruction, {kind} directory",
                "samples": len(taken),
                "median_ms": round(median, 1),
                "p99_ms": round(p99, 1),
                "max_ms": round(taken[-1], 1),
                "median_to_floor": round(median / least, 2),
            }
            print(json.dumps(figures))  # noqa: T201
    return kept


if __name__ == "__main__":
    sys.exit(not main())
