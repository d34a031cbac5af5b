"""A profile: the environment variables a run gets on top of the daemon's own."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import Field, JsonValue, StringConstraints, model_validator

from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.job import Name
from scheduler_daemon.model.limits import UsdPerDay
from scheduler_daemon.model.record import Instant, Record, now

MASK = "•••"
"""What is shown in place of a secret."""


class EnvVar(Record):
    """One variable and where its value comes from."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    source: EnvVarSource = EnvVarSource.STATIC
    value: str = ""
    """The value itself (``static``), or what the source looks it up by."""
    config: dict[str, JsonValue] = Field(default_factory=dict)
    """What the source wants to know beside; for ``static``: ``plain``, the value is no secret, and ``required``,
    without a value a run fails."""

    @model_validator(mode="after")
    def _value_is_not_the_mask(self) -> "EnvVar":
        if self.source is EnvVarSource.STATIC and self.value == MASK:
            raise ValueError(f"{self.name}: {MASK} stands for a value that is not shown; give the value itself")
        return self

    @property
    def is_secret(self) -> bool:
        """Whether ``value`` is a secret that may not be shown."""
        return self.source is EnvVarSource.STATIC and bool(self.value) and self.config.get("plain") is not True


class Profile(Record):
    """A named set of environment variables."""

    id: UUID = Field(default_factory=uuid4)
    name: Name
    description: str = ""
    env_vars: list[EnvVar] = Field(default_factory=list)
    max_usd_per_day: UsdPerDay | None = None
    """What the runs that use it may cost in any 24 hours before new ones wait."""
    created_at: Instant = Field(default_factory=now)
    updated_at: Instant = Field(default_factory=now)

    def shown(self, reveal: bool = False) -> dict[str, Any]:
        """``to_dict()`` for other eyes: the values that are secrets are masked, unless they are to be revealed."""
        fields = self.to_dict()
        for variable, written in zip(self.env_vars, fields["env_vars"], strict=True):
            if variable.is_secret and not reveal:
                written["value"] = MASK
        return fields

    @model_validator(mode="after")
    def _each_variable_once(self) -> "Profile":
        names = [variable.name for variable in self.env_vars]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"env_vars sets {name} twice")
        return self
