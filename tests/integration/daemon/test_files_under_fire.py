"""The JSON files through thousands of operations, with hand edits and kills among them."""

import contextlib
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, RpcFailed, house, until

OPERATIONS = int(os.environ.get("CCSCHED_OPERATIONS", "2000"))
"""``CCSCHED_OPERATIONS=10000`` plays five times as many as every day."""
KILLS = OPERATIONS // 200
CLIENTS = 3
FILES = ("jobs", "tasks", "profiles", "settings", "runs")
HAND_EDITED = ("jobs", "tasks", "profiles", "settings")


class Client:
    """A client that does what chance has it do, until its daemon is gone."""

    def __init__(self, daemon: House, chance: random.Random, directory: Path) -> None:
        self.daemon = daemon
        self.chance = chance
        self.directory = directory
        self.done = 0
        self.refused = 0

    def call(self, method: str, **params: object) -> Any:
        """One request over the connection that stays open for many."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.file.write(json.dumps(request).encode() + b"\n")
        self.file.flush()
        line = self.file.readline()
        if not line:
            raise ConnectionResetError("the daemon is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise RpcFailed(answer["error"])
        return answer["result"]

    def work(self, operations: int) -> None:
        """Do so many things; fewer if the daemon is killed."""
        with contextlib.suppress(OSError), self.daemon.connect() as connection, connection.makefile("rwb") as file:
            self.file = file
            for _ in range(operations):
                try:
                    self.one()
                except RpcFailed as refusal:
                    # Another client was faster, say; anything the daemon did not foresee is a failure.
                    assert refusal.code != -32603, refusal.message
                    self.refused += 1
                self.done += 1

    def one(self) -> None:
        """One thing, chosen so that there are some tens of objects at any time."""
        jobs = self.call("jobs.list")["jobs"]
        tasks = self.call("tasks.list")["tasks"]
        name = f"{self.chance.choice('äbc')}{self.chance.randrange(10**9)}"
        creating = [self.create_job] if len(jobs) < 5 else [self.create_task] if len(tasks) < 15 else []
        changing: list[Callable[[str, list[Any], list[Any]], object]] = [
            self.create_task,
            self.update_job,
            self.update_task,
            self.update_task,
            self.order,
            self.toggle,
            self.delete,
            self.profile,
            self.setting,
            self.edit_by_hand,
        ]
        self.chance.choice(creating or changing)(name, jobs, tasks)

    def create_job(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        self.call("jobs.create", name=name, working_directory={"path": str(self.directory)})

    def create_task(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        schedule = {"type": "calendar", "cron_expression": f"{self.chance.randrange(60)} 2 * * *"}
        self.call("tasks.create", job=self.chance.choice(jobs)["id"], name=name, command=name * 9, schedule=schedule)

    def update_job(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        self.call("jobs.update", job=self.chance.choice(jobs)["id"], changes={"description": name})

    def update_task(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        change = self.chance.choice(
            [
                {"name": name},
                {"command": name},
                {"job": self.chance.choice(jobs)["id"]},
                {"schedule": {"type": "manual"}},
            ]
        )
        self.call("tasks.update", task=self.chance.choice(tasks)["id"], changes=change)

    def order(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        job = self.chance.choice(jobs)
        order = list(job["task_order"])
        self.chance.shuffle(order)
        self.call("jobs.set_order", job=job["id"], tasks=order)

    def toggle(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        verb = self.chance.choice(["enable", "disable"])
        self.call(f"tasks.{verb}", task=self.chance.choice(tasks)["id"])

    def delete(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        if self.chance.random() < 0.2:
            self.call("jobs.delete", job=self.chance.choice(jobs)["id"])
        else:
            self.call("tasks.delete", task=self.chance.choice(tasks)["id"])

    def profile(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        profiles = self.call("profiles.list")["profiles"]
        if len(profiles) < 4:
            self.call("profiles.create", name=name, env_vars=[{"name": "A", "value": name}])
        elif self.chance.random() < 0.3:
            self.call("profiles.delete", profile=self.chance.choice(profiles)["id"], force=True)
        else:
            value = {"name": self.chance.choice("ABC"), "value": name}
            self.call("profiles.update", profile=self.chance.choice(profiles)["id"], set=[value])

    def setting(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        self.call("settings.set", changes={"max_concurrent_runs": self.chance.randrange(1, 9)})

    def edit_by_hand(self, name: str, jobs: list[Any], tasks: list[Any]) -> None:
        """As an editor does it: read, change something, write beside it and rename."""
        which = self.chance.choice(HAND_EDITED)
        path = self.daemon.home.path / f"{which}.json"
        content = json.loads(path.read_text())
        if which == "settings":
            content["max_concurrent_runs"] = self.chance.randrange(1, 9)
        elif content:
            self.chance.choice(content)["name"] = name
        beside = path.with_name(f"{path.name}.{threading.get_ident()}")
        beside.write_text(json.dumps(content, indent=1))
        beside.rename(path)


@contextlib.contextmanager
def watched(home: Path) -> Iterator[list[str]]:
    """Meanwhile somebody reads the files all the time: what they cannot read is in the list."""
    unreadable: list[str] = []
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.005):
            for name in FILES:
                with contextlib.suppress(FileNotFoundError):
                    try:
                        json.loads((home / f"{name}.json").read_text())
                    except ValueError as problem:
                        unreadable.append(f"{name}.json: {problem}")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield unreadable
    finally:
        over.set()
        reader.join()


def record(daemon: House) -> dict[str, Any]:
    """All that is on record, in the shape of the files."""
    return {
        "jobs": daemon.call("jobs.list")["jobs"],
        "tasks": daemon.call("tasks.list")["tasks"],
        "profiles": daemon.call("profiles.list", reveal=True)["profiles"],
        "settings": daemon.call("settings.get"),
        "runs": daemon.runs(),
    }


def shown(daemon: House) -> dict[str, Any]:
    """What the files say."""
    return {name: json.loads((daemon.home.path / f"{name}.json").read_text()) for name in FILES}


@pytest.mark.timeout(600)
def test_the_files_are_always_whole_and_always_say_what_is_on_record(tmp_path: Path) -> None:
    """Whatever happens at once, and whenever the daemon is killed; no person's edit leaves a broken file behind."""
    seed = int(os.environ.get("CCSCHED_SEED", "20250601"))
    chance = random.Random(seed)
    done = refused = kills = 0
    with house(tmp_path) as daemon:
        daemon.start()
        with watched(daemon.home.path) as unreadable:
            while kills < KILLS or done < OPERATIONS:
                last = kills == KILLS
                each = (OPERATIONS - done if last else OPERATIONS // KILLS) // CLIENTS + 1
                clients = [Client(daemon, random.Random(chance.random()), tmp_path) for _ in range(CLIENTS)]
                threads = [threading.Thread(target=client.work, args=(each,)) for client in clients]
                for thread in threads:
                    thread.start()
                if not last:
                    wanted = chance.randrange(each * CLIENTS)
                    while sum(client.done for client in clients) < wanted and any(
                        map(threading.Thread.is_alive, threads)
                    ):
                        time.sleep(0.0005)
                    daemon.kill()
                    kills += 1
                for thread in threads:
                    thread.join()
                done += sum(client.done for client in clients)
                refused += sum(client.refused for client in clients)
                if not last:
                    daemon.start()
                until(lambda: shown(daemon) == record(daemon), f"the files say what is on record (seed {seed})")
                assert unreadable == [], f"seed {seed}"
        assert refused < done / 2, "most of what was asked for was done"
        assert done >= OPERATIONS
        assert daemon.end() == 0
        assert "Traceback" not in daemon.log.read_text()
