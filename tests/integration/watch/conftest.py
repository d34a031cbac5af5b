"""A watcher for each way in which it may learn of changes, and what it told."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler_daemon.watch.native import OpenNative, open_native
from scheduler_daemon.watch.observer import Observed
from tests.integration.watch.watching import Watching, no_native

WAYS: dict[str, tuple[OpenNative, float]] = {
    # So rare a look, where the system tells of everything, that nothing but what it tells can pass a test.
    "native": (open_native, 600.0 if sys.platform == "linux" else 0.1),
    "observer": (Observed, 0.1),
    "polling": (no_native, 0.1),
}


# watchdog's observer for Linux, which here stands in for that for macOS, warns of two events for one new directory.
_OF_WATCHDOG = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")


@pytest.fixture(params=["native", "polling"])
def watching(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watching]:
    """A watcher to which this system tells of changes, and one to which it does not."""
    with Watching(tmp_path, *WAYS[request.param]) as made:
        yield made


@pytest.fixture(params=["native", "polling", pytest.param("observer", marks=_OF_WATCHDOG)])
def any_watching(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watching]:
    """The same, and one that learns of changes by watchdog's observer."""
    with Watching(tmp_path, *WAYS[request.param]) as made:
        yield made


@pytest.fixture
def native(tmp_path: Path) -> Iterator[Watching]:
    """A watcher that learns of changes as this system tells them best."""
    with Watching(tmp_path, *WAYS["native"]) as made:
        yield made
