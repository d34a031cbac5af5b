"""After a restore nothing starts of which nobody can say whether it was done since."""

from datetime import UTC, datetime, timedelta

from scheduler_daemon.model.enums import JobStatus, Outcome, RunStatus, SkipReason
from scheduler_daemon.store.replacement import RESTORED
from tests.unit.engine.conftest import SEQUENTIAL, World, cron

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)


def restore(world: World) -> None:
    """What is on record now was a backup, and a daemon starts on it two days later."""
    with world.store.transaction():
        world.store.notes.put(RESTORED, world.time.isoformat())
    world.time = NIGHT + timedelta(days=2, hours=7)
    world.boot()
    world.engine.wake()


def test_due_times_since_the_backup_are_passed_over(world: World) -> None:
    """They are on record with the reason, and the next one is met as ever."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"))
    restore(world)
    assert world.runs() == []
    lines = world.store.skipped.newest(task.id, 10)
    assert [(line.first_due, line.last_due) for line in reversed(lines)] == [
        (NIGHT, NIGHT + timedelta(days=1)),
        (NIGHT + timedelta(days=2), NIGHT + timedelta(days=2)),
    ]
    assert {line.reason for line in lines} == {SkipReason.MISSED}
    assert all("restored from a backup of 2026-03-01" in line.detail for line in lines)
    world.later(days=1)
    assert [run.scheduled_time for run in world.runs()] == [NIGHT + timedelta(days=3)]


def test_what_was_under_way_is_ended(world: World) -> None:
    """What was running has failed, with no retry; what was to come is cancelled; the job is not in progress."""
    job = world.job()
    first = world.task(job, "first", retry={"max_retries": 3})
    world.task(job, "second", SEQUENTIAL)
    alone = world.task(world.job("other"), "alone")
    running, following = world.engine.requests.run_job(job)
    world.go(running)
    waiting = world.engine.requests.run_task(alone)
    restore(world)
    assert world.launcher.launched == world.launcher.adopted == []
    assert [(world.run(run).status, world.run(run).outcome) for run in (running, following, waiting)] == [
        (RunStatus.FAILED, Outcome.INTERRUPTED),
        (RunStatus.CANCELLED, Outcome.NOT_STARTED),
        (RunStatus.CANCELLED, Outcome.NOT_STARTED),
    ]
    assert "restored from a backup of" in world.run(waiting).errors[0]
    assert world.fresh(job).status is JobStatus.FAILED
    assert len(world.runs()) == 3
    again = world.engine.requests.run_task(first)
    world.engine.wake()
    assert [order.run.id for order in world.launcher.launched] == [again.id]


def test_it_is_done_once(world: World) -> None:
    """The next start is an ordinary one."""
    restore(world)
    run = world.engine.requests.run_task(world.task(world.job(), "t"))
    world.boot()
    world.engine.wake()
    assert [order.run.id for order in world.launcher.launched] == [run.id]
