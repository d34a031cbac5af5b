"""What many jobs cost: an import of 500 of them with 4 tasks each, and ``ccsched jobs list`` of them all.

The floor of the import is SQLite alone: the same documents written in one transaction. That of the list is
``python -c "import click"``. Exits 1 if the import takes 2 s, or the list 150 ms or more.
"""

import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.benchmarks.client_start import BARE, milliseconds
from tests.support.house import BIN, House, house

JOBS, TASKS = 500, 4
ROUNDS = 15
IMPORT_LIMIT = 2.0
LIST_LIMIT = 150.0


def an_export(daemon: House, directory: Path) -> dict[str, Any]:
    """Of so many jobs, the first task of each due by the calendar, the others after it."""
    job = daemon.job(directory)
    for number in range(TASKS):
        calendar = {"type": "calendar", "cron_expression": f"{number} 2 * * 1-5", "timezone": "Europe/Berlin"}
        daemon.task(job, f"t{number}", "say hello", schedule=calendar if number == 0 else {"type": "sequential"})
    document: dict[str, Any] = daemon.call("jobs.export")
    daemon.call("jobs.delete", job=job["id"])
    jobs, tasks = [], []
    for number in range(JOBS):
        ids = [str(uuid4()) for _ in range(TASKS + 1)]
        jobs.append({**document["jobs"][0], "id": ids[0], "name": f"job {number}", "task_order": ids[1:]})
        tasks += [{**task, "id": own, "job_id": ids[0]} for task, own in zip(document["tasks"], ids[1:], strict=True)]
    return {**document, "jobs": jobs, "tasks": tasks}


def sqlite_alone(path: Path, export: dict[str, Any]) -> float:
    """Seconds for reading the text and writing its rows, synced to the disk."""
    text = json.dumps(export)
    start = time.perf_counter()
    found = json.loads(text)
    with sqlite3.connect(path) as record:
        record.execute("PRAGMA journal_mode = WAL")
        record.execute("PRAGMA synchronous = FULL")
        record.execute("CREATE TABLE rows (id TEXT UNIQUE, doc TEXT)")
        rows = [(row["id"], json.dumps(row)) for row in (*found["jobs"], *found["tasks"])]
        record.executemany("INSERT INTO rows VALUES (?, ?)", rows)
    return time.perf_counter() - start


def main() -> bool:
    """Measure, print two lines; True if the limits are kept."""
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as daemon:
        daemon.start()
        work = Path(folder) / "work"
        work.mkdir()
        export = an_export(daemon, work)
        floor = sqlite_alone(Path(folder) / "floor.db", export)
        content = json.dumps(export, indent=2)
        start = time.perf_counter()
        daemon.call("jobs.import", content=content)
        taken = time.perf_counter() - start
        environment = {**os.environ, **daemon.environment}
        client = [str(BIN / "ccsched"), "jobs", "list"]
        for command in (BARE, client):
            milliseconds(command, environment)
        times = [(milliseconds(BARE, environment), milliseconds(client, environment)) for _ in range(ROUNDS)]
    bare, listed = (statistics.median(each) for each in zip(*times, strict=True))
    print(  # noqa: T201 - its output is the result
        f"import of {JOBS} jobs x {TASKS} tasks {taken:.2f} s, SQLite alone {floor:.2f} s, "
        f"ratio {taken / floor:.1f} (limit {IMPORT_LIMIT:.0f} s)\n"
        f"ccsched jobs list of {JOBS} {listed:.0f} ms, import click {bare:.0f} ms, ratio {listed / bare:.2f} "
        f"(limit {LIST_LIMIT:.0f} ms)"
    )
    return taken < IMPORT_LIMIT and listed < LIST_LIMIT


if __name__ == "__main__":
    sys.exit(not main())
