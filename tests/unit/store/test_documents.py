"""A person's JSON is read strictly, and any part of it is found again by its line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from scheduler_daemon.store.documents import Document, Unacceptable

TEXT = """
[
  {"id": 1, "name": "a"},

  {
    "id": 2, "tags": ["x",
      "y"],
    "schedule" : {
      "type":
        "manual"
    }
  }
]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        ((0,), 3),
        ((0, "name"), 3),
        ((1,), 5),
        ((1, "tags", 0), 6),
        ((1, "tags", 1), 7),
        ((1, "schedule"), 8),
        ((1, "schedule", "type"), 9),
        ((1, "schedule", "timezone"), 8),
        ((1, "nothing", "at", "all"), 5),
        ((7, "name"), 2),
    ],
)
def test_a_part_is_found_by_its_line(path: tuple[str | int, ...], line: int) -> None:
    """A field's line is that of its name; what is not there is placed where it would belong."""
    assert Document.parse("x.json", TEXT.encode()).line(path) == line


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(st.text(), VALUES, min_size=1), min_size=1), st.data())
def test_any_field_of_any_document_is_found(value: list[dict[str, JsonValue]], data: st.DataObject) -> None:
    """In an indented document, the line found for a field begins with its name."""
    text = json.dumps(value, indent=1)
    document = Document.parse("x.json", text.encode())
    assert document.value == value
    place = data.draw(st.integers(0, len(value) - 1))
    name = data.draw(st.sampled_from(sorted(value[place])))
    line = text.split("\n")[document.line((place, name)) - 1]
    assert line.lstrip().startswith(f"{json.dumps(name)}:")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "x.json, line 1: this is not JSON"),
        (b"[\n{},\n}", "x.json, line 3: this is not JSON"),
        (b'[{"a": 1,\n"b": {"a": 1,\n"a": 2}}]', "x.json, line 3, a: the object has this field twice"),
        (b'["\n"]', "x.json, line 1: this is not JSON: invalid control character"),
        (b"[\n\n\xff]", "x.json, line 3: this is not UTF-8"),
        (b"[NaN]", "x.json: this is not JSON the daemon can read: NaN"),
        (b"[" * 200_000, "x.json: this is not JSON the daemon can read: it is nested too deep"),
        (b"9" * 5000, "x.json: this is not JSON the daemon can read"),
        (b"[] []", "x.json, line 1: this is not JSON: extra data"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(content: bytes, problem: str) -> None:
    """A person is told the line, and what is wrong there."""
    with pytest.raises(Unacceptable) as failure:
        Document.parse("x.json", content)
    assert str(failure.value).startswith(problem)


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Some editors begin a file with one."""
    assert Document.parse("x.json", b"\xef\xbb\xbf[]").value == []
