"""A record of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler_daemon.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty record."""
    store = Store(tmp_path / "state.db")
    yield store
    store.close()
