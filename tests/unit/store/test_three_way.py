"""What a person touched follows from the copy they started from."""

import json

from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.store.three_way import Base, Fields, changed, closest, in_short, merged, same

LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
SHAPE = st.fixed_dictionaries({"a": LEAVES, "b": LEAVES, "c": st.fixed_dictionaries({"d": LEAVES, "e": LEAVES})})


@given(SHAPE, SHAPE)
def test_what_was_changed_makes_the_new_from_the_old(old: Fields, new: Fields) -> None:
    """The changed fields, put into the copy they were changed in, give the person's copy."""
    assert same(merged(old, new, list(changed(old, new))), new)


@given(SHAPE, SHAPE, SHAPE)
def test_untouched_fields_keep_the_current_value(base: Fields, mine: Fields, current: Fields) -> None:
    """Each field comes from the person if they touched it, and from the record if not."""
    result = merged(current, mine, list(changed(base, mine)))
    for name in ("a", "b"):
        expected = current[name] if same(base[name], mine[name]) else mine[name]
        assert same(result[name], expected)


def test_numbers_and_truths_are_told_apart() -> None:
    """``true`` is not 1, though Python thinks so."""
    assert list(changed({"a": True}, {"a": 1})) == [("a",)]


def test_long_texts_are_remembered_in_short() -> None:
    """A prompt of megabytes costs some bytes, and a change in its middle is seen."""
    one, other = "x" * 5_000_000, "x" * 2_500_000 + "y" + "x" * 2_499_999
    assert len(json.dumps(in_short({"command": one}))) < 120
    assert list(changed(in_short({"command": one}), in_short({"command": other}))) == [("command",)]
    assert in_short("lone \ud800" * 20) != in_short("lone \ud801" * 20)


def test_an_older_copy_is_known_by_what_it_still_says() -> None:
    """The base with the fewest differences is the one an edit was made from."""
    older: Base = {"1": {"name": "a", "stamp": 1}, "2": {"name": "b", "stamp": 1}}
    newer: Base = {"1": {"name": "a", "stamp": 1}, "2": {"name": "c", "stamp": 2}, "3": {"name": "d"}}
    assert closest([newer, older], {**older, "1": {"name": "edited", "stamp": 1}}) == older
    assert closest([newer, older], {**newer, "1": {"name": "edited", "stamp": 1}}) == newer


def test_an_older_copy_put_back_is_an_edit() -> None:
    """A file exactly like an older one differs from the newest: it was put back on purpose."""
    older: Base = {"": {"limit": 1}}
    newer: Base = {"": {"limit": 2}}
    assert closest([newer, older], {"": {"limit": 1}}) == newer
