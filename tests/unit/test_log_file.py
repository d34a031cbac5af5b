"""The daemon's log file: its size, and what becomes of lines that cannot be written."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler_daemon.log_file import LogFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is to be."""
    return tmp_path / "daemon.log"


@pytest.fixture
def log(path: Path) -> Iterator[LogFile]:
    """A log of 100 bytes, and two before it."""
    made = LogFile(path, size=100, kept=2)
    yield made
    made.close()


def write(log: LogFile, *lines: str) -> None:
    """Log lines."""
    for line in lines:
        log.handle(logging.LogRecord("test", logging.INFO, "", 0, line, None, None))


def test_a_log_that_has_grown_is_put_aside(log: LogFile, path: Path) -> None:
    """The newest as .1; no more than are to be kept, and each within its size."""
    write(log, *(f"{number:03} {'x' * 30}" for number in range(20)))
    names = sorted(each.name for each in path.parent.iterdir())
    assert names == ["daemon.log", "daemon.log.1", "daemon.log.2"]
    lines = [line[:3] for name in reversed(names) for line in (path.parent / name).read_text().splitlines()]
    assert lines == [f"{number:03}" for number in range(20 - len(lines), 20)]
    assert all((path.parent / name).stat().st_size <= 100 for name in names)


def test_a_log_that_cannot_be_put_aside_grows(log: LogFile, path: Path) -> None:
    """No line is lost for that."""
    for number in (1, 2):
        path.with_name(f"daemon.log.{number}").mkdir()
    write(log, *(f"{number:03} {'x' * 30}" for number in range(10)))
    assert len(path.read_text().splitlines()) == 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_costs_lines_and_nothing_else(log: LogFile, path: Path) -> None:
    """What comes after is written, and nothing twice."""
    path.symlink_to("/dev/full")
    write(log, "lost", "lost as well")
    path.unlink()
    write(log, "kept")
    assert path.read_text() == "kept\n"


def test_a_named_pipe_that_nobody_reads_does_not_stop_it(log: LogFile, path: Path) -> None:
    """The line is lost; the file that takes its place has the next."""
    os.mkfifo(path)
    write(log, "lost")
    path.unlink()
    write(log, "kept")
    assert path.read_text() == "kept\n"
