"""Which process holds a home: what is believed, and what is not."""

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler_daemon.holder import OutOfSight, hold, holder
from scheduler_daemon.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that nobody holds; its lock names a process that lives."""
    found = Home(tmp_path)
    found.lock.write_text("1\n")
    return found


@pytest.fixture
def lock(home: Home) -> Iterator[int]:
    """Its lock file, opened."""
    opened = os.open(home.lock, os.O_RDWR)
    yield opened
    os.close(opened)


def test_nobody_holds_a_home_whose_lock_is_free(home: Home) -> None:
    """Whatever its file says, and where there is none."""
    assert holder(home) is None
    assert holder(Home(home.path / "missing")) is None


def test_who_holds_the_lock_is_who_has_it_open(home: Home, lock: int) -> None:
    """A process id that was left behind, or is of another container, is not believed."""
    assert hold(lock)
    if Path("/proc/self/fd").is_dir():
        with pytest.raises(OutOfSight, match="no process that can be seen from here"):
            holder(home)
    home.lock.write_text(f"{os.getpid()}\n")
    assert holder(home) == os.getpid()


def test_one_who_only_looks_does_not_keep_a_daemon_from_starting(home: Home, lock: int) -> None:
    """It is waited for; another daemon is not."""
    with home.lock.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        done = threading.Timer(0.05, lambda: fcntl.flock(looking, fcntl.LOCK_UN))
        done.start()
        assert hold(lock)
        done.join()
        other = os.open(home.lock, os.O_RDWR)
        assert not hold(other)
        os.close(other)
