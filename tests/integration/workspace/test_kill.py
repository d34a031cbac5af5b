"""Killed at any moment and started again, the work comes out as if nothing had happened."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scheduler_daemon.workspace.commit import commit
from scheduler_daemon.workspace.lock import WorkspaceBusy, hold
from scheduler_daemon.workspace.snapshot import Snapshot, take
from scheduler_daemon.workspace.worktree import prepare
from tests.integration.workspace.repository import Repository

KILLS = 30

# A daemon with one job: it writes down the snapshot before a run, and the number of runs it has ended.
DAEMON = """
import json, os, sys
from pathlib import Path
from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace.commit import commit
from scheduler_daemon.workspace.lock import WorkspaceBusy, hold
from scheduler_daemon.workspace.snapshot import Snapshot, take
from scheduler_daemon.workspace.worktree import prepare

top, record, locks = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
print("ready", flush=True)

def write(state):
    new = record.with_suffix(".new")
    new.write_text(json.dumps(state))
    new.rename(record)

while True:
    state = json.loads(record.read_text())
    number = state["number"]
    config = JobWorkingDirectory(path=top, use_git_worktree=True, worktree_name=f"night-{number // 3}")
    directory = prepare(config, "job", locks)
    if state["snapshot"] is None:
        state["snapshot"] = take(directory).to_dict()
        write(state)
    (directory / f"run-{number}.txt").write_text(f"{number}\\n")
    (directory / "count.txt").write_text(f"{number}\\n")
    before = Snapshot.from_dict(state["snapshot"])
    result = commit(directory, before, f"task: {number}", {"Run": f"run-{number}"}, locks)
    assert result.problem is None, result.problem
    write({"number": number + 1, "snapshot": None})
"""


def test_thirty_kills(repository: Repository, tmp_path: Path, locks: Path) -> None:
    """Each run is committed once with just its files, and the main tree is as before, to the byte."""
    repository.write("count.txt", "none\n")
    repository.commit_all()
    repository.write("readme.txt", "a person's\n")
    repository.write("staged.txt")
    repository.git("add", "staged.txt")
    contents = repository.contents()
    record = tmp_path / "record.json"
    record.write_text('{"number": 0, "snapshot": null}')
    chance = random.Random(11)
    for _ in range(KILLS):
        daemon = [sys.executable, "-c", DAEMON, str(repository.top), str(record), str(locks)]
        with subprocess.Popen(daemon, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.25))  # the random moment
            ended = process.poll()
            process.kill()
            assert ended is None, process.stderr.read()

    state = json.loads(record.read_text())
    worktree = prepare(repository.worktree(f"night-{state['number'] // 3}"), "job", locks)
    if state["snapshot"] is not None:
        before = Snapshot.from_dict(state["snapshot"])
        commit(worktree, before, "task: last", {"Run": f"run-{state['number']}"}, locks)
    assert state["number"] >= KILLS // 3, "too few runs for the test to mean something"
    assert repository.contents() == contents
    for number in range(state["number"]):
        made = repository.git("log", "--all", "--format=%H", f"--grep=^Run: run-{number}$")
        assert repository.in_commit(made) == {f"run-{number}.txt": "A", "count.txt": "M"}
    for number in range(state["number"] // 3):
        folder = Repository(repository.top / f".claude/worktrees/night-{number}")
        assert folder.status() == []
        assert folder.git("rev-list", "--count", "main..HEAD") == "3"
    repository.git("fsck", "--no-dangling")


def test_an_orphaned_commit_is_waited_for(repository: Repository, tmp_path: Path, locks: Path) -> None:
    """A git whose daemon was killed holds the directory until it is done, and its commit is the run's."""
    before = take(repository.top)
    assert before is not None
    repository.write("made.txt")
    started, go = tmp_path / "started", tmp_path / "go"
    repository.hook("pre-commit", f"touch {started}; until [ -e {go} ]; do sleep 0.02; done")
    script = (
        "import json, sys; from pathlib import Path\n"
        "from scheduler_daemon.workspace.commit import commit\n"
        "from scheduler_daemon.workspace.snapshot import Snapshot\n"
        "before = Snapshot.from_dict(json.loads(sys.argv[3]))\n"
        "commit(Path(sys.argv[1]), before, 'task: x', {'Run': '1'}, Path(sys.argv[2]))\n"
    )
    arguments = [str(repository.top), str(locks), json.dumps(before.to_dict())]
    try:
        with subprocess.Popen([sys.executable, "-c", script, *arguments]) as daemon:
            deadline = time.monotonic() + 30
            while not started.exists():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            daemon.kill()
        with pytest.raises(WorkspaceBusy), hold(locks, str(repository.top), 0.1):
            pass
    finally:
        go.touch()
    result = commit(repository.top, before, "task: x", {"Run": "1"}, locks)
    assert result.commit == repository.head
    assert repository.git("rev-list", "--count", "HEAD") == "2"
    assert repository.status() == []
