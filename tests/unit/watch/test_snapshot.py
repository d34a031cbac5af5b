"""What a watch knows, as it is kept between two daemons."""

import json
import os

from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.watch import Snapshot
from scheduler_daemon.watch.snapshot import below, differences, placed, within

_names = st.binary(min_size=1, max_size=12).filter(lambda name: not {0, 47} & set(name)).map(os.fsdecode)
_numbers = st.integers(0, 2**63)
_files = st.dictionaries(_names, st.tuples(_numbers, _numbers, _numbers), max_size=4)
_folders = st.dictionaries(st.one_of(st.just(""), _names), _files, max_size=4)


@given(_names, st.booleans(), st.lists(st.text(st.characters(codec="utf-8"))), st.none() | _numbers, _folders)
def test_a_snapshot_comes_back_from_json(
    name: str,
    recursive: bool,
    patterns: list[str],
    device: int | None,
    folders: dict[str, dict[str, tuple[int, int, int]]],
) -> None:
    """Whatever bytes names are made of, a snapshot is the same after it was kept as JSON in UTF-8."""
    snapshot = Snapshot(f"/{name}", recursive, tuple(patterns), device, folders)
    kept = json.dumps(snapshot.to_dict(), ensure_ascii=False).encode()
    assert Snapshot.from_dict(json.loads(kept)) == snapshot


@given(_folders, _folders)
def test_differences_are_all_and_nothing_else(
    before: dict[str, dict[str, tuple[int, int, int]]], after: dict[str, dict[str, tuple[int, int, int]]]
) -> None:
    """Exactly the files that are not alike before and after are told of."""
    flat = [{(folder, name): of for folder, files in folders.items() for name, of in files.items()}
            for folders in (before, after)]  # fmt: skip
    expected = {entry for entry in flat[0].keys() | flat[1].keys() if flat[0].get(entry) != flat[1].get(entry)}
    found = list(differences(before, after))
    assert set(found) == expected
    assert len(found) == len(expected)


def test_a_path_lies_in_itself_and_in_what_is_above() -> None:
    """Only whole names count; ``""`` is the watched directory, in which everything lies."""
    assert within("a/b/c", {"a/b"})
    assert within("a/b", {"a/b"})
    assert within("a/b", {""})
    assert not within("a/bc", {"a/b"})
    assert not within("a", {"a/b"})


def test_entries_are_named_from_their_directory_on() -> None:
    """Also from the topmost one."""
    assert [below(path, "/a") for path in ("/a", "/a/b/c", "/ab", "/")] == ["", "b/c", None, None]
    assert [below(path, "/") for path in ("/", "/a")] == ["", "a"]
    assert [placed("/", "a"), placed("/a", "b"), placed("/a", "")] == ["/a", "/a/b", "/a"]
