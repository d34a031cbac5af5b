"""What runs after what, and what keeps a run from starting."""

import pytest

from scheduler_daemon.engine import Refused
from scheduler_daemon.engine.events import Changed
from scheduler_daemon.model.enums import JobStatus, Outcome, RunStatus
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from tests.unit.engine.conftest import World


@pytest.fixture
def job(world: World) -> Job:
    made = world.job()
    for name in ("a", "b", "c"):
        world.task(made, name)
    return world.fresh(made)


def test_a_job_runs_its_tasks_in_order_each_after_the_one_before(world: World, job: Job) -> None:
    """All runs are on record at once; a success lets the next one start; the job is then completed."""
    runs = world.engine.requests.run_job(job)
    assert [run.status for run in world.runs()] == [RunStatus.UPCOMING] * 3
    for number, run in enumerate(runs):
        world.engine.wake()
        assert world.launcher.names == ["a", "b", "c"][: number + 1]
        assert world.fresh(job).status is JobStatus.IN_PROGRESS
        assert world.start(run)
        world.end(run)
    assert world.fresh(job).status is JobStatus.COMPLETED


def test_a_failure_ends_the_sequence_and_says_so(world: World, job: Job) -> None:
    """What would have followed is cancelled, with the reason, in the same breath."""
    first, second, third = world.engine.requests.run_job(job)
    world.engine.wake()
    world.start(first)
    world.end(first, RunStatus.FAILED, Outcome.AGENT_ERROR)
    assert world.run(first).status is RunStatus.FAILED
    for run in (second, third):
        assert world.run(run).status is RunStatus.CANCELLED
        assert world.run(run).outcome is Outcome.NOT_STARTED
        assert str(first.id) in world.run(run).errors[0]
    assert world.fresh(job).status is JobStatus.FAILED


def test_a_new_daemon_goes_on_with_a_sequence(world: World, job: Job) -> None:
    """What the sequence waits for is on record, not in the daemon's head."""
    runs = world.engine.requests.run_job(job)
    world.engine.wake()
    world.start(runs[0])
    world.boot()
    assert [order.run.id for order in world.launcher.adopted] == [runs[0].id]
    world.engine.wake()
    assert world.launcher.launched == []
    world.end(runs[0])
    world.engine.wake()
    assert world.launcher.names == ["b"]


def test_a_run_that_never_started_starts_again(world: World, job: Job) -> None:
    """A daemon that died between the record and the agent costs nothing."""
    runs = world.engine.requests.run_job(job)
    world.engine.wake()
    world.start(runs[0])
    world.boot()
    world.engine.reports.never_started(runs[0].id)
    assert world.run(runs[0]).status is RunStatus.UPCOMING
    world.engine.wake()
    assert [order.run.id for order in world.launcher.launched] == [runs[0].id]


def test_an_end_is_recorded_once(world: World, job: Job) -> None:
    """A second report of the same run's end changes nothing."""
    run = world.engine.requests.run_job(job)[0]
    world.engine.wake()
    world.start(run)
    world.end(run)
    recorded = world.run(run)
    world.later(minutes=1)
    world.end(run, RunStatus.FAILED, Outcome.AGENT_ERROR)
    assert world.run(run) == recorded


def test_jobs_in_one_directory_take_turns(world: World) -> None:
    """Oldest first; the slots that are free do not matter."""
    runs: list[Run] = []
    for name in ("x", "y"):
        job = world.job(name, path="/shared")
        runs.append(world.engine.requests.run_task(world.task(job, name)))
    world.engine.wake()
    assert world.launcher.names == ["x"]
    world.start(runs[0])
    world.end(runs[0])
    world.engine.wake()
    assert world.launcher.names == ["x", "y"]


def test_no_more_runs_live_than_there_are_slots(world: World) -> None:
    """A run that is being launched takes its slot already."""
    world.set(max_concurrent_runs=2)
    runs = [
        world.engine.requests.run_task(world.task(world.job(f"job{number}"), f"task{number}")) for number in range(3)
    ]
    world.engine.wake()
    world.engine.wake()
    assert world.launcher.names == ["task0", "task1"]
    world.start(runs[0])
    world.end(runs[0])
    world.engine.wake()
    assert world.launcher.names == ["task0", "task1", "task2"]


def test_a_task_with_an_unfinished_run_is_not_run_again(world: World, job: Job) -> None:
    """The refusal names the run and how to stop it."""
    run = world.engine.requests.run_job(job)[1]
    task = world.store.tasks.get(run.task_id)
    assert task
    with pytest.raises(Refused, match=f"ccsched runs stop {run.id}"):
        world.engine.requests.run_task(task)
    with pytest.raises(Refused, match="has a run"):
        world.engine.requests.run_job(job)


def test_a_job_without_tasks_is_refused(world: World) -> None:
    """The refusal says how to add one; so does that of a job whose tasks are all disabled."""
    empty = world.job("empty")
    with pytest.raises(Refused, match="ccsched tasks create"):
        world.engine.requests.run_job(empty)
    world.task(empty, "off", enabled=False)
    with pytest.raises(Refused, match="ccsched tasks enable"):
        world.engine.requests.run_job(world.fresh(empty))


def test_a_single_task_runs_alone_even_when_disabled(world: World, job: Job) -> None:
    """Running a task is not running its job, and an explicit wish outranks the switch."""
    task = world.task(job, "off", enabled=False)
    world.engine.requests.run_task(task)
    world.engine.wake()
    assert world.launcher.names == ["off"]


def test_stopping_a_waiting_run_ends_it_and_what_follows(world: World, job: Job) -> None:
    """Nothing of it ever starts."""
    runs = world.engine.requests.run_job(job)
    world.engine.requests.stop_run(runs[0])
    assert [world.run(run).status for run in runs] == [RunStatus.CANCELLED] * 3
    assert world.run(runs[0]).outcome is Outcome.STOPPED
    world.engine.wake()
    assert world.launcher.launched == []
    assert world.fresh(job).status is JobStatus.FAILED
    with pytest.raises(Refused, match="ended already"):
        world.engine.requests.stop_run(world.run(runs[0]))


def test_stopping_a_live_run_is_remembered(world: World, job: Job) -> None:
    """The launcher is told, and the wish is on record for the next daemon."""
    run = world.engine.requests.run_job(job)[0]
    world.engine.wake()
    world.start(run)
    world.engine.requests.stop_run(world.run(run))
    assert world.launcher.stopped == [run.id]
    execution = world.store.runs.execution(run.id)
    assert execution
    assert execution.stop_requested


def test_a_run_stopped_while_it_is_launched_does_not_start(world: World, job: Job) -> None:
    """The launcher asks before it starts the agent, and is told no."""
    run = world.engine.requests.run_job(job)[0]
    world.engine.wake()
    world.engine.requests.stop_run(run)
    assert not world.start(run)
    assert world.run(run).status is RunStatus.UPCOMING


def test_a_stopped_run_that_never_started_does_not_start_again(world: World, job: Job) -> None:
    """It ends as stopped."""
    run = world.engine.requests.run_job(job)[0]
    world.engine.wake()
    world.start(run)
    world.engine.requests.stop_run(world.run(run))
    world.engine.reports.never_started(run.id)
    assert world.run(run).status is RunStatus.CANCELLED


def test_stopping_a_job_ends_all_its_runs(world: World, job: Job) -> None:
    """Those that wait at once, the live one by its launcher."""
    runs = world.engine.requests.run_job(job)
    world.engine.wake()
    world.start(runs[0])
    assert {run.id for run in world.engine.requests.stop_job(job)} == {run.id for run in runs}
    assert [world.run(run).status for run in runs[1:]] == [RunStatus.CANCELLED] * 2
    assert world.launcher.stopped == [runs[0].id]


def test_disabling_a_task_lets_its_waiting_run_go_and_the_rest_goes_on(world: World, job: Job) -> None:
    """Its run is cancelled with the reason; the sequence is not broken by it."""
    runs = world.engine.requests.run_job(job)
    task = world.store.tasks.get(runs[1].task_id)
    assert task
    world.engine.requests.release(task)
    assert world.run(runs[1]).errors == ["its task was disabled"]
    world.engine.wake()
    world.start(runs[0])
    world.end(runs[0])
    world.engine.wake()
    assert world.launcher.names == ["a", "c"]
    world.start(runs[2])
    world.end(runs[2])
    assert world.fresh(job).status is JobStatus.COMPLETED


def test_what_happens_is_told_after_it_is_on_record(world: World, job: Job) -> None:
    """A listener that looks finds what it was told."""
    seen: list[bool] = []

    def look(event: object) -> None:
        if isinstance(event, Changed) and isinstance(event.object, Run):
            seen.append(world.store.runs.get(event.object.id) == event.object)

    world.events.subscribe(look)
    runs = world.engine.requests.run_job(job)
    world.engine.wake()
    world.start(runs[0])
    world.end(runs[0], RunStatus.FAILED, Outcome.DENIED)
    assert len(seen) == 7
    assert all(seen)
