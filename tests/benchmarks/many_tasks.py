"""What 10,000 scheduled tasks cost: until a due one's agent runs, 100 at once, the daemon at rest, and its start.

The floor of a start of an agent is that of ``start_latency``; the peer of the rest is the same daemon with an empty
home. All tasks have plans, most of them for days ahead; those that are measured come due by their own intervals.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from scheduler_daemon.engine.planner import Planner
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.task import ScheduleConfig, Task
from scheduler_daemon.schedule.zone_data import zone_data
from scheduler_daemon.store.store import Store
from tests.benchmarks.start_latency import floor
from tests.support.house import House, house, until

JOBS, TASKS = 500, 20
SAMPLES = 200
SPACING = (0.2, 0.6)
"""Seconds from one sample to the next, at random between these: they meet the daemon's own rhythm everywhere."""
AT_ONCE = 100
REST = 30.0
"""Seconds."""
LEAD = timedelta(seconds=8)
"""Between a record's last change and the first due time that is measured: the daemon must be up by then."""

MEDIAN_LIMIT_MS = 40.0
P99_LIMIT_MS = 150.0
AT_ONCE_LIMIT = 5.0
CPU_LIMIT_PERCENT = 0.2
RSS_LIMIT_MB = 120.0
START_LIMIT = 3.0

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", None)
EVERY = {"type": "interval", "interval_value": 7, "interval_type": "days"}

AGENT = """\
now=$EPOCHREALTIME
echo "$now $CCSCHED_RUN_ID" >>"$CCSCHED_MARKS"
echo '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"ok","session_id":"s"}'
"""


def schedule(number: int) -> dict[str, Any]:
    """Half of them intervals, half calendar entries of some night of the week after next, in several zones."""
    if number % 2:
        return EVERY
    day = (datetime.now(UTC) + timedelta(days=9 + number % 5)).day
    cron = f"{number % 60} {number // 60 % 24} {day} * *"
    return {"type": "calendar", "cron_expression": cron, "timezone": ZONES[number // 2 % len(ZONES)]}


def fill(home: House, base: Path) -> list[Task]:
    """Put the jobs, each with a directory of its own, and their tasks on record; the tasks that are measured."""
    chosen = []
    with record(home) as store, store.transaction():
        planner = Planner(store, lambda: datetime.now(UTC), zone_data)
        for place in range(JOBS):
            directory = base / f"work{place}"
            directory.mkdir()
            job = Job(name=f"job {place}", working_directory=JobWorkingDirectory(path=str(directory)))
            tasks = [
                Task(
                    job_id=job.id,
                    name=f"task {number}",
                    command=f"Look through the changes of the last week in part {number} and mend what fails.",
                    schedule=ScheduleConfig.model_validate(schedule(place * TASKS + number)),
                )
                for number in range(TASKS)
            ]
            store.jobs.put(job.model_copy(update={"task_order": [task.id for task in tasks]}))
            for task in tasks:
                store.tasks.put(task)
                planner.plan(task)
            chosen.append(tasks[1])
    return chosen


@contextmanager
def record(home: House) -> Iterator[Store]:
    """The record of a home without a daemon."""
    store = Store(home.home.state_db)
    try:
        yield store
    finally:
        store.close()


def come_due(home: House, tasks: Sequence[Task], instants: Sequence[datetime]) -> None:
    """Let the intervals of tasks have begun such that each comes due at its instant, by its own schedule."""
    with record(home) as store, store.transaction():
        for task, instant in zip(tasks, instants, strict=True):
            plan = store.schedules.get(task.id)
            assert plan
            begun = instant - timedelta(days=7)
            store.schedules.put(replace(plan, anchor=begun, next_due=instant, fires_at=instant))


def seconds_to_start(home: House) -> float:
    """From the start of ``ccschedd`` until it answers."""
    begun = time.monotonic()
    home.start()
    return time.monotonic() - begun


def started(home: House, marks: Path, tasks: Sequence[Task], instants: Sequence[datetime]) -> dict[str, float]:
    """Seconds from due to first instruction, by run."""
    come_due(home, tasks, instants)
    marks.unlink(missing_ok=True)
    home.start()
    assert datetime.now(UTC) < instants[0], "the daemon was not up before the first due time"
    until(lambda: marks.exists() and marks.read_text().count("\n") == len(tasks), "they have all begun", 300)
    ids = {str(task.id) for task in tasks}
    runs = {run["id"]: run for run in home.all_ended() if run["task_id"] in ids}
    home.end()
    lines = [line.split() for line in marks.read_text().splitlines()]
    return {run: float(begun) - seconds(runs[run]["scheduled_time"]) for begun, run in lines}


def seconds(instant: str) -> float:
    """Since 1970."""
    return datetime.fromisoformat(instant).timestamp()


def start(home: House, empty: float) -> bool:
    """The first start, which writes the files and computes all plans, and one as after a reboot, which is limited."""
    taken = 0.0
    for which in ("first", "next"):
        taken = seconds_to_start(home)
        home.end()
        tell(f"{which} start", seconds=round(taken, 2), empty_home=round(empty, 2), ratio=round(taken / empty, 2))
    return taken <= START_LIMIT


def at_rest(home: House, empty_rss: float) -> bool:
    """What it costs while nothing is due."""
    home.start()
    time.sleep(3)
    process = daemon(home)
    before = process.cpu_times()
    time.sleep(REST)
    spent = process.cpu_times()
    percent = (spent.user + spent.system - before.user - before.system) / REST * 100
    rss = megabytes(process)
    home.end()
    tell(
        "at rest",
        cpu_percent=round(percent, 3),
        rss_mb=round(rss, 1),
        empty_home_mb=round(empty_rss, 1),
        ratio=round(rss / empty_rss, 2),
    )
    return percent <= CPU_LIMIT_PERCENT and rss <= RSS_LIMIT_MB


def one_by_one(home: House, marks: Path, tasks: Sequence[Task], script: Path) -> bool:
    """Tasks that come due one after another; the floor is taken before and after."""
    before = floor(script, marks)
    chance, instants = random.Random(1), [datetime.now(UTC) + LEAD]
    while len(instants) < len(tasks):
        instants.append(instants[-1] + timedelta(seconds=chance.uniform(*SPACING)))
    taken = sorted(started(home, marks, tasks, instants).values())
    least = statistics.mean((before, floor(script, marks)))
    median, p99 = statistics.median(taken) * 1000, taken[int(len(taken) * 0.99) - 1] * 1000
    tell(
        "due to first instruction",
        samples=len(taken),
        median_ms=round(median, 1),
        p99_ms=round(p99, 1),
        max_ms=round(taken[-1] * 1000, 1),
        floor_ms=round(least, 1),
        median_to_floor=round(median / least, 2),
    )
    return median <= MEDIAN_LIMIT_MS and p99 <= P99_LIMIT_MS


def at_once(home: House, marks: Path, tasks: Sequence[Task], script: Path) -> bool:
    """Tasks that come due in the same instant, each in a directory of its own."""
    taken = started(home, marks, tasks, [datetime.now(UTC) + LEAD] * len(tasks))
    last = max(taken.values())
    in_turn = turns_kept(home, set(taken))
    alone = floor(script, marks) / 1000 * len(tasks) / (psutil.cpu_count() or 1)
    tell(
        f"{len(tasks)} at once",
        last_started_after=round(last, 2),
        in_turn=in_turn,
        floor_of_as_many=round(alone, 2),
        ratio=round(last / alone, 2),
    )
    return last <= AT_ONCE_LIMIT and in_turn


def turns_kept(home: House, wanted: set[str]) -> bool:
    """Whether the supervisors were started in the order of due times, and of age: that is the order of their pids."""
    with record(home) as store:
        runs = [run for run in store.runs.newest(10_000) if str(run.id) in wanted]
    runs.reverse()
    said = [json.loads(line) for line in home.log.read_text().splitlines() if line.startswith("{")]
    pids: dict[str, int] = {line["run"]: line["pid"] for line in said if line.get("event") == "started"}
    in_turn = [pids[str(run.id)] for run in sorted(runs, key=lambda run: run.scheduled_time)]
    # Once they may begin anew, at the highest there can be.
    return sum(one > other for one, other in pairwise(in_turn)) <= 1


def daemon(home: House) -> psutil.Process:
    """The process of a home's daemon."""
    assert home.daemon
    return psutil.Process(home.daemon.pid)


def megabytes(process: psutil.Process) -> float:
    """What a process holds in memory."""
    return float(process.memory_info().rss) / 2**20


def tell(what: str, **figures: object) -> None:
    """One line of the result."""
    print(json.dumps({"benchmark": f"{JOBS * TASKS} tasks: {what}", **figures}), flush=True)  # noqa: T201


def main() -> bool:
    """Measure and tell; True if the limits are kept."""
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        script, marks = base / "agent.sh", base / "marks"
        script.write_text(AGENT)
        (base / "empty").mkdir()
        with house(base / "empty") as empty:
            seconds_to_start(empty)
            empty.end()
            bare = seconds_to_start(empty)
            time.sleep(3)
            bare_rss = megabytes(daemon(empty))
            empty.end()
        with house(
            base, agent_command=["bash", str(script)], max_concurrent_runs=AT_ONCE, run_retention_count=10_000
        ) as home:
            home.environment["CCSCHED_MARKS"] = str(marks)
            tasks = fill(home, base)
            kept = [
                start(home, bare),
                at_rest(home, bare_rss),
                one_by_one(home, marks, tasks[:SAMPLES], script),
                at_once(home, marks, tasks[SAMPLES : SAMPLES + AT_ONCE], script),
            ]
    return all(kept)


if __name__ == "__main__":
    sys.exit(not main())
