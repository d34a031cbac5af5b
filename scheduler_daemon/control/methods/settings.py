"""``settings.*``: what a person can set for the daemon as a whole."""

from pydantic import JsonValue, ValidationError

from scheduler_daemon.control import Json
from scheduler_daemon.control.errors import invalid, invalid_params, shortened, suggestion
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.registry import Caller, NoParams, Params, Registry
from scheduler_daemon.engine.events import Changed, Events
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.store.store import Store


class SetSettings(Params):
    """What is to change."""

    changes: dict[str, JsonValue]
    """Values by name; null puts the default back."""


class SettingsMethods:
    """The methods about settings."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._events = events

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "settings.get", NoParams, self.get, summary="All settings", result=Settings)
        add(
            registry,
            "settings.set",
            SetSettings,
            self.set,
            summary="Change settings; what is not given stays",
            result=Settings,
        )

    async def get(self, params: NoParams, caller: Caller) -> Json:
        """With the defaults of those that nobody has set."""
        return self._store.settings().to_dict()

    async def set(self, params: SetSettings, caller: Caller) -> Json:
        """All of the changes, or none."""
        before = self._store.settings()
        fields = {**before.to_dict(), **params.changes}
        known = Settings.model_fields.keys()
        for name in params.changes.keys() - known:
            there = ", ".join(known)
            raise invalid(shortened(name), f"no such setting{suggestion(name, known)}; there are {there}")
        given = {name: value for name, value in fields.items() if value is not None}
        try:
            settings = Settings.from_dict(given)
        except ValidationError as error:
            raise invalid_params(error, Settings) from error
        if settings != before:
            with self._store.transaction():
                self._store.put_settings(settings)
            self._events.tell(Changed("settings", settings))
        return settings.to_dict()
