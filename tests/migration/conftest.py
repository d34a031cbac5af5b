"""Records as old versions left them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

OLD = sorted(Path(__file__).parent.glob("record_*.sql"))


def old_record(number: int, path: Path) -> Path:
    """A record of a version, in a folder of its own."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD[number - 1].read_text())
    path.chmod(0o600)
    return path


@pytest.fixture(params=range(1, len(OLD) + 1))
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A record as an old version left it."""
    return old_record(request.param, tmp_path / "state.db")
