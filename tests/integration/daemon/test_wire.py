"""The control socket of a whole daemon; what the protocol itself demands is in tests/unit/control."""

import json
import socket
import struct
from pathlib import Path
from typing import Any

from tests.support.house import House

METHODS = {
    *("jobs.create", "jobs.list", "jobs.get", "jobs.tasks", "jobs.run", "jobs.stop", "jobs.delete"),
    *("jobs.update", "jobs.set_order", "jobs.export", "jobs.import"),
    *("tasks.create", "tasks.list", "tasks.get", "tasks.run", "tasks.enable", "tasks.disable", "tasks.delete"),
    *(
        "tasks.why",
        "tasks.update",
        "runs.list",
        "runs.get",
        "runs.stop",
        "runs.follow",
        "runs.restart",
        "runs.delete",
    ),
    *("profiles.create", "profiles.list", "profiles.get", "profiles.update", "profiles.delete", "profiles.check"),
    *("runs.diff", "worktrees.list"),
    *("settings.get", "settings.set", "events.subscribe", "scheduler.list", "scheduler.history"),
    *("daemon.health", "daemon.state", "daemon.examine", "daemon.reload", "daemon.migrate", "rpc.discover"),
    *("daemon.backup", "daemon.restore", "daemon.stop"),
}


def exchange(daemon: House, *lines: bytes, answers: int) -> list[Any]:
    """Send lines over one connection and read so many answers."""
    with daemon.connect() as connection, connection.makefile("rwb") as file:
        file.write(b"".join(lines))
        file.flush()
        return [json.loads(file.readline()) for _ in range(answers)]


def test_the_daemon_describes_its_methods(daemon: House) -> None:
    """All of them, each with its params, as OpenRPC."""
    described = daemon.call("rpc.discover")
    methods = {method["name"]: method for method in described["methods"]}
    assert methods.keys() == METHODS
    assert {param["name"] for param in methods["runs.list"]["params"]} == {"limit", "job", "task", "status"}
    assert all(method["summary"] for method in methods.values())


def test_a_batch_is_answered_as_one(daemon: House, tmp_path: Path) -> None:
    """In order, a notification without an answer, what cannot be met with its own error."""
    create = {"name": "j", "working_directory": {"path": str(tmp_path)}}
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "jobs.create", "params": create},
        {"jsonrpc": "2.0", "method": "jobs.list"},
        {"jsonrpc": "2.0", "id": 2.5, "method": "jobs.get", "params": ["j"]},
        {"jsonrpc": "2.0", "id": None, "method": "jobs.get", "params": {"job": "nobody"}},
    ]
    (answer,) = exchange(daemon, json.dumps(batch).encode() + b"\n", answers=1)
    assert [each["id"] for each in answer] == ["a", 2.5, None]
    assert answer[1]["result"] == answer[0]["result"]
    assert answer[2]["error"]["code"] == -32001


def test_garbage_ends_neither_the_connection_nor_the_daemon(daemon: House) -> None:
    """Each line that is no request has its error, and the next is answered."""
    garbage = [
        b"nonsense\n",
        b'{"jsonrpc": "2.0", "id": 1, "method"\n',
        b"\xff\xfe\n",
        b"[]\n",
        b"[" * 50_000 + b"\n",
    ]
    good = b'{"jsonrpc": "2.0", "id": 7, "method": "daemon.health"}\n'
    *errors, last = exchange(daemon, *garbage, good, answers=len(garbage) + 1)
    assert [each["error"]["code"] for each in errors] == [-32700, -32700, -32700, -32600, -32700]
    assert last["result"]["status"] == "ok"


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(daemon: House, tmp_path: Path) -> None:
    """In the middle of a line, of an answer, of a subscription: the daemon goes on, and its log is free of traces."""
    task = daemon.task(daemon.job(tmp_path), "t", "say a\nwait 0.5\nsay b")
    run = daemon.call("tasks.run", task=task["id"])
    follow = {"jsonrpc": "2.0", "id": 1, "method": "runs.follow", "params": {"run": run["id"]}}
    for line in (b'{"jsonrpc": "2.0", "id": 1, "meth', json.dumps(follow).encode() + b"\n"):
        with daemon.connect() as connection:
            # Reset, not closed in order: what the daemon still writes fails.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(line)
    assert daemon.ended(run)["status"] == "success"
    assert "Traceback" not in daemon.log.read_text()


def test_a_subscriber_hears_of_every_change(daemon: House, tmp_path: Path) -> None:
    """Made, altered, deleted: job, task and run, in the order things happened."""
    subscribe = b'{"jsonrpc": "2.0", "id": 1, "method": "events.subscribe"}\n'
    with daemon.connect() as connection, connection.makefile("rwb") as file:
        file.write(subscribe)
        file.flush()
        assert json.loads(file.readline())["result"] == {"subscribed": True}
        job = daemon.job(tmp_path)
        task = daemon.task(job, "t", "say x")
        run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
        daemon.call("jobs.delete", job=job["id"])
        heard: list[tuple[str, str, str]] = []
        while not heard or heard[-1] != ("job", "deleted", job["id"]):
            event = json.loads(file.readline())["params"]
            assert (event["action"] == "deleted") or event["object"]["id"] == event["id"]
            heard.append((event["kind"], event["action"], event["id"]))
    assert heard[0] == ("job", "changed", job["id"])
    assert heard[1] == ("task", "changed", task["id"])
    # Upcoming, running, ended.
    assert heard.count(("run", "changed", run["id"])) == 3
