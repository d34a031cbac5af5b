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
    passing: int = 1
    """Which of the times in a night that it is taken is meant."""


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

MENDING = (
    Step("leg-recorded", (DAEMON, SUPERVISOR, ALL), passing=2),
    Step("leg-orders-sent", (DAEMON,), passing=2),
    Step("claimed", (DAEMON, SUPERVISOR), (SUPERVISOR,), passing=3),
    Step("agent-started", (DAEMON, AGENT), (AGENT,), passing=3),
    Step("agent-ended", (DAEMON, SUPERVISOR), (SUPERVISOR,), passing=3),
    Step("exit-recorded", (DAEMON, ALL), passing=3),
    Step("verifying", (SUPERVISOR,), (SUPERVISOR,), passing=2),
)
"""Those of the agent that mends what the first round of verifying found, and of the second round."""
