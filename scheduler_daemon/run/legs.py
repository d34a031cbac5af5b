"""A run may take several processes, its legs: the agent, the verify command, the agent again to mend what that found.

The even legs are the agent, the odd ones the verify command. Which leg follows is decided from what the ones before
have left in the run's folder and in its log, so a daemon that comes after comes to the same answer.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.agent import prompts
from scheduler_daemon.agent.command_line import Session, command_line
from scheduler_daemon.agent.outcome import Verdict
from scheduler_daemon.model.enums import RunStatus, SessionMode
from scheduler_daemon.model.run import VerifyRound
from scheduler_daemon.run.exit_record import ExitRecord, claimed, make_folder, read_exit_record
from scheduler_daemon.run.order import Order

VERIFY_MARK = "verify| "
"""How a line of the verify command's output begins in a run's log."""
OUTPUT_LIMIT = 4096
"""Bytes of its output that are kept of a round."""
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

    def calls(self, latest: int) -> list[int]:
        """Where in the log the further calls of the agent begin, up to a leg."""
        begins = (self._begin(number) for number in range(2, latest + 1, 2))
        return [begin for begin in begins if begin is not None]

    def make_ready(self, leg: Leg) -> int:
        """An empty folder for a leg that begins; it remembers where in the log that is, which is returned."""
        folder = self.folder(leg.number)
        make_folder(folder)
        begin = 0
        with contextlib.suppress(FileNotFoundError):
            begin = self._log.stat().st_size
        (folder / _BEGIN).write_text(str(begin))
        return begin

    def rounds(self, latest: int) -> list[VerifyRound]:
        """The rounds of verifying there were, up to a leg."""
        return [self._round(number, record) for number in range(1, latest + 1, 2) if (record := self.record(number))]

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
            file.seek(max(begin or 0, end - _TAIL))
            text = file.read(max(0, end - file.tell())).decode(errors="replace")
            lines = text.splitlines()
            return "\n".join(line.removeprefix(VERIFY_MARK) for line in lines if line.startswith(VERIFY_MARK))
        return ""

    def _begin(self, number: int) -> int | None:
        try:
            return int((self.folder(number) / _BEGIN).read_text())
        except (OSError, ValueError):
            return None


def following(order: Order, legs: Legs, latest: int, verdict: Verdict, session_id: str | None) -> Leg | None:
    """The leg after the latest one, if there is one; ``verdict`` is that on the agent's last call."""
    verify = order.task.verify
    if verify.command is None or verdict.status is not RunStatus.SUCCESS:
        return None
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
    last = legs.rounds(latest)[-1:]
    left = (order.task.time_limit or order.settings.time_limit) - legs.seconds(latest)
    if not last or last[0].passed or latest // 2 >= verify.max_fix_rounds or session_id is None or left < 1:
        return None
    (found,) = last
    how = "took longer than its time limit" if found.timed_out else f"ended with exit status {found.exit_code}"
    return Leg(
        latest + 1,
        argv=command_line(order.settings.agent_command, order.task, Session(SessionMode.RESUME, session_id)),
        prompt=prompts.mend(verify.command, how, legs.said(latest)),
        header=f"the agent is called again, to mend what round {latest // 2 + 1} of verifying found",
        mark=None,
        time_limit=left,
    )
