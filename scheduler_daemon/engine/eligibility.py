"""May this run start now, and if not, what holds it?"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from scheduler_daemon.model.run import Run


class Hold(StrEnum):
    """Why an upcoming run does not start; each ends by an event that makes the engine look again."""

    SEQUENCE = "sequence"
    """The run before it in its sequence has not ended."""
    TASK = "task"
    """An earlier run of one of its sequence's tasks has not ended."""
    TIME = "time"
    """It continues another, and its time has not come."""
    LIMIT = "limit"
    """The account it is to use has reached a usage limit."""
    RESERVE = "reserve"
    """More of the account's usage is gone than scheduled runs may use."""
    COST = "cost"
    """As much has been spent in a day as may be."""
    HOURS = "hours"
    """It is outside its task's running hours."""
    DIRECTORY = "directory"
    """Another run works in its directory."""
    SLOT = "slot"
    """As many runs as may be are under way."""


@dataclass(frozen=True)
class Held:
    """What holds a run."""

    by: Hold
    run: Run | None = None
    """The run that is in its way; of many, one."""
    until: datetime | None = None
    """When it ends, where the clock decides that."""
    detail: str = ""
    hopeless: bool = False
    """Whether that is longer than its task waits."""


@dataclass
class Occupancy:
    """What live runs have taken, and who comes before whom."""

    slots: int
    """How many runs may live at the same time."""
    live: dict[UUID, Run] = field(default_factory=dict)
    directories: dict[str, Run] = field(default_factory=dict)
    firsts: dict[UUID, Run] = field(default_factory=dict)
    """By sequence: the first of its runs that has not ended."""
    rivals: dict[UUID, Run] = field(default_factory=dict)
    """By sequence: a run of an earlier sequence that shares a task with it."""

    def take(self, run: Run, directory: str) -> None:
        """Count a run as live."""
        self.live[run.id] = run
        self.directories[directory] = run


def occupancy(slots: int, unfinished: Iterable[Run], live: Iterable[UUID], keys: Mapping[UUID, str]) -> Occupancy:
    """How things stand, from all runs that have not ended, in the order of their turns.

    ``keys`` has, by run, the key of the work tree that only one run may change at a time.
    """
    runs, alive = list(unfinished), set(live)
    taken = Occupancy(slots)
    for run in runs:
        if run.id in alive:
            taken.take(run, keys[run.id])
        first = taken.firsts.setdefault(_sequence(run), run)
        if run.sequence_position < first.sequence_position:
            taken.firsts[_sequence(run)] = run
    begun = {_sequence(run) for run in taken.live.values()}
    begun |= {sequence for sequence, first in taken.firsts.items() if first.sequence_position > 0 or first.continues}
    claims: dict[UUID, Run] = {}
    # A sequence that has begun comes before one that has not, whatever the clock said when they were made.
    for run in sorted(runs, key=lambda run: _sequence(run) not in begun):
        claimed = claims.setdefault(run.task_id, run)
        if _sequence(claimed) != _sequence(run):
            taken.rivals.setdefault(_sequence(run), claimed)
    return taken


def held(run: Run, directory: str, waits: Callable[[Run], Held | None], taken: Occupancy) -> Held | None:
    """What keeps an upcoming run from starting, or None if it may start now.

    ``waits`` tells what keeps a run waiting that is no other run.
    """
    first = taken.firsts[_sequence(run)]
    if first.sequence_position < run.sequence_position:
        return Held(Hold.SEQUENCE, first)
    if rival := taken.rivals.get(_sequence(run)):
        return Held(Hold.TASK, rival)
    if waiting := waits(run):
        return waiting
    if directory in taken.directories:
        return Held(Hold.DIRECTORY, taken.directories[directory])
    if len(taken.live) >= taken.slots:
        return Held(Hold.SLOT, next(iter(taken.live.values())))
    return None


def _sequence(run: Run) -> UUID:
    return run.sequence_id or run.id
