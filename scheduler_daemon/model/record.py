"""What every noun shares: strict fields, instants in UTC, and a plain-dict form."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def instant_text(value: datetime) -> str:
    """An instant as every file, table and answer writes it: UTC, microseconds, a trailing ``Z``.

    The width is constant, so texts sort in the order of the instants.
    """
    return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


Instant = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
]
"""An aware datetime, held in UTC; a text without an offset is refused rather than guessed."""


def now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


class Record(BaseModel):
    """A noun with ``to_dict()`` and ``from_dict()``; unknown fields are refused, not dropped."""

    model_config = ConfigDict(extra="forbid", validate_assignment=False, use_enum_values=False)

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON values, in the field names of the data model."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The object that ``to_dict()`` wrote.

        Raises:
            pydantic.ValidationError: naming each field that is missing, unknown or out of range.
        """
        return cls.model_validate(data)
