"""``events.*``: every change, as it is put on record."""

from scheduler_daemon.control import Json
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.registry import Caller, NoParams, Registry
from scheduler_daemon.engine.events import Changed, Deleted, Event, Events
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.settings import Settings


def _changed(event: Changed) -> dict[str, Json]:
    thing = event.object
    return {
        "kind": event.kind,
        "action": "changed",
        "id": None if isinstance(thing, Settings) else str(thing.id),
        "object": thing.shown() if isinstance(thing, Profile) else thing.to_dict(),
    }


class EventMethods:
    """The subscription to everything."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def register(self, registry: Registry) -> None:
        """Add it."""
        add(
            registry,
            "events.subscribe",
            NoParams,
            self.subscribe,
            summary="From now on the notification events.changed for every change, until the connection ends",
        )

    async def subscribe(self, params: NoParams, caller: Caller) -> Json:
        """One subscription a call."""

        def heard(event: Event) -> None:
            if isinstance(event, Changed):
                caller.notify("events.changed", _changed(event))
            elif isinstance(event, Deleted):
                caller.notify("events.changed", {"kind": event.kind, "action": "deleted", "id": str(event.id)})

        caller.on_close(self._events.subscribe(heard))
        return {"subscribed": True}
