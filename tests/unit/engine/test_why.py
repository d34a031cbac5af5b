"""Why a task is not running, in one line, and when it will."""

from datetime import UTC, datetime

import pytest

from scheduler_daemon.engine.planner import delay
from tests.unit.engine.conftest import World, cron

DUE = datetime(2026, 3, 2, 2, tzinfo=UTC)
OPENS = datetime(2026, 3, 2, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's clocks show UTC."""
    monkeypatch.setenv("TZ", "UTC")


@pytest.mark.parametrize(
    ("jitter", "hours", "message"),
    [
        (0, None, "it is next due at"),
        (0, "01:00-06:00", "it is next due at"),
        (600, None, "it is next due at 2026-03-02 02:00:00 UTC, and its jitter puts that off to"),
        (0, "05:00-06:00", "it is next due at 2026-03-02 02:00:00 UTC, and its running hours put that off to"),
        (
            600,
            "05:00-06:00",
            "it is next due at 2026-03-02 02:00:00 UTC, and its jitter and its running hours put that off to",
        ),
    ],
    ids=["on-time", "within-its-hours", "jitter", "hours", "both"],
)
def test_it_is_told_when_a_task_really_starts(world: World, jitter: int, hours: str | None, message: str) -> None:
    """After its jitter, in its running hours; with what puts it off."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"), jitter=jitter, running_hours=hours)
    why = world.engine.why(task)
    assert (why.reason, why.message) == ("due", message)
    assert why.until == (OPENS if hours == "05:00-06:00" else DUE + delay(task))


def test_a_silent_run_is_told_of(world: World) -> None:
    """Since when it is known."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"))
    run = world.engine.requests.run_task(task)
    world.engine.wake()
    world.start(run)
    assert world.engine.why(task).message == f"it is running: run {str(run.id)[:8]} started at"
    world.engine.reports.stalled(run.id, 60)
    since = f"{world.time:%Y-%m-%d %H:%M:%S} UTC"
    assert f"it is running, stalled since {since}: run" in world.engine.why(task).message
