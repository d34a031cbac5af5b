"""Which evidence leads to which verdict."""

import signal
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.agent.outcome import Evidence, Verdict, weigh
from scheduler_daemon.agent.stream import RateLimit, StreamSummary
from scheduler_daemon.model.enums import Outcome, RunStatus

GOOD = StreamSummary(results=1, subtype="success", result="bye", num_turns=2, slash_commands=frozenset({"init"}))
BAD = replace(GOOD, is_error=True, result="API Error: 500", num_turns=1)
FINISHED = Evidence(GOOD, exit_code=0)
REJECTED = RateLimit("rejected", datetime(2030, 1, 2, 3, 4, tzinfo=UTC), "five_hour")


def outcome(evidence: Evidence) -> Outcome:
    """The outcome of a verdict that is a failure and says why."""
    verdict = weigh(evidence)
    assert verdict.status is RunStatus.FAILED
    assert all(error.strip() for error in verdict.errors)
    assert verdict.errors
    return verdict.outcome


@pytest.mark.parametrize(
    ("changed", "expected"), [(True, Outcome.DONE), (None, Outcome.DONE), (False, Outcome.NO_CHANGE)]
)
def test_a_good_result_and_exit_status_zero_are_success(changed: bool | None, expected: Outcome) -> None:
    """Success says whether anything was changed, where that is known."""
    assert weigh(replace(FINISHED, changed=changed)) == Verdict(RunStatus.SUCCESS, expected)


def test_a_run_that_was_never_started_says_why() -> None:
    """The reason is the error."""
    verdict = weigh(Evidence(StreamSummary(), not_started="there is no directory /x", exit_record=False))
    assert verdict == Verdict(RunStatus.FAILED, Outcome.NOT_STARTED, ("there is no directory /x",))


@pytest.mark.parametrize("evidence", [FINISHED, Evidence(StreamSummary(), exit_code=143), Evidence(BAD, signal=9)])
def test_a_stopped_run_is_cancelled_even_if_it_was_faster(evidence: Evidence) -> None:
    """Who stops a run wants nothing more to come of it."""
    assert weigh(replace(evidence, ended_by="stop")) == Verdict(RunStatus.CANCELLED, Outcome.STOPPED)


@pytest.mark.parametrize("evidence", [FINISHED, Evidence(GOOD, exit_record=False), Evidence(BAD, exit_code=1)])
def test_a_run_that_was_to_be_stopped_is_cancelled_whatever_ended_it(evidence: Evidence) -> None:
    """Also if the signal came too late, or if nobody is left to tell how it ended."""
    stopped = replace(evidence, stop_requested=True)
    assert weigh(stopped) == Verdict(RunStatus.CANCELLED, Outcome.STOPPED)
    assert weigh(replace(stopped, stalled=True)) == weigh(replace(evidence, stalled=True))


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(StreamSummary(), exit_code=143),
        Evidence(StreamSummary(), exit_code=0),
        Evidence(GOOD, exit_code=143),
        Evidence(GOOD, signal=signal.SIGKILL),
    ],
)
def test_a_run_over_its_time_limit_has_timed_out(evidence: Evidence) -> None:
    """Also if the agent had told a result but did not end."""
    assert outcome(replace(evidence, ended_by="time_limit")) is Outcome.TIMED_OUT


def test_an_agent_that_finished_before_the_time_limit_met_it_did_its_work() -> None:
    """A good result and exit status 0 are what the run is judged by, not the late signal."""
    assert weigh(replace(FINISHED, ended_by="time_limit")).status is RunStatus.SUCCESS


def test_without_an_exit_record_a_run_was_interrupted() -> None:
    """Not even a good result makes a run a success whose end nobody saw."""
    assert outcome(Evidence(GOOD, exit_record=False)) is Outcome.INTERRUPTED


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, 99])
def test_a_killed_agent_was_interrupted(number: int) -> None:
    """A signal that was not ours is named."""
    evidence = Evidence(GOOD, signal=number)
    assert outcome(evidence) is Outcome.INTERRUPTED
    named = "signal 99" if number == 99 else signal.Signals(number).name
    assert named in weigh(evidence).errors[0]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, Outcome.INTERRUPTED),
        (143, Outcome.INTERRUPTED),
        (130, Outcome.INTERRUPTED),
        (None, Outcome.INTERRUPTED),
        (1, Outcome.AGENT_ERROR),
        (127, Outcome.AGENT_ERROR),
    ],
)
def test_no_result_is_no_success(code: int | None, expected: Outcome) -> None:
    """What the agent wrote last on standard error is part of the answer."""
    evidence = Evidence(StreamSummary(stderr_tail="one\nerror: unknown option '--x'\n"), exit_code=code)
    assert outcome(evidence) is expected
    assert "error: unknown option '--x'" in weigh(evidence).errors[-1]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (replace(BAD, api_error_status=429), Outcome.USAGE_LIMIT),
        (replace(BAD, error="rate_limit"), Outcome.USAGE_LIMIT),
        (replace(BAD, rate_limit=REJECTED, error="unknown"), Outcome.USAGE_LIMIT),
        (replace(BAD, rate_limit=REJECTED), Outcome.AGENT_ERROR),
        (
            replace(BAD, rate_limit=replace(REJECTED, using_overage=True), api_error_status=500),
            Outcome.AGENT_ERROR,
        ),
        (replace(BAD, rate_limit=RateLimit("allowed_warning"), api_error_status=500), Outcome.AGENT_ERROR),
        (replace(BAD, api_error_status=401), Outcome.NOT_LOGGED_IN),
        (replace(BAD, error="authentication_failed"), Outcome.NOT_LOGGED_IN),
        (replace(BAD, result="Not logged in · Please run /login"), Outcome.NOT_LOGGED_IN),
        (replace(BAD, subtype="error_max_turns", rate_limit=REJECTED), Outcome.MAX_TURNS),
        (replace(BAD, subtype="error_max_budget_usd"), Outcome.MAX_BUDGET),
        (
            replace(BAD, subtype="error_during_execution", terminal_reason="aborted_tools"),
            Outcome.INTERRUPTED,
        ),
        (replace(BAD, subtype="error_during_execution"), Outcome.AGENT_ERROR),
        (replace(BAD, terminal_reason="blocking_limit", error="invalid_request"), Outcome.AGENT_ERROR),
        (replace(BAD, api_error_status=529, error="server_error"), Outcome.AGENT_ERROR),
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_an_error_is_told_by_its_kind(stream: StreamSummary, expected: Outcome, code: int) -> None:
    """The stream decides, whatever the exit status; the agent's own words are passed on."""
    evidence = Evidence(stream, exit_code=code)
    assert outcome(evidence) is expected
    assert any(stream.result in error for error in weigh(evidence).errors)


def test_a_usage_limit_names_the_hour_of_its_reset() -> None:
    """The person reads when it is worth to try again."""
    evidence = Evidence(replace(BAD, api_error_status=429, rate_limit=REJECTED), exit_code=1)
    assert "2030-01-02 03:04 UTC" in weigh(evidence).errors[0]


@pytest.mark.parametrize(
    "stream",
    [
        replace(GOOD, num_turns=0, result="Unknown command: /nosuch"),
        replace(GOOD, num_turns=0, result="", command_outcome="failed"),
        replace(GOOD, num_turns=0, command_outcome="unavailable_headless"),
        GOOD,
    ],
)
def test_a_slash_command_the_agent_does_not_know_is_no_success(stream: StreamSummary) -> None:
    """Whether the agent says so, cannot run it unattended, or has the model make something of it."""
    assert outcome(Evidence(stream, exit_code=0, slash_command="nosuch")) is Outcome.AGENT_ERROR


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        (GOOD, "init"),
        (replace(GOOD, num_turns=0), "cost"),
        (replace(GOOD, slash_commands=None), "nosuch"),
        (replace(GOOD, command_outcome="restart_required"), "init"),
        (replace(GOOD, result="Unknown command: /x is what the log says"), None),
    ],
)
def test_a_slash_command_that_may_be_known_is_not_accused(stream: StreamSummary, name: str | None) -> None:
    """Another name of a command that needs no model, or an agent that does not tell its commands."""
    assert weigh(Evidence(stream, exit_code=0, slash_command=name)).status is RunStatus.SUCCESS


def test_denied_tools_are_no_success() -> None:
    """The tools are named, and what would let them through."""
    denied = replace(GOOD, denials=("Write: /a", "Bash: ls", "Write: /b"))
    verdict = weigh(Evidence(denied, exit_code=0, task="1a2b"))
    assert (verdict.status, verdict.outcome) == (RunStatus.FAILED, Outcome.DENIED)
    assert "Bash, Write" in verdict.errors[0]
    assert "ccsched tasks update 1a2b --allowed-tools Bash" in verdict.errors[0]
    assert verdict.errors[1:] == ("Denied: Write: /a", "Denied: Bash: ls", "Denied: Write: /b")


def test_a_good_result_with_a_bad_exit_status_is_no_success() -> None:
    """Something went wrong after the result."""
    assert outcome(replace(FINISHED, exit_code=3)) is Outcome.AGENT_ERROR


SUMMARIES = st.builds(
    StreamSummary,
    results=st.integers(0, 2),
    is_error=st.booleans(),
    subtype=st.sampled_from([None, "success", "error_max_turns"]),
    num_turns=st.integers(0, 1),
    result=st.sampled_from(["", "bye", "Unknown command: /x"]),
    api_error_status=st.sampled_from([None, 401, 429, 500]),
    denials=st.sampled_from([(), ("Write: a",)]),
    rate_limit=st.sampled_from([None, REJECTED]),
)
EVIDENCE = st.builds(
    Evidence,
    SUMMARIES,
    exit_code=st.sampled_from([None, 0, 1, 143]),
    signal=st.sampled_from([None, 9]),
    ended_by=st.sampled_from([None, "stop", "time_limit"]),
    not_started=st.sampled_from([None, "no directory"]),
    exit_record=st.booleans(),
    changed=st.sampled_from([None, True, False]),
    slash_command=st.sampled_from([None, "x"]),
)


@given(EVIDENCE)
def test_nothing_but_complete_evidence_is_success(evidence: Evidence) -> None:
    """Each verdict is final; success needs a good last result, exit status 0 and no denial; a failure says why."""
    verdict = weigh(evidence)
    assert verdict.status.ended
    if verdict.status is RunStatus.SUCCESS:
        stream = evidence.stream
        assert stream.result_seen
        assert not stream.is_error
        assert not stream.denials
        assert (evidence.exit_code, evidence.signal, evidence.exit_record) == (0, None, True)
        assert evidence.not_started is None
        assert evidence.ended_by != "stop"
    if verdict.status is RunStatus.FAILED:
        assert verdict.errors
