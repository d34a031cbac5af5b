"""What a daemon must know of a running run to take it over from the one before."""

from typing import Any

from scheduler_daemon.model.record import Record


class Execution(Record):
    """The live side of a run: never shown to a person, deleted when the run ends."""

    supervisor_pid: int
    supervisor_identity: str
    """Equal only for the same incarnation of that process; see ``run/process.py``."""
    leg: int = 0
    """Which process of the run it supervises: the even ones are the agent, the odd ones the verify command."""
    directory: str
    snapshot: dict[str, Any] | None = None
    """The work tree before the run; see ``workspace/snapshot.py``. None outside git."""
    stop_requested: bool = False
    stop_reason: str | None = None
    """Why it is stopped, where that was not a person's wish."""
    stalled: bool = False
    """Whether it is stopped because the agent said nothing any more."""
