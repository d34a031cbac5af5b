"""A daemon killed at any moment leaves files that parse and a record that is whole."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.integration.store.conftest import Desk

ROOT = Path(__file__).parents[3]
KILLS = 50


def test_killed_at_any_moment(tmp_path: Path, open_desk: Callable[[], Desk]) -> None:
    """After each of 50 kills every file parses, the record is sound, and no own writing passes for an edit."""
    chance = random.Random(20)
    command = [sys.executable, "-m", "tests.integration.store.restless"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as restless:
        assert restless.stdin
        assert restless.stdout
        written = 0
        for kill in range(KILLS):
            restless.stdin.write(f"{tmp_path} {kill}\n")
            restless.stdin.flush()
            child = int(restless.stdout.readline())
            # Not a wait for something: the moment of the kill is to be any.
            time.sleep(chance.uniform(0, 0.12))
            os.kill(child, signal.SIGKILL)
            assert int(restless.stdout.readline()) == -signal.SIGKILL
            for path in tmp_path.glob("*.json"):
                written += len(json.loads(path.read_text()))
            assert not list(tmp_path.glob("*.rejected"))
            if (tmp_path / "state.db").exists():
                with closing(sqlite3.connect(tmp_path / "state.db")) as record:
                    assert record.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        restless.stdin.close()
        assert restless.wait() == 0
    assert written > KILLS
    desk = open_desk()
    intake = desk.face.start()
    assert (intake.taken, intake.rejected) == ([], [])
    desk.agree()
