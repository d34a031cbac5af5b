"""Waits for runs to end, by the events that say so."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from scheduler_daemon.engine.events import Changed, Deleted, Event, Events
from scheduler_daemon.model.run import Run
from scheduler_daemon.store.store import Store


async def until_ended(store: Store, events: Events, run_ids: Iterable[UUID]) -> None:
    """Return when none of these runs is unfinished any more."""
    waiting = {run.id for run in store.runs.unfinished()} & set(run_ids)
    ended = asyncio.Event()

    def heard(event: Event) -> None:
        if isinstance(event, Changed) and isinstance(event.object, Run) and event.object.status.ended:
            waiting.discard(event.object.id)
        elif isinstance(event, Deleted):
            waiting.intersection_update(run.id for run in store.runs.unfinished())
        if not waiting:
            ended.set()

    if waiting:
        forget = events.subscribe(heard)
        try:
            await ended.wait()
        finally:
            forget()
