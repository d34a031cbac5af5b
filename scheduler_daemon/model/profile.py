"""A profile: the environment variables a run gets on top of the daemon's own."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import Field, StringConstraints, model_validator

from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.job import Name
from scheduler_daemon.model.record import Instant, Record, now


class EnvVar(Record):
    """One variable and where its value comes from."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    source: EnvVarSource = EnvVarSource.STATIC
    value: str = ""
    """The value itself (``static``), or what the source looks it up by."""
    config: dict[str, Any] = Field(default_factory=dict)


class Profile(Record):
    """A named set of environment variables."""

    id: UUID = Field(default_factory=uuid4)
    name: Name
    description: str = ""
    env_vars: list[EnvVar] = Field(default_factory=list)
    created_at: Instant = Field(default_factory=now)
    updated_at: Instant = Field(default_factory=now)

    @model_validator(mode="after")
    def _each_variable_once(self) -> "Profile":
        names = [variable.name for variable in self.env_vars]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"env_vars sets {name} twice")
        return self
