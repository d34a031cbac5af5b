"""Due times that are missed, and those that come while the last run goes on: one run, or one reason why not."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduler_daemon.engine import Refused
from scheduler_daemon.engine.planner import delay
from scheduler_daemon.model.enums import IntervalType, Missed, Outcome, Overlap, RunStatus, ScheduleType, SkipReason
from scheduler_daemon.model.task import ScheduleConfig, Task
from tests.unit.engine.conftest import SEQUENTIAL, World, cron

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def skipped(world: World, task: Task) -> list[tuple[datetime, datetime, SkipReason]]:
    """What is on record of due times without a run, oldest first."""
    lines = world.store.skipped.newest(task.id, 1000)
    return [(line.first_due, line.last_due, line.reason) for line in reversed(lines)]


def times(world: World) -> list[datetime]:
    """What runs are scheduled for, in the order they were made."""
    return [run.scheduled_time for run in world.runs()]


def test_missed_nights_are_one_run_and_one_line(world: World) -> None:
    """The newest is made up for; of the older ones it is on record that nobody was there."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"))
    world.time = NIGHT + 3 * DAY + timedelta(hours=7)
    world.boot()
    world.engine.wake()
    assert times(world) == [NIGHT + 3 * DAY]
    assert skipped(world, task) == [(NIGHT, NIGHT + 2 * DAY, SkipReason.MISSED)]


def test_a_task_that_skips_what_it_missed_does_not_run(world: World) -> None:
    """A moment late is not missed: a daemon may take seconds to start."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"), missed=Missed.SKIP)
    world.time = NIGHT + timedelta(seconds=61)
    world.boot()
    world.engine.wake()
    assert times(world) == []
    assert skipped(world, task) == [(NIGHT, NIGHT, SkipReason.MISSED)]
    world.time = NIGHT + DAY + timedelta(seconds=59)
    world.boot()
    world.engine.wake()
    assert times(world) == [NIGHT + DAY]


def test_what_was_missed_long_ago_is_not_made_up_for(world: World) -> None:
    """Within the time the task gives it is."""
    task = world.task(world.job(), "weekly", cron("0 2 * * 1"), missed_within=6 * 3600)
    monday = NIGHT
    world.time = monday + timedelta(hours=6, seconds=1)
    world.boot()
    world.engine.wake()
    assert times(world) == []
    assert skipped(world, task) == [(monday, monday, SkipReason.MISSED)]
    world.time = monday + 7 * DAY + timedelta(hours=6)
    world.boot()
    world.engine.wake()
    assert times(world) == [monday + 7 * DAY]


def test_due_times_that_one_run_is_in_the_way_of_are_one_line(world: World) -> None:
    """The run is named; the next one has a line of its own."""
    task = world.task(world.job(), "often", cron("*/5 * * * *"))
    world.later(minutes=5)
    world.start(world.runs()[0])
    for _ in range(3):
        world.later(minutes=5)
    begin = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    assert skipped(world, task) == [(begin + timedelta(minutes=5), begin + timedelta(minutes=15), SkipReason.OVERLAP)]
    (line,) = world.store.skipped.newest(task.id, 10)
    assert f"run {str(world.runs()[0].id)[:8]} was still" in line.detail
    world.end(world.runs()[0])
    world.later(minutes=5)
    assert times(world) == [begin, begin + timedelta(minutes=20)]


def test_a_queued_run_waits_for_its_turn_and_a_second_is_skipped(world: World) -> None:
    """It starts when the one before it has ended."""
    task = world.task(world.job(), "often", cron("*/5 * * * *"), overlap=Overlap.QUEUE)
    world.later(minutes=5)
    first = world.runs()[0]
    world.start(first)
    world.later(minutes=5)
    world.later(minutes=5)
    assert len(world.runs()) == 2
    assert [reason for _, _, reason in skipped(world, task)] == [SkipReason.OVERLAP]
    assert world.launcher.names == ["often"]
    world.end(first)
    world.engine.wake()
    assert world.launcher.names == ["often", "often"]


def test_a_queued_sequence_does_not_mix_with_the_one_before_it(world: World) -> None:
    """All of the first comes before any of the second."""
    job = world.job(overlap=Overlap.QUEUE)
    world.task(job, "a", cron("*/5 * * * *"))
    world.task(job, "b", SEQUENTIAL)
    world.later(minutes=5)
    world.start(world.runs()[0])
    world.later(minutes=5)
    for position in range(3):
        world.end(world.runs()[position])
        world.engine.wake()
    assert world.launcher.names == ["a", "b", "a", "b"]


def test_a_run_is_replaced_by_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live one is stopped, what was to follow it is not started, and the new one waits for its end."""
    monkeypatch.setenv("TZ", "UTC")
    job = world.job()
    world.task(job, "a", cron("*/5 * * * *"), overlap=Overlap.REPLACE)
    world.task(job, "b", SEQUENTIAL)
    world.later(minutes=5)
    first, follower = world.runs()
    world.start(first)
    world.later(minutes=5)
    assert world.launcher.stopped == [first.id]
    assert world.launcher.names == ["a"]
    world.end(world.run(first), RunStatus.CANCELLED, Outcome.STOPPED)
    assert "replaced by a run that was due at 2026-03-01 12:10:00 UTC" in world.run(first).errors
    assert world.run(follower).status is RunStatus.CANCELLED
    world.engine.wake()
    assert world.launcher.names == ["a", "a"]


def test_that_a_run_is_replaced_is_not_forgotten_with_the_daemon(world: World) -> None:
    """The next daemon goes on stopping it, and says why."""
    world.task(world.job(), "a", cron("*/5 * * * *"), overlap=Overlap.REPLACE)
    world.later(minutes=5)
    (first,) = world.runs()
    world.start(first)
    world.later(minutes=5)
    world.boot()
    execution = world.store.runs.execution(first.id)
    assert execution
    assert execution.stop_requested
    world.end(world.run(first), RunStatus.CANCELLED, Outcome.STOPPED)
    assert any("replaced by" in error for error in world.run(first).errors)


@pytest.mark.parametrize(
    ("overlap", "names"), [(Overlap.SKIP, ["a"]), (Overlap.QUEUE, ["a", "a"]), (Overlap.REPLACE, ["a", "a"])], ids=str
)
def test_a_job_that_is_asked_for_again_does_what_it_says(world: World, overlap: Overlap, names: list[str]) -> None:
    """Refused, in turn, or instead."""
    job = world.job(overlap=overlap)
    world.task(job, "a")
    (first,) = world.engine.requests.run_job(job)
    world.engine.wake()
    world.start(first)
    if overlap is Overlap.SKIP:
        with pytest.raises(Refused, match=f"ccsched runs stop {first.id}"):
            world.engine.requests.run_job(job)
    else:
        world.engine.requests.run_job(job)
    if overlap is Overlap.QUEUE:
        with pytest.raises(Refused, match="waits for its turn already"):
            world.engine.requests.run_job(job)
    assert (world.launcher.stopped == [first.id]) is (overlap is Overlap.REPLACE)
    world.end(world.run(first))
    world.engine.wake()
    assert world.launcher.names == names


def test_a_change_of_schedule_does_not_lose_a_due_time(world: World) -> None:
    """One that had come while the daemon was away, and that the new schedule does not know, is on record."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"))
    world.time = NIGHT + timedelta(hours=1)
    changed = task.model_copy(update={"schedule": cron("0 5 * * *")})
    with world.store.transaction():
        world.store.tasks.put(changed)
    world.boot()
    world.engine.wake()
    assert times(world) == []
    assert skipped(world, task) == [(NIGHT, NIGHT, SkipReason.CHANGED)]


def test_jitter_moves_the_start_and_not_the_due_time(world: World) -> None:
    """By the same amount each time, and no two tasks by the same."""
    tasks = [world.task(world.job(f"j{number}"), f"t{number}", cron("0 2 * * *"), jitter=3600) for number in range(3)]
    assert len({delay(task) for task in tasks}) == 3
    last = max(tasks, key=delay)
    world.time = NIGHT + delay(last) - timedelta(seconds=1)
    world.engine.wake()
    assert len(world.runs()) == 2
    world.later(seconds=1)
    assert times(world) == [NIGHT] * 3


def test_outside_its_running_hours_a_run_waits(world: World) -> None:
    """Over midnight, by the schedule's zone; what a person asks for does not wait."""
    every = ScheduleConfig(
        type=ScheduleType.INTERVAL, interval_value=4, interval_type=IntervalType.HOURS, timezone="Asia/Tokyo"
    )
    job = world.job()
    task = world.task(job, "often", every, running_hours="22:00-06:00")
    opening = datetime(2026, 3, 2, 13, tzinfo=UTC)
    world.time = datetime(2026, 3, 2, 0, tzinfo=UTC)
    assert world.engine.wake() == datetime(2026, 3, 2, 4, tzinfo=UTC)
    assert world.launcher.names == [], "it is nine in the morning in Tokyo"
    world.time = opening - timedelta(seconds=1)
    assert world.engine.wake() == opening
    world.later(seconds=1)
    assert world.launcher.names == ["often"]
    world.end(world.runs()[0])
    world.time = datetime(2026, 3, 3, 3, tzinfo=UTC)
    world.engine.requests.run_task(task)
    world.engine.wake()
    assert world.launcher.names == ["often", "often"]


def test_a_clock_that_was_ahead_does_not_swallow_what_is_to_come(world: World) -> None:
    """What it made look missed is due again in its time, and what it ran is not run twice."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"))
    world.time = NIGHT + 30 * DAY + timedelta(hours=1)
    world.engine.wake()
    assert times(world) == [NIGHT + 30 * DAY]
    world.end(world.runs()[0])
    world.time = NIGHT - timedelta(hours=1)
    world.engine.wake()
    assert skipped(world, task) == []
    for _ in range(32):
        world.time += DAY
        world.engine.wake()
        for run in world.runs():
            if not run.status.ended:
                world.end(run)
    assert sorted(times(world)) == [NIGHT + number * DAY for number in range(32)]
    assert skipped(world, task) == []


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_machine_that_travels_is_due_by_the_clocks_of_where_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch, restarted: bool
) -> None:
    """Where the task names no zone of its own."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    world.boot()
    nine = ScheduleConfig(type=ScheduleType.CALENDAR, cron_expression="0 9 * * *")
    world.task(world.job(), "at nine", nine)
    assert world.engine.wake() == datetime(2026, 3, 2, 8, tzinfo=UTC)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    if restarted:
        world.boot()
    assert world.engine.wake() == datetime(2026, 3, 2, 0, tzinfo=UTC)
