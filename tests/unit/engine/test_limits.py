"""Usage limits and costs: what they end, what they hold back, and how it goes on."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler_daemon.agent.stream import RateLimit
from scheduler_daemon.engine.accounts import SLACK
from scheduler_daemon.model.enums import JobStatus, Outcome, RunStatus, Trigger
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from tests.unit.engine.conftest import World, cron


def five_hours(resets_at: datetime | None, status: str = "rejected", **more: Any) -> RateLimit:
    """What the agent tells of the window of five hours."""
    return RateLimit(status, resets_at=resets_at, type="five_hour", **more)


def refuse(world: World, run: Run, *told: RateLimit, **more: Any) -> Run:
    """A run starts, and the account refuses it; the newest run after that."""
    world.go(run)
    world.end(run, RunStatus.FAILED, Outcome.USAGE_LIMIT, rate_limits=told, session_id=str(run.id), **more)
    return world.last()


def profile(world: World, name: str, **more: Any) -> Profile:
    """A profile on record."""
    made = Profile(name=name, **more)
    with world.store.transaction():
        world.store.profiles.put(made)
    return made


@pytest.fixture
def task(world: World) -> Task:
    return world.task(world.job(), "a")


def test_a_refused_run_goes_on_after_the_reset_in_the_same_session(world: World, task: Task) -> None:
    """It ends as what it is; what continues it is on record at once, and starts a little after the reset."""
    reset = world.time + timedelta(hours=2)
    first = world.engine.requests.run_task(task)
    second = refuse(world, first, five_hours(reset), carried={"before": {}, "left": {}})
    assert (world.run(first).status, world.run(first).outcome) == (RunStatus.FAILED, Outcome.USAGE_LIMIT)
    assert world.run(first).continued_by == second.id
    assert str(second.id) in world.run(first).errors[-1]
    assert (second.trigger, second.resumes, second.attempt) == (Trigger.LIMIT_RESET, first.id, 1)
    assert (second.scheduled_time, second.status) == (reset + SLACK, RunStatus.UPCOMING)
    assert world.later(hours=2) == reset + SLACK
    assert world.launcher.names == ["a"]
    world.later(seconds=SLACK.total_seconds())
    order = world.launcher.launched[-1]
    assert order.run.id == second.id
    assert order.resumes
    assert order.resumes.id == first.id
    assert order.carried


def test_the_daemon_may_end_while_a_limit_is_waited_for(world: World, task: Task) -> None:
    """The next one goes on at the reset, or at once if that has passed."""
    second = refuse(world, world.engine.requests.run_task(task), five_hours(world.time + timedelta(hours=2)))
    world.boot()
    world.later(hours=1)
    assert world.launcher.names == []
    world.time += timedelta(hours=5)
    world.boot()
    world.engine.wake()
    assert [order.run.id for order in world.launcher.launched] == [second.id]


def test_other_runs_of_the_account_wait_as_well_and_other_accounts_do_not(world: World) -> None:
    """Nothing is started only to be refused; the slot is free for others."""
    work, home = profile(world, "work"), profile(world, "home")
    first, second, third = (
        world.task(world.job(name), name, profile=of.id) for name, of in (("a", work), ("b", work), ("c", home))
    )
    world.set(max_concurrent_runs=1)
    reset = world.time + timedelta(hours=1)
    refuse(world, world.engine.requests.run_task(first), five_hours(reset))
    world.engine.requests.run_task(second)
    world.engine.requests.run_task(third)
    world.engine.wake()
    assert world.launcher.names == ["a", "c"]
    why = world.engine.why(second)
    assert (why.reason, why.until) == ("limit", reset + SLACK)
    assert "'work'" in why.message


def test_after_the_reset_runs_start_in_their_original_order(world: World) -> None:
    """By when they were first to start, whenever they were refused."""
    world.set(max_concurrent_runs=2)
    tasks = [world.task(world.job(name), name) for name in ("a", "b", "c")]
    runs = [world.engine.requests.run_task(task) for task in tasks[:2]]
    world.later(seconds=1)
    world.engine.requests.run_task(tasks[2])
    for run in runs:
        world.go(run)
    reset = world.time + timedelta(hours=1)
    for run in reversed(runs):
        world.end(run, RunStatus.FAILED, Outcome.USAGE_LIMIT, rate_limits=[five_hours(reset)], session_id="s")
    world.set(max_concurrent_runs=3)
    world.later(hours=1, seconds=10)
    assert world.launcher.names[2:] == ["a", "b", "c"]


def test_a_job_stays_in_progress_while_a_limit_is_waited_for(world: World) -> None:
    """The rest of its sequence follows the run that goes on."""
    job = world.job()
    world.task(job, "a")
    world.task(job, "b")
    first, rest = world.engine.requests.run_job(world.fresh(job))
    second = refuse(world, first, five_hours(world.time + timedelta(minutes=5)))
    assert world.fresh(job).status is JobStatus.IN_PROGRESS
    assert world.run(rest).status is RunStatus.UPCOMING
    world.later(minutes=6)
    assert world.launcher.names == ["a", "a"]
    world.start(second)
    world.end(second)
    world.go(rest)
    world.end(rest)
    assert world.fresh(job).status is JobStatus.COMPLETED


def test_without_a_reset_time_the_waits_grow_up_to_a_limit(world: World, task: Task) -> None:
    """Five minutes, ten, twenty, forty, and an hour from then on."""
    world.set(max_limit_wait=86400)
    run = world.engine.requests.run_task(task)
    waits = []
    for _ in range(6):
        refused_at = world.time
        run = refuse(world, run)
        waits.append((run.scheduled_time - refused_at).total_seconds() / 60)
        world.time = run.scheduled_time
    assert waits == [5, 10, 20, 40, 60, 60]
    world.go(run)
    world.end(run)
    run = refuse(world, world.engine.requests.run_task(task))
    assert run.scheduled_time == world.time + timedelta(minutes=5)


def test_patience_ends(world: World) -> None:
    """A limit that is reset later than the task waits ends it, and says so; the waits add up."""
    task = world.task(world.job(), "a", max_limit_wait=3 * 3600)
    run = refuse(world, world.engine.requests.run_task(task), five_hours(world.time + timedelta(hours=2)))
    assert run.limit_waited == 2 * 3600 + SLACK.total_seconds()
    world.time = run.scheduled_time
    assert refuse(world, run, five_hours(world.time + timedelta(hours=2))).id == run.id
    assert "max_limit_wait" in world.run(run).errors[-1]
    assert world.fresh(world.store.jobs.all()[0]).status is JobStatus.FAILED


def test_a_run_that_would_wait_too_long_for_somebody_elses_refusal_is_given_up(world: World) -> None:
    """It ends with a word on why, rather than waiting for days in silence."""
    first, second = (world.task(world.job(name), name) for name in ("a", "b"))
    world.set(max_limit_wait=7 * 86400)
    refuse(world, world.engine.requests.run_task(first), five_hours(world.time + timedelta(days=6)))
    world.set(max_limit_wait=3600)
    run = world.engine.requests.run_task(second)
    world.engine.wake()
    assert (world.run(run).status, world.run(run).outcome) == (RunStatus.FAILED, Outcome.USAGE_LIMIT)
    assert "max_limit_wait" in world.run(run).errors[0]


def test_waiting_can_be_switched_off_for_a_task(world: World) -> None:
    """It fails as it is, and does not wait for what others were refused."""
    task = world.task(world.job(), "a", wait_for_limit=False)
    run = world.engine.requests.run_task(task)
    assert refuse(world, run, five_hours(world.time + timedelta(hours=1))).id == run.id
    run = world.engine.requests.run_task(task)
    world.engine.wake()
    assert world.launcher.names == ["a", "a"]


def test_a_limit_of_one_model_holds_that_model_only(world: World) -> None:
    """Sonnet goes on when Opus has none left."""
    opus = world.task(world.job("o"), "opus", model="claude-opus-4-1")
    sonnet = world.task(world.job("s"), "sonnet", model="sonnet")
    refused = RateLimit("rejected", resets_at=world.time + timedelta(hours=3), type="seven_day_opus")
    refuse(world, world.engine.requests.run_task(opus), refused)
    world.engine.requests.run_task(sonnet)
    world.engine.wake()
    assert world.launcher.names == ["opus", "sonnet"]


def test_an_account_that_goes_on_at_a_price_is_not_held(world: World, task: Task) -> None:
    """It is past its limit, and pays for more."""
    run = world.engine.requests.run_task(task)
    world.go(run)
    world.end(run, rate_limits=[five_hours(world.time + timedelta(hours=1), using_overage=True)])
    world.engine.requests.run_task(task)
    world.engine.wake()
    assert world.launcher.names == ["a", "a"]


def test_a_lost_session_is_no_reason_to_give_up(world: World, task: Task) -> None:
    """The task begins anew then, once."""
    run = refuse(world, world.engine.requests.run_task(task), five_hours(world.time + timedelta(minutes=1)))
    world.later(minutes=2)
    world.start(run)
    world.end(run, RunStatus.FAILED, Outcome.AGENT_ERROR, session_lost=True)
    anew = world.last()
    assert (anew.continues, anew.resumes) == (run.id, None)
    world.go(anew)
    world.end(anew, RunStatus.FAILED, Outcome.AGENT_ERROR, session_lost=True)
    assert world.last().id == anew.id


def test_a_reserve_holds_scheduled_runs_and_not_a_persons(world: World) -> None:
    """Once more of a window is used than they may, until it is reset."""
    world.set(reserve=80)
    job = world.job()
    task = world.task(job, "a", cron("0 13 * * *"))
    reset = world.time + timedelta(hours=3)
    run = world.engine.requests.run_task(task)
    world.go(run)
    world.end(run, rate_limits=[five_hours(reset, "allowed_warning", utilization=0.81)])
    world.later(hours=1)
    assert world.launcher.names == ["a"]
    why = world.engine.why(task)
    assert (why.reason, why.until) == ("reserve", reset + SLACK)
    assert "81%" in why.message
    world.engine.requests.stop_run(world.last())
    world.engine.requests.run_task(task)
    world.engine.wake()
    assert world.launcher.names == ["a", "a"]


def test_a_reserve_that_is_not_used_up_holds_nothing(world: World) -> None:
    """Just as much as may be used is not more."""
    world.set(reserve=80)
    task = world.task(world.job(), "a", cron("0 13 * * *"))
    run = world.engine.requests.run_task(task)
    world.go(run)
    world.end(run, rate_limits=[five_hours(world.time + timedelta(hours=3), "allowed", utilization=0.8)])
    world.later(hours=1)
    assert world.launcher.names == ["a", "a"]


@pytest.mark.parametrize("of", ["all", "job", "profile"])
def test_what_has_been_spent_in_a_day_holds_new_runs(world: World, of: str) -> None:
    """Until so much of it is a day ago that less than the limit is left."""
    limit: dict[str, Any] = {"max_usd_per_day": 1.0}
    using = profile(world, "work", **(limit if of == "profile" else {}))
    job = world.job(profile=using.id, **(limit if of == "job" else {}))
    world.set(**Settings(**(limit if of == "all" else {})).to_dict())
    task = world.task(job, "a")
    ends = []
    for usd in (0.4, 0.7):
        run = world.engine.requests.run_task(task)
        world.go(run)
        world.later(minutes=10)
        world.end(run, cost_usd=usd)
        ends.append(world.time)
    world.engine.requests.run_task(task)
    assert world.engine.wake() == ends[0] + timedelta(days=1)
    assert world.launcher.names == ["a", "a"]
    why = world.engine.why(task)
    assert (why.reason, why.until) == ("cost", ends[0] + timedelta(days=1))
    assert {"all": "all runs", "job": "'job'", "profile": "'work'"}[of] in why.message
    world.time = ends[0] + timedelta(days=1)
    world.engine.wake()
    assert world.launcher.names == ["a", "a", "a"]


def test_a_run_that_is_deleted_has_cost_what_it_has_cost(world: World) -> None:
    """Deleting it makes no room."""
    task = world.task(world.job(max_usd_per_day=1.0), "a")
    run = world.engine.requests.run_task(task)
    world.go(run)
    world.end(run, cost_usd=1.0)
    with world.store.transaction():
        world.store.runs.delete(run.id)
    world.engine.requests.run_task(task)
    world.engine.wake()
    assert world.launcher.names == ["a"]


def test_a_silent_agent_is_told_of_and_stopped_if_so_wanted(world: World) -> None:
    """Only where the task says so."""
    patient = world.task(world.job("p"), "patient")
    strict = world.task(world.job("s"), "strict", stop_when_stalled=True)
    for task, ends in ((patient, False), (strict, True)):
        run = world.engine.requests.run_task(task)
        world.go(run)
        assert world.engine.reports.stalled(run.id, 1800) is ends
        assert world.run(run).stalled_at == world.time
        execution = world.store.runs.execution(run.id)
        assert execution
        assert (execution.stalled, execution.stop_requested) == (ends, ends)


@pytest.mark.parametrize("told", ["seven_day_overage_included", "something_new"])
def test_a_limit_of_an_unknown_kind_is_waited_for(world: World, task: Task, told: str) -> None:
    """It counts for every model."""
    reset = world.time + timedelta(hours=2)
    refused = RateLimit("rejected", resets_at=reset, type=told)
    assert refuse(world, world.engine.requests.run_task(task), refused).scheduled_time == reset + SLACK


def test_a_refusal_beside_a_limit_of_another_model_is_waited_for(world: World) -> None:
    """As one without a reset time: nothing is tried again at once."""
    opus = world.task(world.job("o"), "opus", model="opus")
    sonnet = world.task(world.job("s"), "sonnet", model="sonnet")
    refused = RateLimit("rejected", resets_at=world.time + timedelta(hours=3), type="seven_day_opus")
    refuse(world, world.engine.requests.run_task(opus), refused)
    run = refuse(world, world.engine.requests.run_task(sonnet))
    assert run.scheduled_time == world.time + timedelta(minutes=5)


def test_what_a_run_waited_for_otherwise_is_no_waiting_for_a_limit(world: World) -> None:
    """Patience with a limit is not used up by running hours, or by the tasks before it."""
    world.set(max_limit_wait=3600)
    task = world.task(world.job(), "a", cron("0 13 * * *"), running_hours="02:00-06:00")
    world.later(hours=1)
    run = world.last()
    world.time += timedelta(hours=13)
    other = world.engine.requests.run_task(world.task(world.job("other"), "b"))
    world.go(other)
    reset = world.time + timedelta(minutes=10)
    world.end(other, RunStatus.FAILED, Outcome.USAGE_LIMIT, rate_limits=[five_hours(reset)])
    world.engine.wake()
    assert world.run(run).status in (RunStatus.UPCOMING, RunStatus.RUNNING)
    assert world.engine.why(task).reason in ("limit", "running", "starting")


def test_a_run_that_began_before_a_refusal_does_not_take_it_back(world: World) -> None:
    """What it was allowed is older than what the other was refused."""
    early, late = (world.task(world.job(name), name) for name in ("early", "late"))
    first = world.engine.requests.run_task(early)
    world.go(first)
    reset = world.time + timedelta(hours=4)
    world.later(minutes=5)
    refuse(world, world.engine.requests.run_task(late), five_hours(reset))
    world.later(minutes=5)
    world.end(first, rate_limits=[five_hours(reset, "allowed")])
    world.engine.requests.run_task(early)
    world.engine.wake()
    assert world.launcher.names == ["early", "late"]


def test_a_run_is_charged_to_the_account_that_it_used(world: World) -> None:
    """Whatever profile its task has got while it was under way."""
    old, new = profile(world, "old"), profile(world, "new")
    task = world.task(world.job(), "a", profile=old.id, wait_for_limit=False)
    run = world.engine.requests.run_task(task)
    world.go(run)
    with world.store.transaction():
        world.store.tasks.put(task.model_copy(update={"profile": new.id}))
    refused = five_hours(world.time + timedelta(hours=1))
    world.end(run, RunStatus.FAILED, Outcome.USAGE_LIMIT, rate_limits=[refused], cost_usd=1.0)
    assert world.store.limits.get(new.id).windows == []
    assert world.store.limits.get(old.id).windows[0].status == "rejected"
    assert world.store.spending.since(world.time - timedelta(days=1), world.time, profile_id=old.id)


def test_a_task_that_is_given_another_account_need_not_wait_for_the_first(world: World) -> None:
    """Its run goes on as soon as the engine looks."""
    old, new = profile(world, "old"), profile(world, "new")
    task = world.task(world.job(), "a", profile=old.id)
    refuse(world, world.engine.requests.run_task(task), five_hours(world.time + timedelta(hours=1)))
    with world.store.transaction():
        world.store.tasks.put(task.model_copy(update={"profile": new.id}))
    world.engine.wake()
    assert world.launcher.names == ["a", "a"]


def test_what_a_schedule_began_goes_on_within_its_running_hours(world: World) -> None:
    """Also after a reset that comes when they are over."""
    task = world.task(
        world.job(), "a", cron("30 12 * * *"), running_hours="12:00-13:30", wait_for_limit=True, max_limit_wait=86400
    )
    world.later(minutes=30)
    run = refuse(world, world.last(), five_hours(world.time + timedelta(hours=2)))
    world.time = run.scheduled_time
    world.engine.wake()
    assert world.launcher.names == ["a"]
    assert world.engine.why(task).reason == "hours"


def test_a_clock_that_was_wrong_holds_nothing_for_years(world: World, task: Task) -> None:
    """What it put in the future is no reason to wait, once the clock has been set right."""
    right = world.time
    world.time += timedelta(days=400)
    limited = world.task(world.job("limited", max_usd_per_day=1.0), "limited")
    run = world.engine.requests.run_task(limited)
    world.go(run)
    world.end(run, RunStatus.FAILED, Outcome.USAGE_LIMIT, cost_usd=2.0)
    world.time = right
    world.engine.requests.stop_run(world.last())
    world.engine.requests.run_task(task)
    world.engine.requests.run_task(limited)
    world.engine.wake()
    assert sorted(world.launcher.names[1:]) == ["a", "limited"]
