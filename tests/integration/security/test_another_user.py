"""Another user of the machine learns nothing of a daemon's work, and has no say in it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.house import House, house, until

INTRUDER = Path(__file__).parent / "intruder.py"
SECRET = "s3cr3t-of-the-night"


@pytest.fixture(scope="module")
def night(commons: Path) -> Iterator[House]:
    """A daemon with an ended run, one under way, and one whose variables are still being read; all with a secret."""
    with house(commons) as made, socket.create_server(("127.0.0.1", 0)) as silent:
        made.environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        made.environment.update(AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY=SECRET)
        made.start()
        secret = {"name": "TOKEN", "source": "static", "value": SECRET}
        made.call("profiles.create", name="plain", env_vars=[secret])
        asked = {"name": "X", "source": "aws_ssm", "value": "/x", "config": {"region": "eu-central-1"}}
        made.call("profiles.create", name="slow", env_vars=[secret, asked])
        for name, prompt, profile in (
            ("over", "write it.txt: it", "plain"),
            ("under-way", "bash sleep 600", "plain"),
            ("prepared", "say hello", "slow"),
        ):
            folder = commons / name
            folder.mkdir(mode=0o700)
            task = made.task(made.job(folder, name=name), name, prompt, profile=profile)
            run = made.call("tasks.run", task=task["id"])
            if name == "over":
                made.ended(run)
        until(lambda: {"stand_in.py", "sleep", "reader"} <= _at_work(made), "the agent and the reader are at work")
        yield made


def _family(made: House) -> list[psutil.Process]:
    """The daemon and all below it."""
    assert made.daemon
    daemon = psutil.Process(made.daemon.pid)
    return [daemon, *daemon.children(recursive=True)]


def _at_work(made: House) -> set[str]:
    words = [word for process in _family(made) for word in process.cmdline()]
    return {word.rpartition("/")[2].rpartition("profile.")[2] for word in words}


def _tries(made: House, user: int) -> Any:
    """What an intruder comes to know."""
    paths = [str(path) for path in made.home.path.rglob("*")]
    assert len(paths) > 12
    orders = {"user": user, "socket": str(made.home.socket()), "paths": paths}
    done = subprocess.run(
        [sys.executable, "-I", INTRUDER], input=json.dumps(orders), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_it_is_closed_to_others_twice(night: House, stranger: int) -> None:
    """Neither socket nor any file is open to them; not even where the home was opened to all by mistake."""
    learnt = _tries(night, stranger)
    assert (learnt["answer"], learnt["opened"]) == ("Permission denied", [])

    night.home.path.chmod(0o777)
    learnt = _tries(night, stranger)
    assert (learnt["answer"], learnt["opened"]) == ("Permission denied", [])

    night.home.socket().chmod(0o777)
    error = json.loads(_tries(night, stranger)["answer"])["error"]
    assert error["message"] == f"this daemon is not yours: it serves user {os.geteuid()}, and you are user {stranger}"
    assert error["data"]["kind"] == "not_yours"


def test_no_secret_is_in_the_list_of_processes(night: House, stranger: int) -> None:
    """All can read the command lines of daemon, supervisor, agent and reader; nobody else their environments."""
    processes = _tries(night, stranger)["processes"]
    mine = {f"/proc/{process.pid}" for process in _family(night)}
    command_lines = [processes[process]["cmdline"] for process in mine]
    for word in ("ccschedd", "ccsched-supervisor", "stand_in.py", "profile.reader", "sleep"):
        assert any(word in line for line in command_lines), word
    assert SECRET not in str(processes)
    assert [process for process in mine if processes[process].keys() > {"cmdline"}] == []
