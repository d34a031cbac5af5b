"""Supervisors that are gone when the test is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.supervisor.supervised import Supervise, Supervised


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    """Starts supervisors, and ends them and their processes when the test is over."""
    started: list[Supervised] = []

    def start(*argv: str, send: bool = True, **orders: object) -> Supervised:
        folder = tmp_path / f"run{len(started)}"
        folder.mkdir()
        run = Supervised(folder, argv=list(argv), **orders)
        started.append(run)
        if send:
            run.send()
        return run

    yield start
    for run in started:
        if run.supervisor.poll() is None:
            run.supervisor.kill()
        run.supervisor.wait()
        if run.supervisor.stdin:
            run.supervisor.stdin.close()
        for process in run.alive():
            process.kill()
