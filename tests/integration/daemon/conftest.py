"""A running daemon with the stand-in for its agent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import House, house, repository


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[House]:
    """A house whose daemon runs; no process of it is left when a test ends well."""
    with house(tmp_path) as made:
        made.start()
        yield made
        if made.daemon:
            assert made.end() == 0, made.log.read_text()[-2000:]
        assert made.processes() == []


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit on main."""
    return repository(tmp_path / "repo")
