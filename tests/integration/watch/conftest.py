"""A watcher for each way in which it may learn of changes, and what it told."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from watchdog.observers.polling import PollingObserverVFS

from scheduler_daemon.watch.native import Hints, Native, OpenNative, open_native
from scheduler_daemon.watch.observer import Observed
from tests.integration.watch.watching import Watching, no_native


def _observed(hints: Hints) -> Native:
    """What there is for macOS, with the one observer of watchdog's that every system has in place of that for macOS.

    Like that one, it tells of whole trees, by the same kind of events, and stops when the top of a tree goes.
    """
    # Asked like this, it does not follow links, in which it would go round and round.
    return Observed(hints, PollingObserverVFS(os.lstat, os.scandir, polling_interval=0.05))


WAYS: dict[str, tuple[OpenNative, float]] = {
    # So rare a look, where the system tells of everything, that nothing but what it tells can pass a test.
    "native": (open_native, 600.0 if sys.platform == "linux" else 0.1),
    "observer": (_observed, 0.1),
    "polling": (no_native, 0.1),
}


@pytest.fixture(params=["native", "polling"])
def watching(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watching]:
    """A watcher to which this system tells of changes, and one to which it does not."""
    with Watching(tmp_path, *WAYS[request.param]) as made:
        yield made


@pytest.fixture(params=list(WAYS))
def any_watching(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watching]:
    """The same, and one that learns of changes by watchdog's observer."""
    with Watching(tmp_path, *WAYS[request.param]) as made:
        yield made


@pytest.fixture
def native(tmp_path: Path) -> Iterator[Watching]:
    """A watcher that learns of changes as this system tells them best."""
    with Watching(tmp_path, *WAYS["native"]) as made:
        yield made
