"""What an agent makes of the cgroup that it is given; to look through it, folders are as good."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler_daemon.run.supervisor.cgroup import Cgroup


@pytest.fixture
def shallow() -> Iterator[int]:
    """How deep functions may call themselves: not so deep that a test takes long to get there."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    yield 300
    sys.setrecursionlimit(before)


def test_cgroups_below_each_other_without_end(tmp_path: Path, shallow: int) -> None:
    """However deep an agent has made them, their processes are found, and they are removed."""
    made = tmp_path / "run-1"
    made.mkdir()
    deepest = os.open(made, os.O_RDONLY)
    for _ in range(shallow):
        os.mkdir("a", dir_fd=deepest)
        below = os.open("a", os.O_RDONLY, dir_fd=deepest)
        os.close(deepest)
        deepest = below
    procs = os.open("cgroup.procs", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=deepest)
    os.write(procs, b"1\n22\n")
    os.close(procs)
    cgroup = Cgroup(os.fsencode(made))
    assert cgroup.members() == [1, 22]
    os.unlink("cgroup.procs", dir_fd=deepest)
    os.close(deepest)
    cgroup.remove()
    assert not made.exists()
