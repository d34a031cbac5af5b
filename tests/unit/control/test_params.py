"""What a client is told about params that do not fit."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field, StringConstraints, ValidationError, field_validator

from scheduler_daemon.control.errors import InvalidParams, invalid_params
from scheduler_daemon.control.registry import Caller, NoParams, Params, Registry
from scheduler_daemon.model.record import Instant
from tests.unit.control.conftest import Ask


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Schedule(Params):
    cron_expression: str = "* * * * *"
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "UTC":
            raise ValueError(f"{value!r} is no time zone")
        return value


class Variable(Params):
    name: str
    value: Annotated[str, StringConstraints(max_length=3)] = ""
    secret_ref: int = 0


class Everything(Params):
    name: Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
    code: Annotated[str, StringConstraints(pattern=r"^[a-z]+$", max_length=5)] = "x"
    count: Annotated[int, Field(ge=1, le=9)] = 1
    ratio: float = 0.5
    colour: Colour = Colour.RED
    unit: Literal["day", "hour"] = "day"
    enabled: bool = True
    job: UUID | None = None
    at: Instant | None = None
    tags: Annotated[list[str], Field(max_length=2)] = Field(default_factory=list)
    schedule: Schedule | None = None
    schedules: list[Schedule] = Field(default_factory=list)
    variables: list[Variable] = Field(default_factory=list)
    env_name: Colour = Colour.RED


def _told(**given: Any) -> InvalidParams:
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate({"name": "x"} | given)
    return invalid_params(caught.value, Everything)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": ""}, "name: must not be empty"),
        ({"name": "  "}, "name: must not be blank"),
        ({"name": 5}, "name: must be a text, not 5"),
        ({"name": None}, "name: must be a text, not null"),
        ({"code": "A1"}, "code: must match the pattern ^[a-z]+$, not 'A1'"),
        ({"code": "abcdef"}, "code: must have at most 5 characters, not 'abcdef'"),
        ({"count": 0}, "count: must be at least 1, not 0"),
        ({"count": 10}, "count: must be at most 9, not 10"),
        ({"count": "many"}, "count: must be a whole number, not 'many'"),
        ({"count": 1.5}, "count: must be a whole number, not 1.5"),
        ({"ratio": "x"}, "ratio: must be a number, not 'x'"),
        ({"colour": "green"}, "colour: must be one of 'red' or 'blue', not 'green'"),
        ({"unit": "week"}, "unit: must be one of 'day' or 'hour', not 'week'"),
        ({"enabled": "perhaps"}, "enabled: must be true or false, not 'perhaps'"),
        ({"job": "nightly"}, "job: must be an id (a UUID), not 'nightly'"),
        ({"at": "soon"}, "at: must be an instant, such as 2031-05-17T22:30:00Z, not 'soon'"),
        (
            {"at": "2031-05-17T22:30:00"},
            "at: must name its offset, such as Z or +01:00, not '2031-05-17T22:30:00'",
        ),
        ({"tags": "a"}, "tags: must be a list, not 'a'"),
        ({"tags": ["a", "b", "c"]}, "tags: must have at most 2 entries"),
        ({"tags": ["a", 2]}, "tags.1: must be a text, not 2"),
        ({"schedule": 7}, "schedule: must be an object, not 7"),
        ({"schedule": {"timezone": "Mars"}}, "schedule.timezone: 'Mars' is no time zone"),
        ({"nmae": "x"}, "nmae: no such field; did you mean name?"),
        ({"qqqqqq": "x"}, "qqqqqq: no such field"),
        (
            {"schedule": {"cron": "x"}},
            "schedule.cron: no such field; did you mean cron_expression?",
        ),
        (
            {"schedules": [{}, {"time_zone": "x"}]},
            "schedules.1.time_zone: no such field; did you mean timezone?",
        ),
        ({"variables": [{}]}, "variables.0.name: must be given"),
    ],
)
def test_each_mistake_is_told_in_plain_words(given: dict[str, Any], message: str) -> None:
    """The field by its path, what it must be, and what it was."""
    assert _told(**given).message == message


def test_every_field_is_listed() -> None:
    """One round trip shows all mistakes, in the message and, for programs, in the data."""
    error = _told(name="", count=0)
    assert error.code == -32602
    assert error.message == "name: must not be empty; count: must be at least 1, not 0"
    assert error.data == {
        "kind": "invalid_params",
        "errors": [
            {"field": "name", "message": "must not be empty"},
            {"field": "count", "message": "must be at least 1, not 0"},
        ],
    }


def test_input_of_private_fields_is_never_repeated() -> None:
    """A secret in the wrong place stays out of terminals and logs."""
    for given in (
        {"variables": [{"name": "x", "value": "hunter2"}]},
        {"variables": [{"name": "x", "secret_ref": "hunter2"}]},
        {"env_name": "hunter2"},
    ):
        assert "hunter2" not in str(_told(**given).message)


def test_long_input_is_never_repeated() -> None:
    """Neither a value nor a field name of any size comes back."""
    long = "y" * 5000
    for given in (
        {"count": long},
        {"colour": long},
        {long: 1},
        {"schedule": {"timezone": long}},
        {"schedule": {long: long}},
    ):
        assert len(_told(**given).message) < 300, given.keys()


def test_a_flood_of_mistakes_is_cut_short() -> None:
    """The answer to ten thousand unknown fields is a few lines and a number."""
    error = _told(**{f"field{number}": 1 for number in range(10_000)})
    assert error.message.endswith("; and 9980 more")
    assert len(error.message) < 3000


def test_too_many_params_by_position_are_refused(ask: Ask) -> None:
    """The message says how many the method takes and what they are."""
    error = ask('{"jsonrpc":"2.0","method":"subtract","params":[1,2,3],"id":1}')["error"]
    assert error["code"] == -32602
    assert error["message"] == (
        "3 params were given by position, and this method takes at most 2 (minuend, subtrahend)"
    )


def test_too_few_params_by_position_name_what_is_missing(ask: Ask) -> None:
    """Position maps to the names in the order of the fields."""
    error = ask('{"jsonrpc":"2.0","method":"subtract","params":[1],"id":1}')["error"]
    assert (error["code"], error["message"]) == (-32602, "subtrahend: must be given")


def test_a_method_name_can_be_taken_once() -> None:
    """Two methods of one name are a mistake of ours, told at start."""

    def nothing(_params: NoParams, _caller: Caller) -> None:
        return None

    registry = Registry()
    registry.register("a.b", NoParams, nothing, summary="Nothing.")
    with pytest.raises(ValueError, match=r"a\.b is registered twice"):
        registry.register("a.b", NoParams, nothing, summary="Nothing.")
