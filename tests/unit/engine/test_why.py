"""Why a task is not running: the answer names what is in its way, and when that ends."""

from datetime import UTC, datetime

from scheduler_daemon.model.enums import IntervalType, ScheduleType
from scheduler_daemon.model.task import ScheduleConfig
from tests.unit.engine.conftest import SEQUENTIAL, World, cron


def test_a_task_that_waits_for_its_time(world: World) -> None:
    """When that is; put off by its jitter if it has one."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"))
    why = world.engine.why(task)
    assert (why.reason, why.until) == ("due", datetime(2026, 3, 2, 2, tzinfo=UTC))


def test_a_task_that_no_clock_starts(world: World) -> None:
    """Disabled, by hand alone, after another, after none."""
    job = world.job()
    first = world.task(job, "first", SEQUENTIAL)
    second = world.task(job, "second", SEQUENTIAL)
    manual = world.task(job, "manual")
    off = world.task(job, "off", cron("0 2 * * *"), enabled=False)
    assert "ccsched jobs run" in world.engine.why(first).message
    assert "follows task 'first'" in world.engine.why(second).message
    assert "ccsched tasks run" in world.engine.why(manual).message
    assert "ccsched tasks enable" in world.engine.why(off).message


def test_a_task_whose_run_is_held(world: World) -> None:
    """By what is before it in its sequence, by a queue, by its directory, by the slots: each names the run."""
    world.set(max_concurrent_runs=1)
    job = world.job("a", path="/shared")
    head, follower = world.task(job, "head"), world.task(job, "follower")
    neighbour = world.task(world.job("b", path="/shared"), "neighbour")
    other = world.task(world.job("c"), "other")
    run = world.engine.run_job(job)[0]
    world.engine.wake()
    world.start(run)
    for task in (neighbour, other):
        world.engine.run_task(task)
    world.engine.wake()
    assert world.engine.why(head).reason == "running"
    answers = {task.name: world.engine.why(task) for task in (follower, neighbour, other)}
    assert {name: why.reason for name, why in answers.items()} == {
        "follower": "sequence",
        "neighbour": "directory",
        "other": "slot",
    }
    assert all(why.run == run.id and "head" in why.message for why in answers.values())


def test_a_task_outside_its_running_hours(world: World) -> None:
    """And when they begin."""
    every = ScheduleConfig(
        type=ScheduleType.INTERVAL, interval_value=1, interval_type=IntervalType.HOURS, timezone="UTC"
    )
    task = world.task(world.job(), "often", every, running_hours="22:00-06:00")
    world.later(hours=1)
    why = world.engine.why(task)
    assert (why.reason, why.until) == ("hours", datetime(2026, 3, 1, 22, tzinfo=UTC))
