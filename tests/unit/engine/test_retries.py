"""A run that failed is tried again: when, how often, and what comes of its sequence."""

from datetime import timedelta
from typing import Any

import pytest

from scheduler_daemon.engine.continuation import retry_wait
from scheduler_daemon.engine.events import Final
from scheduler_daemon.model.enums import JobStatus, Outcome, RunStatus, Trigger
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import RetryConfig, Task
from tests.unit.engine.conftest import World, cron

FAILED = RunStatus.FAILED
TWICE = RetryConfig(max_retries=2, retry_delay=60)


def fails(world: World, run: Run, outcome: Outcome = Outcome.AGENT_ERROR, **more: Any) -> None:
    """A run starts, and ends as one that may be tried again."""
    world.go(run)
    world.end(run, FAILED, outcome, **{"retriable": True, **more})


@pytest.fixture
def task(world: World) -> Task:
    """One that is tried three times in all."""
    return world.task(world.job(), "a", retry=TWICE)


def test_a_failed_run_is_tried_again_after_its_delay(world: World, task: Task) -> None:
    """The next try is on record as soon as the first has failed, and starts when its time has come, not before."""
    first = world.engine.requests.run_task(task)
    fails(world, first)
    second = world.last()
    assert (second.trigger, second.attempt, second.continues) == (Trigger.RETRY, 2, first.id)
    assert second.scheduled_time == world.time + timedelta(seconds=60)
    assert world.run(first).continued_by == second.id
    assert str(second.id) in world.run(first).errors[-1]
    assert world.later(seconds=59) == second.scheduled_time
    assert world.launcher.names == ["a"]
    world.later(seconds=1)
    assert world.launcher.names == ["a", "a"]


def test_each_further_try_waits_twice_as_long_and_the_last_is_the_last(world: World, task: Task) -> None:
    """After as many tries as were asked for it stays failed, and says so."""
    fails(world, world.engine.requests.run_task(task))
    world.later(seconds=60)
    fails(world, world.last())
    assert world.last().scheduled_time == world.time + timedelta(seconds=120)
    world.later(seconds=120)
    last = world.last()
    fails(world, last)
    assert world.last() == world.run(last)
    assert "tried 3 times" in world.run(last).errors[-1]


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 60), (2, 120), (3, 240), (4, 300), (100, 300)], ids=lambda value: str(value)
)
def test_the_delay_grows_up_to_a_limit(attempt: int, seconds: int) -> None:
    """It doubles each time."""
    retry = RetryConfig(max_retries=100, retry_delay=60, max_retry_delay=300)
    assert retry_wait(retry, attempt) == timedelta(seconds=seconds)


def test_a_person_is_told_once_after_the_last_try(world: World, task: Task) -> None:
    """Not of each."""
    fails(world, world.engine.requests.run_task(task))
    assert not [event for event in world.heard if isinstance(event, Final)]
    world.later(seconds=60)
    second = world.last()
    world.go(second)
    world.end(second)
    (told,) = [event for event in world.heard if isinstance(event, Final)]
    assert (told.run.id, told.run.status) == (second.id, RunStatus.SUCCESS)


def test_an_end_that_another_try_would_not_mend_is_the_end(world: World, task: Task) -> None:
    """As the verdict has it."""
    run = world.engine.requests.run_task(task)
    fails(world, run, Outcome.NOT_LOGGED_IN, retriable=False)
    assert world.last() == world.run(run)


def test_a_success_and_a_stop_are_not_tried_again(world: World, task: Task) -> None:
    """Whatever else is said of them."""
    for status, outcome in ((RunStatus.SUCCESS, Outcome.DONE), (RunStatus.CANCELLED, Outcome.STOPPED)):
        run = world.engine.requests.run_task(task)
        world.go(run)
        world.end(run, status, outcome, retriable=True)
        assert world.last() == world.run(run)


def test_the_rest_of_a_sequence_waits_for_the_retry(world: World) -> None:
    """Nothing is cancelled; the job is in progress, and completed when the retry and the rest have succeeded."""
    job = world.job()
    world.task(job, "a", retry=TWICE)
    world.task(job, "b")
    first, second = world.engine.requests.run_job(world.fresh(job))
    fails(world, first)
    assert world.run(second).status is RunStatus.UPCOMING
    assert world.fresh(job).status is JobStatus.IN_PROGRESS
    world.later(seconds=60)
    again = world.last()
    assert world.launcher.names == ["a", "a"]
    world.start(again)
    world.end(again)
    world.go(second)
    world.end(second)
    assert world.fresh(job).status is JobStatus.COMPLETED


def test_the_rest_of_a_sequence_is_left_out_after_the_last_try(world: World) -> None:
    """And the job has failed."""
    job = world.job()
    world.task(job, "a", retry=RetryConfig(max_retries=1, retry_delay=0))
    world.task(job, "b")
    first, second = world.engine.requests.run_job(world.fresh(job))
    fails(world, first)
    fails(world, world.last())
    assert world.run(second).outcome is Outcome.NOT_STARTED
    assert world.fresh(job).status is JobStatus.FAILED


def test_the_wait_survives_the_daemon(world: World, task: Task) -> None:
    """It is on record."""
    fails(world, world.engine.requests.run_task(task))
    world.boot()
    world.later(seconds=59)
    assert world.launcher.names == []
    world.later(seconds=1)
    assert world.launcher.names == ["a"]


def test_a_run_cut_off_with_the_machine_is_tried_again(world: World, task: Task) -> None:
    """The next daemon finds neither its process nor its end, and that is one that may be tried again."""
    run = world.engine.requests.run_task(task)
    world.go(run)
    world.boot()
    world.end(run, FAILED, Outcome.INTERRUPTED, retriable=True)
    assert world.last().continues == run.id


def test_a_waiting_try_can_be_stopped(world: World, task: Task) -> None:
    """It never starts."""
    fails(world, world.engine.requests.run_task(task))
    world.engine.requests.stop_run(world.last())
    assert world.last().outcome is Outcome.STOPPED
    world.later(seconds=600)
    assert world.launcher.names == ["a"]


def test_a_task_that_was_disabled_is_not_tried_again(world: World) -> None:
    """Nor does a try that waits still start; but one that a person asked for by itself goes on."""
    job = world.job()
    task = world.task(job, "a", cron("0 13 * * *"), retry=TWICE)
    world.later(hours=1)
    run = world.last()
    world.start(run)
    disabled = task.model_copy(update={"enabled": False})
    with world.store.transaction():
        world.store.tasks.put(disabled)
    world.end(run, FAILED, Outcome.AGENT_ERROR, retriable=True)
    assert world.last().id == run.id
    fails(world, world.engine.requests.run_task(disabled))
    assert world.last().trigger is Trigger.RETRY
    world.engine.requests.release(disabled)
    assert world.last().status is RunStatus.UPCOMING


def test_a_due_time_that_comes_while_a_try_waits_is_no_second_run(world: World) -> None:
    """It is skipped as while a run is under way, and on record as such."""
    job = world.job()
    task = world.task(job, "a", cron("0 13,14 * * *"), retry=RetryConfig(max_retries=1, retry_delay=7000))
    world.later(hours=1)
    run = world.last()
    world.start(run)
    world.end(run, FAILED, Outcome.AGENT_ERROR, retriable=True)
    world.later(hours=1)
    assert len(world.runs()) == 2
    (skipped,) = world.store.skipped.newest(task.id, 10)
    assert skipped.reason.value == "overlap"


def test_what_a_try_needs_of_the_one_before_comes_with_its_order(world: World, task: Task) -> None:
    """What the work tree was like before it."""
    carried = {"before": {"x": 1}, "left": {"x": 2}}
    fails(world, world.engine.requests.run_task(task), carried=carried)
    world.later(seconds=60)
    assert world.launcher.launched[-1].carried == carried
    assert world.launcher.launched[-1].resumes is None


def test_why_says_that_a_task_waits_for_its_next_try(world: World, task: Task) -> None:
    """And until when."""
    fails(world, world.engine.requests.run_task(task))
    why = world.engine.why(task)
    assert (why.reason, why.until) == ("time", world.last().scheduled_time)
    assert "next try" in why.message


def test_a_run_that_was_told_to_stop_is_not_tried_again(world: World, task: Task) -> None:
    """Also if it had failed just before, or nobody saw how it ended."""
    for outcome in (Outcome.AGENT_ERROR, Outcome.INTERRUPTED):
        run = world.engine.requests.run_task(task)
        world.go(run)
        world.engine.requests.stop_run(run)
        world.end(run, FAILED, outcome, retriable=True)
        assert world.last().id == run.id
    assert (world.last().status, world.last().outcome) == (RunStatus.CANCELLED, Outcome.STOPPED)


def test_a_run_that_was_replaced_is_not_tried_again(world: World) -> None:
    """The one in its place does the work."""
    task = world.task(world.job(), "a", retry=TWICE, overlap="replace")
    first = world.engine.requests.run_task(task)
    world.go(first)
    second = world.engine.requests.run_task(task)
    world.end(first, FAILED, Outcome.AGENT_ERROR, retriable=True)
    assert world.last().id == second.id


def test_a_sequence_is_done_over_in_its_order(world: World) -> None:
    """Also where one of its tasks was tried again, and so is the last on record."""
    job = world.job()
    for name in ("a", "b", "c"):
        world.task(job, name, retry=RetryConfig(max_retries=1, retry_delay=0))
    runs = world.engine.requests.run_job(world.fresh(job))
    world.go(runs[0])
    world.end(runs[0])
    fails(world, runs[1])
    for name in ("b", "c"):
        world.engine.wake()
        run = next(each for each in world.runs() if each.task_name == name and each.status is RunStatus.UPCOMING)
        world.start(run)
        world.end(run)
    again = world.engine.requests.restart(world.run(runs[0]))
    assert [run.task_name for run in again] == ["a", "b", "c"]


def test_a_wait_that_a_wrong_clock_made_is_not_waited_for(world: World, task: Task) -> None:
    """No try waits longer than its task has it wait."""
    right = world.time
    world.time += timedelta(days=365)
    fails(world, world.engine.requests.run_task(task))
    world.time = right
    world.engine.wake()
    assert world.launcher.names == ["a", "a"]


def test_a_due_time_queues_behind_a_waiting_try(world: World) -> None:
    """The sequence of that has begun, so one more may wait."""
    retry = RetryConfig(max_retries=1, retry_delay=7000)
    world.task(world.job(), "a", cron("0 13,14 * * *"), retry=retry, overlap="queue")
    world.later(hours=1)
    run = world.last()
    world.start(run)
    world.end(run, FAILED, Outcome.AGENT_ERROR, retriable=True)
    world.later(hours=1)
    assert [each.trigger for each in world.runs()] == [Trigger.SCHEDULE, Trigger.RETRY, Trigger.SCHEDULE]


def test_disabling_a_task_whose_try_waits_leaves_its_failure_standing(world: World) -> None:
    """What was to follow it is not started, and the job has failed."""
    job = world.job()
    task = world.task(job, "a", retry=TWICE)
    world.task(job, "b")
    first, second = world.engine.requests.run_job(world.fresh(job))
    fails(world, first)
    disabled = task.model_copy(update={"enabled": False})
    with world.store.transaction():
        world.store.tasks.put(disabled)
    world.engine.requests.release(disabled)
    assert world.run(second).outcome is Outcome.NOT_STARTED
    assert world.fresh(job).status is JobStatus.FAILED


def test_a_try_goes_on_where_the_first_run_was_deleted(world: World, task: Task) -> None:
    """Nothing of what it is for is lost with the record of the first."""
    first = world.engine.requests.run_task(task)
    fails(world, first)
    with world.store.transaction():
        world.store.runs.delete(first.id)
        world.store.tasks.put(task.model_copy(update={"enabled": False}))
    world.later(seconds=60)
    fails(world, world.last())
    assert world.last().attempt == 3
