"""A cgroup of a test's own, as systemd would give one to a service."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

ENTER = ("sh", "-c", 'echo 0 > "$0/cgroup.procs" && exec "$@"')
"""Becomes what follows its first argument, in the cgroup that this names."""


@contextlib.contextmanager
def cgroup() -> Iterator[Path]:
    """An empty cgroup; gone in the end, with all its processes. Without one the test is skipped, but not in CI."""
    mounts = [line.split(" ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    points = [Path(fields[4]) for fields in mounts if fields[fields.index("-") + 1] == "cgroup2"]
    made = points[0] / f"ccsched-test-{uuid4()}" if points else None
    try:
        if made is None:
            raise OSError("no cgroup of version 2")
        made.mkdir()
    except OSError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no cgroup can be made: {error}")
        pytest.skip(f"no cgroup can be made: {error}")
    try:
        yield made
    finally:
        (made / "cgroup.kill").write_text("1")
        _remove(made)


def _remove(folder: Path) -> None:
    for below in [each for each in folder.iterdir() if each.is_dir()]:
        _remove(below)
    while "populated 1" in (folder / "cgroup.events").read_text():
        os.sched_yield()
    folder.rmdir()
