"""What a daemon must know of a running run to take it over from the one before."""

from typing import Any
from uuid import UUID

from pydantic import Field

from scheduler_daemon.model.record import Record
from scheduler_daemon.model.task import VerifyConfig


class Execution(Record):
    """The live side of a run: never shown to a person, deleted when the run ends."""

    supervisor_pid: int
    supervisor_identity: str
    """Equal only for the same incarnation of that process; see ``run/process.py``."""
    leg: int = 0
    """Which process of the run it supervises: the even ones are the agent, the odd ones the verify command."""
    profile: UUID | None = None
    """Whose variables it has: that of the task or the job may be another one by now."""
    verify: VerifyConfig = Field(default_factory=VerifyConfig)
    """What the task asked for when the run began: it may ask for something else by now."""
    cgroup: str | None = None
    """Where its processes are, if they have one of their own; see ``run/delegation.py``."""
    directory: str
    snapshot: dict[str, Any] | None = None
    """The work tree before the run; see ``workspace/snapshot.py``. None outside git."""
    stop_requested: bool = False
    stop_reason: str | None = None
    """Why it is stopped, where that was not a person's wish."""
    stalled: bool = False
    """Whether it is stopped because the agent said nothing any more."""
