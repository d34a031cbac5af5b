"""What 100,000 runs on record cost: a run's start and its end, ``ccsched runs list``, memory, and retention's steps.

The peer is a daemon with 100 runs on record and the same jobs and tasks; both are up, and are measured in turn.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import psutil

from scheduler_daemon.engine.events import Events
from scheduler_daemon.engine.retention import Retention
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.store import Store
from tests.benchmarks.client_start import milliseconds
from tests.support.house import BIN, House, house

FEW, MANY = 100, 100_000
TASKS = 100
SAMPLES = 40
PAUSE = 0.37
"""Seconds between two runs: no part of a second, so that they meet the daemon's own rhythm everywhere."""
LISTS = 15
STEPS = 200

RATIO_LIMIT = 1.3
LIST_LIMIT_MS = 150.0
RSS_LIMIT_MB = 30.0
STEP_LIMIT_MS = 20.0

AGENT = """\
begun=$EPOCHREALTIME
echo '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"ok","session_id":"s"}'
echo "$begun $EPOCHREALTIME" >"$CCSCHED_MARKS/$CCSCHED_RUN_ID"
"""
RESULT = "All of it is done; the changes are in src/parts and the tests for them pass. " * 8
STREAM = '{"type":"assistant","message":{"content":[{"type":"text","text":"I look at the next part now."}]}}\n' * 41


class Taken(NamedTuple):
    """Milliseconds of one run."""

    start: float
    """From the request to the agent's first instruction."""
    end: float
    """From the agent's last instruction to the news that its end is on record."""


def fill(home: House, base: Path, runs: int) -> Task:
    """Put runs on record, half of them of one task; returns that one."""
    store = Store(home.home.state_db)
    with store.transaction():
        tasks = [a_task(store, base, number) for number in range(TASKS)]
        first = datetime.now(UTC) - timedelta(days=20)
        for number in range(runs):
            task = tasks[0] if number % 2 else tasks[number // 2 % TASKS]
            store.runs.put(a_run(home, task, first + number * timedelta(days=19) / runs))
    store.close()
    return tasks[0]


def a_task(store: Store, base: Path, number: int) -> Task:
    """A task on record, in a job and a directory of its own."""
    directory = base / f"work{number}"
    directory.mkdir()
    job = Job(name=f"job {number}", working_directory=JobWorkingDirectory(path=str(directory)))
    task = Task(job_id=job.id, name=f"task {number}", command="Look through the changes of the last week.")
    store.jobs.put(job.model_copy(update={"task_order": [task.id]}))
    store.tasks.put(task)
    return task


def a_run(home: House, task: Task, begun: datetime) -> Run:
    """A run as they are when they have ended: with the last 4 KiB of its log."""
    run = Run(
        task_id=task.id,
        task_name=task.name,
        job_id=task.job_id,
        job_name="job",
        status=RunStatus.SUCCESS,
        outcome=Outcome.DONE,
        scheduled_time=begun,
        start_time=begun,
        end_time=begun + timedelta(minutes=3),
        duration=180.0,
        exit_code=0,
        session_id="4d6e2f0c-5d52-4b1c-9d36-0a5b8a2b8c11",
        output=RESULT,
        raw_output=STREAM,
        num_turns=12,
        cost_usd=0.25,
    )
    run.log_path = str(home.home.log(run.id))
    return run


def one_run(home: House, task: Task, marks: Path) -> Taken:
    """Ask for a run, and hear of its end."""
    with home.connect() as connection, connection.makefile("rwb") as file:

        def ask(method: str, **params: object) -> None:
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            file.write(json.dumps(request).encode() + b"\n")
            file.flush()

        asked = time.time()
        ask("tasks.run", task=str(task.id))
        run_id = json.loads(file.readline())["result"]["id"]
        ask("runs.follow", run=run_id)
        while True:
            message = json.loads(file.readline())
            run = message.get("result") or message.get("params", {}).get("run", {})
            if run.get("end_time"):
                break
        over = time.time()
    assert run["status"] == "success", run["errors"]
    begun, ended = map(float, (marks / run_id).read_text().split())
    return Taken((begun - asked) * 1000, (over - ended) * 1000)


def compared(few: Sequence[float], many: Sequence[float]) -> dict[str, float]:
    """The medians of both, and the one in the other."""
    medians = statistics.median(few), statistics.median(many)
    return {
        "few_ms": round(medians[0], 1),
        "many_ms": round(medians[1], 1),
        "many_max_ms": round(max(many), 1),
        "ratio": round(medians[1] / medians[0], 2),
    }


def listing(homes: Sequence[House]) -> list[float]:
    """Milliseconds that ``ccsched runs list`` takes, of each home."""
    taken: list[list[float]] = [[] for _ in homes]
    for _ in range(LISTS):
        for place, home in enumerate(homes):
            environment = {**os.environ, **home.environment}
            taken[place].append(milliseconds([str(BIN / "ccsched"), "runs", "list"], environment))
    return [statistics.median(each) for each in taken]


def megabytes(home: House) -> float:
    """What a home's daemon holds in memory."""
    assert home.daemon
    return float(psutil.Process(home.daemon.pid).memory_info().rss) / 2**20


def retention(home: House, keep: int) -> dict[str, float]:
    """What steps of retention take in the loop of a daemon, in milliseconds; their floor is the least commit."""
    store = Store(home.home.state_db)
    with store.transaction():
        store.put_settings(store.settings().model_copy(update={"run_retention_count": keep}))
    steps = Retention(
        store, Events(), lambda: datetime.now(UTC), lambda run_id: str(home.home.log(run_id)), lambda: None
    )
    steps.begin([])
    taken, floor, runs = [], [], 0
    for _ in range(STEPS):
        begun = time.perf_counter()
        removable = steps.step()
        taken.append((time.perf_counter() - begun) * 1000)
        begun = time.perf_counter()
        with store.transaction():
            store.notes.put("benchmark", str(begun))
        floor.append((time.perf_counter() - begun) * 1000)
        if removable is None:
            break
        runs += len(removable)
    store.close()
    return {
        "steps": len(taken),
        "runs": runs,
        "median_ms": round(statistics.median(taken), 2),
        "max_ms": round(max(taken), 1),
        "floor_ms": round(statistics.median(floor), 2),
    }


def tell(what: str, **figures: object) -> None:
    """One line of the result."""
    print(json.dumps({"benchmark": f"{MANY} runs: {what}", **figures}), flush=True)  # noqa: T201


def main() -> bool:
    """Measure and tell; True if the limits are kept."""
    with tempfile.TemporaryDirectory() as scratch:
        script, marks = Path(scratch) / "agent.sh", Path(scratch) / "marks"
        script.write_text(AGENT)
        marks.mkdir()
        bases = [Path(scratch) / name for name in ("few", "many")]
        for base in bases:
            base.mkdir()
        settings = {"agent_command": ["bash", str(script)], "run_retention_count": 1_000_000}
        with house(bases[0], **settings) as few, house(bases[1], **settings) as many:
            homes = (few, many)
            tasks = [fill(home, base, runs) for home, base, runs in zip(homes, bases, (FEW, MANY), strict=True)]
            begun = [time.perf_counter()]
            for home in homes:
                home.environment["CCSCHED_MARKS"] = str(marks)
                home.start()
                begun.append(time.perf_counter())
            tell("daemon up", few_s=round(begun[1] - begun[0], 2), many_s=round(begun[2] - begun[1], 2))
            taken: list[list[Taken]] = [[], []]
            for number in range(SAMPLES + 1):
                for place, home in enumerate(homes):
                    sample = one_run(home, tasks[place], marks)
                    if number:
                        taken[place].append(sample)
                    time.sleep(PAUSE)
            starts = compared(*([each.start for each in sample] for sample in taken))
            ends = compared(*([each.end for each in sample] for sample in taken))
            lists = listing(homes)
            grown = megabytes(many) - megabytes(few)
            tell("from the request to the first instruction", samples=SAMPLES, **starts)
            tell("from the last instruction to the end on record", samples=SAMPLES, **ends)
            tell("ccsched runs list", few_ms=round(lists[0], 1), many_ms=round(lists[1], 1))
            tell("memory", few_mb=round(megabytes(few), 1), many_mb=round(megabytes(many), 1), grown=round(grown, 1))
            for home in homes:
                home.end()
            nothing = retention(many, keep=1_000_000)
            much = retention(many, keep=50)
            tell("retention, nothing to forget", **nothing)
            tell("retention, much to forget", **much)
    return (
        max(starts["ratio"], ends["ratio"]) <= RATIO_LIMIT
        and lists[1] <= LIST_LIMIT_MS
        and grown <= RSS_LIMIT_MB
        and max(nothing["median_ms"], much["median_ms"]) <= STEP_LIMIT_MS
    )


if __name__ == "__main__":
    sys.exit(not main())
