"""The steps of a run between its due time and its recorded end, and who can be killed at each."""

from dataclasses import dataclass

DAEMON = "daemon"
SUPERVISOR = "supervisor"
AGENT = "agent"
ALL = "all of them"


@dataclass(frozen=True)
class Step:
    """One place in the code, or in the agent's own work, at which a process can be had to wait."""

    name: str
    victims: tuple[str, ...]
    """Who lives at that moment, and can be killed."""
    interrupts: tuple[str, ...] = ()
    """Whose end ends the run: a process of it is at work, or may be, and nothing on record says how it ended."""


STEPS = (
    Step("due-recorded", (DAEMON,)),
    Step("supervisor-spawned", (DAEMON, SUPERVISOR, ALL)),
    Step("made-ready", (DAEMON, SUPERVISOR, ALL)),
    Step("running-recorded", (DAEMON, SUPERVISOR, ALL)),
    Step("claimed", (DAEMON, SUPERVISOR, ALL), (SUPERVISOR, ALL)),
    Step("orders-sent", (DAEMON,)),
    Step("agent-started", (DAEMON, SUPERVISOR, AGENT, ALL), (SUPERVISOR, AGENT, ALL)),
    Step("agent-working", (DAEMON, SUPERVISOR, AGENT, ALL), (SUPERVISOR, AGENT, ALL)),
    Step("agent-ended", (DAEMON, SUPERVISOR, ALL), (SUPERVISOR, ALL)),
    Step("exit-recorded", (DAEMON, SUPERVISOR, ALL)),
    Step("end-seen", (DAEMON,)),
    Step("leg-recorded", (DAEMON, SUPERVISOR, ALL)),
    Step("leg-orders-sent", (DAEMON,)),
    Step("verifying", (DAEMON, SUPERVISOR, AGENT, ALL), (SUPERVISOR, ALL)),
    Step("before-commit", (DAEMON,)),
    Step("committed", (DAEMON,)),
    Step("weighed", (DAEMON,)),
    Step("end-recorded", (DAEMON,)),
    Step("folder-removed", (DAEMON,)),
)
