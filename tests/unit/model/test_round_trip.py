"""What ``to_dict()`` writes, ``from_dict()`` reads; nothing is lost, and nothing unknown is let in."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scheduler_daemon.model.record import Record, instant_text
from scheduler_daemon.model.run import Run
from tests.unit.model.nouns import FIELDS, INSTANTS, any_of

A_RUN = {"task_id": UUID(int=1), "task_name": "t", "job_id": UUID(int=2), "job_name": "j"}
each_model = pytest.mark.parametrize("model", FIELDS, ids=lambda model: model.__name__)


def models(of: type[Record]) -> set[type[Record]]:
    """Everything that is a record, near or far."""
    return {model for each in of.__subclasses__() for model in (each, *models(each))}


def test_every_field_of_every_model_is_tried() -> None:
    """One that is new to the model has to be added to those that are tried."""
    own = {model for model in models(Record) if model.__module__.startswith("scheduler_daemon.model.")}
    assert {model: set(model.model_fields) for model in own} == {model: set(of) for model, of in FIELDS.items()}


@each_model
@given(data=st.data())
def test_any_object_comes_back_from_json_as_it_was(model: type[Record], data: st.DataObject) -> None:
    """Through a dict and through its text, in exactly the model's fields."""
    thing = data.draw(any_of(model))
    written = thing.to_dict()
    assert list(written) == list(model.model_fields)
    assert model.from_dict(written) == thing
    read = json.loads(json.dumps(written))
    assert read == written
    assert model.from_dict(read) == thing


@each_model
@given(data=st.data())
def test_an_unknown_field_is_refused_by_its_name(model: type[Record], data: st.DataObject) -> None:
    """It may be a known one that is misspelled: dropped without a word, the night would go otherwise than meant."""
    name = data.draw(st.text(max_size=20).filter(lambda text: text not in model.model_fields))
    written = {**data.draw(any_of(model)).to_dict(), name: None}
    with pytest.raises(ValidationError) as refused:
        model.from_dict(written)
    assert [(error["type"], error["loc"]) for error in refused.value.errors()] == [("extra_forbidden", (name,))]


@given(INSTANTS)
def test_an_instant_is_written_in_utc_and_always_as_wide(instant: datetime) -> None:
    """So that texts sort as the instants do, whatever the zone they were given in."""
    run = Run.model_validate({**A_RUN, "scheduled_time": instant})
    assert run.scheduled_time.tzinfo is UTC
    text = run.to_dict()["scheduled_time"]
    assert text == instant_text(instant)
    assert len(text) == len("2000-01-01T00:00:00.000000Z")
    # Of two zones, Python calls instants unequal where a clock is put back, even if they are the same.
    assert datetime.fromisoformat(text) == instant.astimezone(UTC)


@pytest.mark.parametrize("text", ["2000-01-01T00:00:00", "2000-01-01", "yesterday"])
def test_an_instant_without_an_offset_is_refused(text: str) -> None:
    """Which instant it is would be a guess."""
    with pytest.raises(ValidationError) as refused:
        Run.from_dict({**A_RUN, "scheduled_time": text})
    assert [error["loc"] for error in refused.value.errors()] == [("scheduled_time",)]
