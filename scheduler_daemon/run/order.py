"""The border between deciding and doing: what a run is started with, and what is reported of it.

The engine sees runs only through these types, so that a launcher may start them elsewhere than here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from scheduler_daemon.agent.stream import RateLimit
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run, VerifyRound
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task


@dataclass(frozen=True)
class Order:
    """Everything a run needs, as it was when its turn came."""

    run: Run
    task: Task
    job: Job
    profile: Profile | None
    """What gives the run its variables: the task's own profile, else the job's."""
    settings: Settings
    last_session: Run | None
    """The task's newest run that had a session, for the session mode ``resume``."""
    resumes: Run | None = None
    """The run whose session this one goes on with where it stopped; it has a session."""
    carried: Mapping[str, Any] | None = None
    """What it takes over of the state of the work tree from the run it continues, as that one's ending had it."""


@dataclass(frozen=True)
class Launched:
    """A run that is ready to start: its agent is started only after this is on record."""

    execution: Execution
    session_id: str | None
    log_path: str


@dataclass(frozen=True)
class Progress:
    """What a live run's stream has shown so far."""

    session_id: str | None
    num_turns: int
    log_bytes: int


@dataclass(frozen=True)
class Ending:
    """How a run ended, and what it left; the fields are those of ``Run``."""

    status: RunStatus
    outcome: Outcome
    errors: Sequence[str] = ()
    end_time: datetime | None = None
    duration: float | None = None
    """Seconds by a clock that nobody sets; from start to end by the wall clock if not known."""
    exit_code: int | None = None
    session_id: str | None = None
    output: str = ""
    raw_output: str = ""
    num_turns: int | None = None
    cost_usd: float | None = None
    model: str | None = None
    commit: str | None = None
    branch: str | None = None
    uncommitted: Sequence[str] = field(default_factory=tuple)
    base_commit: str | None = None
    verify_rounds: Sequence[VerifyRound] = ()
    leftovers: Sequence[str] = ()
    tool_times: Sequence[tuple[float, float]] = field(default_factory=tuple)
    """When the agent may have changed something: from and until, in seconds since 1970."""
    retriable: bool = False
    """Whether another try, with nothing changed, may well come to something else."""
    session_lost: bool = False
    """Whether there was no such session to go on with."""
    rate_limits: Sequence[RateLimit] = ()
    """What the agent told of the account's usage limits."""
    carried: Mapping[str, Any] | None = None
    """What a run that continues this one has to know of the work tree: the states before and after it."""


class Observer(Protocol):
    """Who is told what becomes of a run. Each call may raise ``StoreUnavailable``: then it is to be repeated."""

    def launched(self, run_id: UUID, launched: Launched) -> bool:
        """Put ``running`` on record; False when the run is no longer wanted and must not start."""

    def goes_on(self, run_id: UUID, execution: Execution) -> bool:
        """Put another process of the run on record; False when the run is to be stopped and it must not start."""

    def stalled(self, run_id: UUID, seconds: float) -> bool:
        """The agent has said nothing for so long; told once, until it says something again.

        True when the run is to be ended for it.
        """

    def progressed(self, run_id: UUID, progress: Progress) -> None:
        """Something new was seen of a live run."""

    def ended(self, run_id: UUID, ending: Ending) -> None:
        """Put the end on record."""

    def never_started(self, run_id: UUID) -> None:
        """The run was on record as running, but its agent was certainly never started: it may start again."""


class Launcher(Protocol):
    """Who starts runs. No call blocks, and none fails: what goes wrong is reported as the run's ending."""

    def launch(self, order: Order, observer: Observer) -> None:
        """Begin a run."""

    def adopt(self, order: Order, execution: Execution, observer: Observer) -> None:
        """Take over a run that was running when the daemon before this one ended."""

    def stop(self, run_id: UUID) -> None:
        """End a run that was launched or adopted; its ending is reported as ever."""

    def live(self) -> Collection[UUID]:
        """The runs that were launched or adopted and have not ended."""
