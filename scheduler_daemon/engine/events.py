"""What changed, told to whoever listens, after it is on record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog

from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.order import Progress

log = structlog.get_logger()

Kind = Literal["job", "task", "run", "profile", "settings"]


@dataclass(frozen=True)
class Changed:
    """An object was made or altered."""

    kind: Kind
    object: Job | Task | Run | Profile | Settings


@dataclass(frozen=True)
class Over:
    """A run is over, if it ever began; this is not on record."""

    run: Run
    tool_times: Sequence[tuple[float, float]]
    """When its agent may have changed something: from and until, in seconds since 1970."""


@dataclass(frozen=True)
class Final:
    """A run has come to its end, and no other one continues it; this is not on record."""

    run: Run
    task: Task


@dataclass(frozen=True)
class Stalled:
    """The agent of a live run has said nothing for too long; only the run's part of this is on record."""

    run: Run
    task: Task


@dataclass(frozen=True)
class Deleted:
    """An object is gone."""

    kind: Kind
    id: UUID


@dataclass(frozen=True)
class Progressed:
    """A live run has shown something new; this is not on record."""

    run_id: UUID
    progress: Progress


Event = Changed | Deleted | Progressed | Over | Final | Stalled
Listener = Callable[[Event], None]


class Events:
    """Hands each event to every listener, in the order things happened."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with each event from now on; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def tell(self, *events: Event) -> None:
        """Hand on what happened. A listener that fails is logged: what happened is on record whoever hears of it."""
        for event in events:
            for listener in tuple(self._listeners):
                try:
                    listener(event)
                except Exception:
                    log.exception("a listener failed", event_kind=type(event).__name__)
