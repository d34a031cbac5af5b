"""A run may take several processes, its legs: the agent, the verify command, the agent again to mend what that found.

The even legs are the agent, the odd ones the verify command. Which leg follows is decided from what the ones before
have left in the run's folder and in its log, so a daemon that comes after comes to the same answer.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.agent import prompts
from scheduler_daemon.agent.command_line import Session, command_line
from scheduler_daemon.agent.outcome import Verdict
from scheduler_daemon.agent.stream import StreamSummary
from scheduler_daemon.model.enums import RunStatus, SessionMode
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.run import VerifyRound
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.exit_record import ExitRecord, claimed, make_folder, read_exit_record
from scheduler_daemon.run.order import Order

VERIFY_MARK = "verify| "
"""How a line of the verify command's output begins in a run's log."""
OUTPUT_LIMIT = 4096
"""Bytes of its output that are kept of a round."""
LEAST_BUDGET = 0.01
"""US dollars; with less left the agent is not called again."""
_TAIL = 64 * 1024
_BEGIN = "log_begin"


@dataclass(frozen=True)
class Leg:
    """One process of a run, after the first."""

    number: int
    argv: list[str]
    prompt: str
    header: str
    """What the run's log says before it."""
    mark: str | None
    time_limit: float


@dataclass(frozen=True)
class CutShort:
    """Why no leg follows although one would have to; nothing where none has to."""

    stopped: bool = False
    """The run was stopped before it began."""
    problem: str | None = None


class Legs:
    """What the legs of one run have left."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder = folder
        self._log = log

    def folder(self, number: int) -> Path:
        """Where a leg's claim and exit record are."""
        return self._folder / str(number) if number else self._folder

    def record(self, number: int) -> ExitRecord | None:
        """A leg's exit record; None if its supervisor has not come to write one."""
        return read_exit_record(self.folder(number))

    def never_began(self, number: int) -> bool:
        """Whether it is certain that a leg's process was never started."""
        return self._folder.exists() and self.record(number) is None and not claimed(self.folder(number))

    def began(self, latest: int) -> int:
        """The latest leg that began: the latest one on record may not have."""
        return latest - 1 if latest and self.never_began(latest) else latest

    def calls(self, latest: int) -> list[int]:
        """Where in the log the further calls of the agent begin, up to a leg."""
        begins = (self._begin(number) for number in range(2, latest + 1, 2))
        return [begin for begin in begins if begin is not None]

    def make_ready(self, leg: Leg) -> None:
        """An empty folder for a leg that begins; it remembers where in the log that is."""
        folder = self.folder(leg.number)
        make_folder(folder)
        begin = 0
        with contextlib.suppress(FileNotFoundError):
            begin = self._log.stat().st_size
        (folder / _BEGIN).write_text(str(begin))

    def rounds(self, latest: int) -> list[VerifyRound]:
        """The rounds of verifying there were, up to a leg."""
        return [self._round(number, record) for number in range(1, latest + 1, 2) if (record := self.record(number))]

    def verify_times(self, latest: int) -> list[tuple[float, float]]:
        """When the verify command was at work, up to a leg: from and until, in seconds since 1970."""
        return [times for number in range(1, latest + 1, 2) for times in self._times(number)]

    def _times(self, number: int) -> Iterator[tuple[float, float]]:
        record = self.record(number)
        if record is None:
            with contextlib.suppress(OSError):
                yield (self.folder(number) / _BEGIN).stat().st_mtime, time.time()
        elif record.started_at is not None:
            yield record.started_at.timestamp(), record.ended_at.timestamp()

    def seconds(self, latest: int) -> float:
        """How long the agent has run, up to a leg."""
        records = (self.record(number) for number in range(0, latest + 1, 2))
        return sum(record.duration or 0.0 for record in records if record)

    def _round(self, number: int, record: ExitRecord) -> VerifyRound:
        status = -record.signal if record.signal is not None else record.exit_code
        timed_out = record.ended_by == "time_limit"
        return VerifyRound(
            passed=status == 0 and record.ended_by is None,
            exit_code=status,
            timed_out=timed_out,
            duration=record.duration or 0.0,
            output=record.not_started or self.said(number)[-OUTPUT_LIMIT:],
        )

    def said(self, number: int) -> str:
        """The end of what a round of verifying said."""
        begin, end = self._begin(number), self._begin(number + 1)
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            end = self._log.stat().st_size if end is None else end
            start = max(begin or 0, end - _TAIL)
            file.seek(start)
            lines = file.read(max(0, end - start)).decode(errors="replace").split("\n")
            within = lines[:1] if start > (begin or 0) and not lines[0].startswith(VERIFY_MARK) else []
            said = [line.removeprefix(VERIFY_MARK) for line in lines if line.startswith(VERIFY_MARK)]
            return "\n".join([*within, *said])
        return ""

    def _begin(self, number: int) -> int | None:
        try:
            return int((self.folder(number) / _BEGIN).read_text())
        except (OSError, ValueError):
            return None


def following(
    order: Order, execution: Execution, legs: Legs, verdict: Verdict, stream: StreamSummary
) -> Leg | CutShort:
    """The leg after the latest one that began, if there is one; ``verdict`` is that on the agent's last call."""
    verify, latest = execution.verify, legs.began(execution.leg)
    if verify.command is None or verdict.status is not RunStatus.SUCCESS:
        return CutShort()
    if latest % 2 == 0:
        number = latest + 1
        return Leg(
            number,
            argv=["/bin/sh", "-c", verify.command],
            prompt="",
            header=f"verify, round {number // 2 + 1}: {verify.command}",
            mark=VERIFY_MARK,
            time_limit=verify.time_limit,
        )
    record = legs.record(latest)
    if record is None or record.ended_by == "stop" or record.not_started is not None:
        return CutShort()
    found = legs.rounds(latest)[-1]
    if found.passed or latest // 2 >= verify.max_fix_rounds or stream.session_id is None:
        return CutShort()
    left = (order.task.time_limit or order.settings.time_limit) - legs.seconds(latest)
    task = _with_the_rest(order.task, stream)
    if left < 1 or task is None:
        spent = "time" if task else "turns or money"
        return CutShort(problem=f"the agent was not asked to mend it, for the task allows no more {spent}")
    how = "took longer than its time limit" if found.timed_out else f"ended with exit status {found.exit_code}"
    return Leg(
        latest + 1,
        argv=command_line(order.settings.agent_command, task, Session(SessionMode.RESUME, stream.session_id)),
        prompt=prompts.mend(verify.command, how, legs.said(latest)),
        header=f"the agent is called again, to mend what round {latest // 2 + 1} of verifying found",
        mark=None,
        time_limit=left,
    )


def _with_the_rest(task: Task, stream: StreamSummary) -> Task | None:
    """The task with what is left of the turns and the money that a run of it may take; None if that is nothing.

    The agent counts both anew each time it is called.
    """
    turns = None if task.max_turns is None else task.max_turns - stream.num_turns
    budget = None if task.max_budget_usd is None else round(task.max_budget_usd - (stream.cost_usd or 0.0), 6)
    if (turns is not None and turns < 1) or (budget is not None and budget < LEAST_BUDGET):
        return None
    return task.model_copy(update={"max_turns": turns, "max_budget_usd": budget})
