"""Daemons that jobs leave and come to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import House, house, repository


@pytest.fixture
def here(tmp_path: Path) -> Iterator[House]:
    """A running daemon."""
    (tmp_path / "here").mkdir()
    with house(tmp_path / "here") as made:
        made.start()
        yield made


@pytest.fixture
def there(tmp_path: Path) -> Iterator[House]:
    """Another running daemon, with a record of its own."""
    (tmp_path / "there").mkdir()
    with house(tmp_path / "there") as made:
        made.start()
        yield made


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit on main."""
    return repository(tmp_path / "repo")
