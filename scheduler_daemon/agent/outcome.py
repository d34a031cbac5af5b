"""Evidence in, verdict out: the only place where it is decided how a run ended.

A run is a success only because the stream says so: the agent's exit status is 0 when a tool was denied, when
a slash command does not exist, and when it was interrupted. Each rule is held against the real agent in
``tests/acceptance/test_agent_facts.py``.
"""

import signal as signals
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from scheduler_daemon.agent.stream import StreamSummary
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.run import VerifyRound

_SAID_LIMIT = 2000
_TAIL_LINES = 10
_ASKED_TO_END = {128 + number: number.name for number in (signals.SIGHUP, signals.SIGINT, signals.SIGTERM)}
"""The exit statuses by which the agent says that a signal asked it to end."""
_COMMAND_FAILED = ("unknown", "unavailable_headless", "failed")
_NO_SESSION = "No conversation found with session ID"
_NEVER_BETTER = (400, 403, 404, 413)
"""What the API says of a request that it will refuse the next time as well."""


@dataclass(frozen=True)
class Evidence:
    """All that is known of how a run ended."""

    stream: StreamSummary
    exit_code: int | None = None
    signal: int | None = None
    ended_by: Literal["stop", "time_limit"] | None = None
    """Why the run was told to end, if it was."""
    not_started: str | None = None
    """Why the agent was never started, in plain words."""
    exit_record: bool = True
    """False when the supervisor vanished without saying how the agent ended."""
    changed: bool | None = None
    """Whether the run changed anything in its directory; None where that is not known."""
    slash_command: str | None = None
    """The name of the slash command that was asked for, without the slash."""
    stop_requested: bool = False
    """Whether it was to end, be it by a person's wish or for the agent's silence, and be it that it was too late."""
    task: str = "TASK"
    """Its id, or the beginning of it, for what a person can type next."""
    run: str = "RUN"
    """The same of the run."""
    stalled: bool = False
    """Whether it was told to end because the agent said nothing any more."""


@dataclass(frozen=True)
class Verdict:
    """How a run ended, why, and what a person can do about it."""

    status: RunStatus
    outcome: Outcome
    errors: tuple[str, ...] = ()
    retriable: bool = False
    """Whether another try, with nothing changed, may well come to something else."""
    session_lost: bool = False
    """Whether it came to nothing because there is no such session to go on with."""


def weigh(evidence: Evidence) -> Verdict:
    """The verdict; the first rule that applies decides."""
    stream = evidence.stream
    clean = stream.result_seen and not stream.is_error and evidence.exit_code == 0
    if evidence.not_started is not None:
        return _failed(Outcome.NOT_STARTED, evidence.not_started)
    # Who stops a run wants nothing more to come of it, not even the next task of its sequence: this holds also
    # if the agent was faster, or if nobody is left to tell how it ended. Its work is in the directory.
    if (evidence.ended_by == "stop" or evidence.stop_requested) and not evidence.stalled:
        return Verdict(RunStatus.CANCELLED, Outcome.STOPPED)
    if evidence.ended_by == "stop" and not clean:
        return _failed(
            Outcome.TIMED_OUT,
            "The agent said nothing for longer than its task lets it, and was ended. What it said last is at the end "
            f"of its log: ccsched runs logs {evidence.run}. To give it more time: "
            f"ccsched tasks update {evidence.task} --stall-after 1h",
        )
    # A time limit only bounds the waiting: an agent that finished just before the signal met it did its work.
    if evidence.ended_by == "time_limit" and not clean:
        return _failed(
            Outcome.TIMED_OUT,
            "The run took longer than its time limit and was ended. Give the agent less to do at once, or more time: "
            f"ccsched tasks update {evidence.task} --time-limit 8h",
        )
    if not evidence.exit_record:
        return _failed(
            Outcome.INTERRUPTED,
            "The run was cut off: the process that watched over it is gone without a record of the end, as after "
            "a restart of the machine. Look at what is in the directory, then do it over: "
            f"ccsched runs restart {evidence.run}",
            retriable=True,
        )
    if evidence.signal is not None:
        return _failed(Outcome.INTERRUPTED, _killed(evidence, evidence.signal), *_stderr(stream), retriable=True)
    if not stream.result_seen:
        return _without_result(evidence)
    if stream.is_error:
        return _error(evidence)
    if (unknown := _slash_command_failed(evidence)) is not None:
        return _failed(Outcome.AGENT_ERROR, unknown)
    if stream.denials:
        return _failed(Outcome.DENIED, *_denied(evidence))
    if evidence.exit_code != 0:
        return _failed(
            Outcome.AGENT_ERROR,
            f"The agent reported that it had finished, but then ended with exit status {evidence.exit_code}. "
            f"Look at its log (ccsched runs logs {evidence.run}) and at what is in the directory.",
            *_stderr(stream),
            retriable=True,
        )
    return Verdict(RunStatus.SUCCESS, Outcome.NO_CHANGE if evidence.changed is False else Outcome.DONE)


def not_committed(verdict: Verdict, problem: str) -> Verdict:
    """The verdict on a success whose changes could not be committed as they should; ``problem`` says why."""
    return Verdict(RunStatus.FAILED, Outcome.UNVERIFIED, (*verdict.errors, problem))


def not_verified(
    verdict: Verdict, command: str, rounds: Sequence[VerifyRound], problem: str | None = None
) -> Verdict:
    """The verdict on a success whose verify command did not succeed in any of its rounds, or had none.

    ``problem`` says why there was no further round.
    """
    why = f"{problem[:1].upper()}{problem[1:]}." if problem else None
    return Verdict(
        RunStatus.FAILED,
        Outcome.UNVERIFIED,
        (*verdict.errors, *_of_rounds(command, rounds), *([why] if why else [])),
        retriable=True,
    )


def _of_rounds(command: str, rounds: Sequence[VerifyRound]) -> list[str]:
    """What there is to tell of the rounds of verifying."""
    left = "Nothing was committed; what the agent changed is in the directory."
    if not rounds:
        return [f"The agent said that it was done, but its work was not verified with: {command}. {left}"]
    last = rounds[-1]
    said = f"It said last: {last.output.strip()[-_SAID_LIMIT:]}"
    if last.timed_out:
        how = "took longer than its time limit"
    elif last.exit_code is None:
        how, said = "could not be started", f"The reason: {last.output.strip()}"
    else:
        how = f"ended with exit status {last.exit_code}"
    times = f", the last of {len(rounds)} times" if len(rounds) > 1 else ""
    found = f"The agent said that it was done, but the verify command {how}{times}: {command}. {left}"
    return [found, said] if last.output.strip() else [found]


def _without_result(evidence: Evidence) -> Verdict:
    stream, code = evidence.stream, evidence.exit_code
    if code == 0 or code is None:
        return _failed(
            Outcome.INTERRUPTED,
            "The agent ended without a result, as it does when something interrupts it. "
            f"Look at what is in the directory, then do it over: ccsched runs restart {evidence.run}",
            *_stderr(stream),
            retriable=True,
        )
    if code in _ASKED_TO_END:
        return _failed(
            Outcome.INTERRUPTED,
            f"Something other than the scheduler asked the agent to end ({_ASKED_TO_END[code]}). "
            f"Look at what is in the directory, then do it over: ccsched runs restart {evidence.run}",
            *_stderr(stream),
            retriable=True,
        )
    lost = _session_lost(stream)
    return _failed(
        Outcome.AGENT_ERROR,
        f"The agent ended with exit status {code} before it had a result. "
        f"What it wrote last says why; the whole is in its log: ccsched runs logs {evidence.run}",
        *_stderr(stream),
        # The session is one it will not find the next time either, and an option one it will not know.
        retriable=not lost and not _called_wrongly(stream),
        session_lost=lost,
    )


def _error(evidence: Evidence) -> Verdict:
    """The last result is an error: which one decides what helps."""
    stream = evidence.stream
    limit = stream.rate_limit
    refused = limit is not None and limit.status == "rejected" and not limit.using_overage
    by_api = stream.api_error_status is not None or stream.error is not None
    if stream.subtype == "error_max_turns":
        return _failed(
            Outcome.MAX_TURNS,
            "The agent used up the turns it may take before it was done. Split the task, or allow more: "
            f"ccsched tasks update {evidence.task} --max-turns N",
            *_said(stream),
        )
    if stream.subtype == "error_max_budget_usd":
        return _failed(
            Outcome.MAX_BUDGET,
            "The agent used up the money it may spend before it was done. Split the task, or allow more: "
            f"ccsched tasks update {evidence.task} --max-budget-usd USD",
            *_said(stream),
        )
    if stream.api_error_status == 429 or stream.error == "rate_limit" or (refused and by_api):
        when = ""
        if limit is not None and limit.status == "rejected" and limit.resets_at is not None:
            when = f", and is reset at {limit.resets_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return _failed(Outcome.USAGE_LIMIT, f"The account's usage limit is reached{when}.", *_said(stream))
    if (
        stream.api_error_status == 401
        or stream.error == "authentication_failed"
        or stream.result.startswith("Not logged in")
    ):
        return _failed(
            Outcome.NOT_LOGGED_IN,
            "The agent is not logged in. Start `claude` as this user and type /login, or give the task's profile a "
            "valid token: ccsched profiles update PROFILE --secret CLAUDE_CODE_OAUTH_TOKEN (or ANTHROPIC_API_KEY)",
            *_said(stream),
        )
    if (stream.terminal_reason or "").startswith("aborted"):
        return _failed(
            Outcome.INTERRUPTED,
            "Something other than the scheduler interrupted the agent. "
            f"Look at what is in the directory, then do it over: ccsched runs restart {evidence.run}",
            *_said(stream),
            retriable=True,
        )
    if stream.terminal_reason == "blocking_limit" or stream.result.startswith("Prompt is too long"):
        return _failed(
            Outcome.AGENT_ERROR,
            "The prompt, with what the session already holds, is too long for the model. "
            "Keep it short, and let it name the files the agent shall read.",
            *_said(stream),
        )
    status = f" (HTTP status {stream.api_error_status} from the API)" if stream.api_error_status else ""
    lost = _session_lost(stream)
    return _failed(
        Outcome.AGENT_ERROR,
        f"The agent ended with an error{status}. The whole of what it said: ccsched runs logs {evidence.run}",
        *_said(stream),
        *_stderr(stream),
        retriable=not lost and stream.api_error_status not in _NEVER_BETTER,
        session_lost=lost,
    )


def _session_lost(stream: StreamSummary) -> bool:
    return _NO_SESSION in stream.result or _NO_SESSION in stream.stderr_tail


def _called_wrongly(stream: StreamSummary) -> bool:
    return stream.stderr_tail.lstrip().startswith("error: ")


def _slash_command_failed(evidence: Evidence) -> str | None:
    """What is wrong with the slash command that was asked for, if anything.

    Older agents answer an unknown one with "Unknown command". Newer ones hand it to the model as if it were
    a prompt, and the model makes something of it: then only the list of known names tells. What
    the agent ran by itself without the model (no turns) was known, under that name or another.
    """
    stream, name = evidence.stream, evidence.slash_command
    listed = (
        "To see which there are, type / in `claude` in the run's directory; "
        "the task's command must begin with a name as it is shown there."
    )
    if stream.num_turns == 0 and stream.result.startswith("Unknown command: /"):
        return f"The agent knows no such slash command. {listed} It said: {stream.result}"
    if stream.command_outcome in _COMMAND_FAILED:
        said = f" It said: {stream.result}" if stream.result else ""
        return f"The slash command did not work without a person ({stream.command_outcome}). {listed}{said}"
    known = stream.slash_commands
    if name is not None and known is not None and name not in known and stream.num_turns > 0:
        return f"The agent knows no slash command /{name} and took it for a prompt. {listed}"
    return None


def _denied(evidence: Evidence) -> list[str]:
    denials = evidence.stream.denials
    tools = sorted({denial.partition(":")[0] for denial in denials})
    return [
        f"The agent was not allowed to use {', '.join(tools)}, so its work is not complete. Where that is meant, "
        "tell the agent in the prompt to do without; else name all tools that it may use, or let it use any: "
        f"ccsched tasks update {evidence.task} --allowed-tools {tools[0]} …, or --permissions bypass",
        *(f"Denied: {denial}" for denial in denials),
    ]


def _killed(evidence: Evidence, number: int) -> str:
    try:
        name = signals.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    memory = " If memory ran out, run fewer sessions at once." if number == signals.SIGKILL else ""
    return (
        f"The agent was killed ({name}), and not by the scheduler.{memory} "
        f"Look at what is in the directory, then do it over: ccsched runs restart {evidence.run}"
    )


def _said(stream: StreamSummary) -> list[str]:
    return [f"The agent said: {stream.result[:_SAID_LIMIT]}"] if stream.result.strip() else []


def _stderr(stream: StreamSummary) -> list[str]:
    lines = stream.stderr_tail.strip().splitlines()[-_TAIL_LINES:]
    return ["\n".join(lines)[-_SAID_LIMIT:]] if lines else []


def _failed(outcome: Outcome, *errors: str, retriable: bool = False, session_lost: bool = False) -> Verdict:
    return Verdict(RunStatus.FAILED, outcome, errors, retriable, session_lost)
