"""Nights in a made-up world: for every due time there is exactly one run, or one recorded reason why not.

A seed that fails says how to play it again: ``CCSCHED_SIMULATION_SEED=7``, with ``CCSCHED_SIMULATION_TASKS`` and
``CCSCHED_SIMULATION_DAYS`` for a smaller world. ``CCSCHED_SIMULATION_YEARS=20`` plays so many whole years of a
thousand tasks.
"""

import dataclasses
import gc
import logging
import os
import zoneinfo
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from scheduler_daemon.schedule.zone import forget_zones
from tests.unit.engine.simulation.author import Pace
from tests.unit.engine.simulation.year import Size, Year

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
QUARTER = Size(
    name="of_a_quarter",
    tasks=200,
    days=90,
    pace=Pace(rare=2, monthly=15, weekly=25, daily=8, often=4, interval=10, sequential=25, manual=6, watched=4),
    deed=3 * HOUR,
    death=16 * HOUR,
    outage=2 * DAY,
    sleep=1.5 * DAY,
    wrong_clock=9 * DAY,
    travel=8 * DAY,
    law=25 * DAY,
    work=HOUR / 30,
)
YEAR = Size(
    name="of_a_year",
    tasks=1000,
    days=365,
    pace=Pace(rare=10, monthly=25, weekly=20, daily=1, often=1, interval=12, sequential=25, manual=4, watched=2),
    deed=6 * HOUR,
    death=4 * DAY,
    outage=9 * DAY,
    sleep=7 * DAY,
    wrong_clock=30 * DAY,
    travel=40 * DAY,
    law=80 * DAY,
    work=HOUR / 40,
)
RESTLESS = Size(
    name="of_a_restless_month",
    tasks=60,
    days=30,
    pace=Pace(rare=1, monthly=5, weekly=15, daily=25, often=14, interval=4, sequential=25, manual=6, watched=6),
    deed=HOUR / 3,
    death=4 * HOUR,
    outage=15 * HOUR,
    sleep=12 * HOUR,
    wrong_clock=1.5 * DAY,
    travel=2 * DAY,
    law=4 * DAY,
    work=HOUR / 4,
)
AGAIN = os.environ.get("CCSCHED_SIMULATION_SEED")
YEARS = int(os.environ.get("CCSCHED_SIMULATION_YEARS", "1"))


def asked_for(size: Size) -> Size:
    """The size, smaller where the environment says so."""
    tasks = int(os.environ.get("CCSCHED_SIMULATION_TASKS", size.tasks))
    days = int(os.environ.get("CCSCHED_SIMULATION_DAYS", size.days))
    return dataclasses.replace(size, tasks=tasks, days=days)


def seeds(number: int) -> list[int]:
    """So many, or the one that is to be played again."""
    return [int(AGAIN)] if AGAIN else list(range(1, number + 1))


@pytest.fixture(autouse=True)
def _zones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A zone that changes its clocks, and a zone database of the test's own."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    database = tmp_path / "zoneinfo"
    database.mkdir()
    zoneinfo.reset_tzpath(to=[str(database)])
    forget_zones()
    yield
    zoneinfo.reset_tzpath()
    forget_zones()


@pytest.fixture(autouse=True)
def _without_collection() -> Iterator[None]:
    """A tenth of the time went into looking for garbage that reference counts had cleared away."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """An end to the test where the engine logs an error."""

    def fail(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
        raise SystemExit(f"the engine logged: {event}")

    before = structlog.get_config()
    structlog.configure(processors=[fail], wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("seed", seeds(4))
def test_every_due_time_of_a_quarter_is_accounted_for(seed: int, tmp_path: Path) -> None:
    """Two hundred tasks, with deaths, outages, sleep, wrong clocks, other zones, and people who change everything."""
    Year(seed, asked_for(QUARTER), tmp_path).play()


@pytest.mark.parametrize("seed", seeds(20))
def test_every_due_time_of_a_restless_month_is_accounted_for(seed: int, tmp_path: Path) -> None:
    """Sixty tasks that are often due, and much that happens at once."""
    Year(seed, asked_for(RESTLESS), tmp_path).play()


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", seeds(YEARS))
def test_every_due_time_of_a_year_is_accounted_for(seed: int, tmp_path: Path) -> None:
    """A thousand tasks."""
    year = Year(seed, asked_for(YEAR), tmp_path)
    year.play()
    assert AGAIN or year.account.due_times > 1000
