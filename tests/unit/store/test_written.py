"""What the files hold is remembered object by object."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler_daemon.store.migrations import STEPS
from scheduler_daemon.store.store import Store
from scheduler_daemon.store.written import Written

SHOWN = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(['{"n":1}', '{"n":2}', "null"]))
CONTENT = st.builds(Written, st.text(max_size=2), SHOWN, st.text(max_size=2), SHOWN)


def remembered(path: Path) -> dict[str, Written]:
    """What a daemon that starts now knows of the files."""
    with closing(Store(path)) as store:
        return store.written.all()


@settings(max_examples=60, deadline=None)
@given(st.lists(CONTENT, min_size=1, max_size=5), CONTENT)
def test_the_last_content_is_remembered_whatever_came_before(contents: list[Written], other: Written) -> None:
    """Its objects in their order, and the content before it; the other file keeps its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "state.db")
        with closing(Store(path)) as store:
            known = None
            for content in contents:
                with store.transaction():
                    store.written.put("tasks.json", content, known)
                    store.written.put("jobs.json", other)
                known = content
        assert remembered(path) == {"tasks.json": contents[-1], "jobs.json": other}
        assert list(remembered(path)["tasks.json"].shown) == list(contents[-1].shown)


def test_a_write_that_came_to_nothing_is_not_remembered(store: Store, tmp_path: Path) -> None:
    """What is known stays what is on record, and the next content is told from that."""
    first, second = Written.settled("1", {"a": "1", "b": "1"}), Written.settled("2", {"a": "2", "b": "2"})
    with store.transaction():
        store.written.put("tasks.json", first)
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.written.put("tasks.json", second, first)
        _ = 1 / 0
    assert remembered(tmp_path / "state.db") == {"tasks.json": first}


def test_contents_that_an_older_version_wrote_down_are_taken_over(tmp_path: Path) -> None:
    """They were kept as one text for each file."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as record:
        record.executescript("".join(STEPS[:3]))
        base = '{"b":{"name":"late \\u00e9"},"a":{"n":1.0}}'
        before = '{"a":{"n":1.0},"c":{"n":2}}'
        record.execute("INSERT INTO faces VALUES ('jobs.json', '2', ?, '1', ?)", (base, before))
        record.execute("INSERT INTO faces VALUES ('runs.json', '4', '{}', '4', '{}')")
        record.commit()
        record.execute("PRAGMA user_version = 3")
    one = '{"n":1.0}'
    shown = {"b": '{"name":"late \\u00e9"}', "a": one}
    assert remembered(path) == {
        "jobs.json": Written("2", shown, "1", {"a": one, "c": '{"n":2}'}),
        "runs.json": Written.settled("4", {}),
    }
    assert list(remembered(path)["jobs.json"].shown) == ["b", "a"]
