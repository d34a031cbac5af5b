"""What the clock starts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler_daemon.model.enums import IntervalType, RunStatus, ScheduleType, Trigger
from scheduler_daemon.model.task import ScheduleConfig, Task
from tests.unit.engine.conftest import SEQUENTIAL, World, cron


def test_a_due_task_runs_once_at_its_time(world: World) -> None:
    """Nothing before the instant, one run at it, scheduled for it, and none when the clock stands still."""
    world.task(world.job(), "nightly", cron("0 2 * * *"))
    assert world.later(hours=13, minutes=59) == datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert world.runs() == []
    world.later(minutes=1)
    world.later()
    (run,) = world.runs()
    assert run.scheduled_time == datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert run.trigger is Trigger.SCHEDULE
    assert world.launcher.names == ["nightly"]


def test_intervals_count_from_their_anchor(world: World) -> None:
    """A late look does not push the later due times back."""
    every = ScheduleConfig(type=ScheduleType.INTERVAL, interval_value=30, interval_type=IntervalType.MINUTES)
    world.task(world.job(), "often", every)
    assert world.later(minutes=37) == datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
    (run,) = world.runs()
    assert run.scheduled_time == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_missed_due_times_are_one_run_for_the_newest(world: World) -> None:
    """A daemon that comes back after three missed nights runs once, for the last of them."""
    world.task(world.job(), "nightly", cron("0 2 * * *"))
    world.time = datetime(2026, 3, 4, 9, tzinfo=UTC)
    world.boot()
    assert world.engine.wake() == datetime(2026, 3, 5, 2, tzinfo=UTC)
    assert [run.scheduled_time for run in world.runs()] == [datetime(2026, 3, 4, 2, tzinfo=UTC)]


def test_a_clock_that_is_set_back_runs_nothing_twice(world: World) -> None:
    """The due time that was met stays met."""
    world.task(world.job(), "nightly", cron("0 2 * * *"))
    world.later(hours=14, minutes=1)
    world.end(world.runs()[0])
    world.later(hours=-2)
    world.later(hours=2)
    assert len(world.runs()) == 1


def test_a_due_task_whose_run_has_not_ended_is_skipped(world: World) -> None:
    """The next due time finds it again."""
    world.task(world.job(), "often", cron("*/5 * * * *"))
    world.later(minutes=5)
    world.start(world.runs()[0])
    world.later(minutes=5)
    assert len(world.runs()) == 1
    world.end(world.runs()[0])
    world.later(minutes=5)
    assert len(world.runs()) == 2


def test_the_sequential_tasks_after_a_due_one_follow_it(world: World) -> None:
    """Up to the next task with a time of its own; disabled ones are left out."""
    job = world.job()
    world.task(job, "first", cron("0 2 * * *"))
    world.task(job, "second", SEQUENTIAL)
    world.task(job, "off", SEQUENTIAL, enabled=False)
    world.task(job, "third", SEQUENTIAL)
    world.task(job, "manual")
    world.task(job, "not reached", SEQUENTIAL)
    world.later(hours=14)
    assert [(run.task_name, run.trigger) for run in world.runs()] == [
        ("first", Trigger.SCHEDULE),
        ("second", Trigger.SEQUENCE),
        ("third", Trigger.SEQUENCE),
    ]


def test_a_disabled_task_is_not_due_and_an_enabled_one_counts_anew(world: World) -> None:
    """What passed while it was disabled is not caught up."""
    task = world.task(world.job(), "nightly", cron("0 2 * * *"), enabled=False)
    assert world.later(hours=30) is None
    with world.store.transaction():
        enabled = task.model_copy(update={"enabled": True})
        world.store.tasks.put(enabled)
        world.engine.planner.plan(enabled)
    assert world.later() == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert world.runs() == []


def test_an_edit_that_leaves_the_schedule_alone_keeps_its_due_time(world: World) -> None:
    """A new name is no new anchor."""
    every = ScheduleConfig(type=ScheduleType.INTERVAL, interval_value=1, interval_type=IntervalType.HOURS)
    task = world.task(world.job(), "often", every)
    world.later(minutes=50)
    with world.store.transaction():
        renamed = task.model_copy(update={"name": "hourly"})
        world.store.tasks.put(renamed)
        world.engine.planner.plan(renamed)
    assert world.later() == datetime(2026, 3, 1, 13, tzinfo=UTC)


def test_tasks_that_were_edited_behind_its_back_are_planned_anew(world: World) -> None:
    """Another schedule, another jitter, a task that is new, disabled or no longer due by the clock: each is seen."""
    job = world.job()
    kinds = ("as it was", "schedule", "jitter", "no jitter", "disabled", "manual", "enabled")
    tasks = {
        name: world.task(
            job,
            name,
            cron("0 2 * * *"),
            jitter=86400 if name in ("no jitter", "as it was") else 0,
            enabled=name != "enabled",
        )
        for name in kinds
    }
    before = {name: world.store.schedules.get(task.id) for name, task in tasks.items()}
    edits: dict[str, dict[str, object]] = {
        "schedule": {"schedule": cron("0 3 * * *")},
        "jitter": {"jitter": 86400},
        "no jitter": {"jitter": 0},
        "disabled": {"enabled": False},
        "manual": {"schedule": ScheduleConfig()},
        "enabled": {"enabled": True},
    }
    new = Task(job_id=job.id, name="new", command="x", schedule=cron("0 4 * * *"))
    with world.store.transaction():
        for name, edit in edits.items():
            world.store.tasks.put(tasks[name].model_copy(update=edit))
        world.store.tasks.put(new)
    world.engine.replan()
    plans = {name: world.store.schedules.get(task.id) for name, task in [*tasks.items(), ("new", new)]}
    assert [name for name, plan in plans.items() if plan is None] == ["disabled", "manual"]
    night = datetime(2026, 3, 2, tzinfo=UTC)
    assert {name: plan.next_due - night for name, plan in plans.items() if plan} == {
        **dict.fromkeys(("as it was", "jitter", "no jitter", "enabled"), timedelta(hours=2)),
        "schedule": timedelta(hours=3),
        "new": timedelta(hours=4),
    }
    assert plans["as it was"] == before["as it was"]
    late = {name for name, plan in plans.items() if plan and plan.fires_at > plan.next_due}
    assert late == {"as it was", "jitter"}


def test_all_are_planned_anew_for_other_zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that starts where the machine's zone is another one follows its clock, and the next one as well."""
    expression = ScheduleConfig(type=ScheduleType.CALENDAR, cron_expression="0 2 * * *")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    world = World(tmp_path)
    task = world.task(world.job(), "nightly", expression)
    for zone, hour in (("Europe/Berlin", 1), ("Asia/Tokyo", 17), ("Asia/Tokyo", 17), ("Europe/Berlin", 1)):
        monkeypatch.setenv("TZ", zone)
        world.boot()
        plan = world.store.schedules.get(task.id)
        assert plan
        assert plan.next_due.hour == hour
    world.store.close()


def test_a_task_whose_profile_is_gone_fails_and_says_so(world: World) -> None:
    """A run that cannot start is on record all the same."""
    job = world.job()
    task = world.task(job, "nightly", cron("0 2 * * *"))
    with world.store.transaction():
        world.store.tasks.put(task.model_copy(update={"profile": job.id}))
    world.later(hours=14)
    (run,) = world.runs()
    assert run.status is RunStatus.FAILED
    assert "profile" in run.errors[0]
