"""Reading which files there are, where not everything can be read."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler_daemon.watch.scan import Reader, TooMany
from scheduler_daemon.watch.selection import Selection


def _reader(top: Path, cover: Callable[[str], None] = lambda directory: None, most_files: int = 100) -> Reader:
    return Reader(str(top), True, Selection(()).skips, True, most_files, cover)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with files at three depths."""
    for name in ("one", "a/two", "a/b/three", "c/four"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def _names(folders: object) -> dict[str, list[str]]:
    assert isinstance(folders, dict)
    return {folder: sorted(files) for folder, files in folders.items()}


def test_what_cannot_be_read_stays_as_it_was_known(tree: Path) -> None:
    """A directory that is there and cannot be read keeps the files it had, and is noted to be read again."""
    before = _reader(tree).read("", {})
    (tree / "a/two").write_text("changed")
    (tree / "c/four").write_text("changed")

    def refuse(directory: str) -> None:
        if directory == str(tree / "a"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    reader = _reader(tree, refuse)
    after = reader.read("", before)
    assert reader.unread == {"a"}
    assert _names(after) == _names(before)
    assert after["a"] == before["a"]
    assert after["c"] != before["c"]


def test_what_was_not_read_is_read_again_when_told(tree: Path) -> None:
    """A hint that such a directory came back is followed."""
    shut = {str(tree / "a")}

    def refuse(directory: str) -> None:
        if directory in shut:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    reader = _reader(tree, refuse)
    known = reader.read("", {})
    assert _names(known) == {"": ["one"], "a": [], "c": ["four"]}
    shut.clear()
    reader.unread.clear()
    assert _names(reader.update(known, {"": {"a": True}})) == _names(_reader(tree).read("", {}))


def test_a_directory_that_goes_while_it_is_read_is_not_there(tree: Path) -> None:
    """What disappears between being seen and being read is left out."""

    def gone(directory: str) -> None:
        if directory == str(tree / "a/b"):
            (tree / "a/b/three").unlink()
            (tree / "a/b").rmdir()

    assert _names(_reader(tree, gone).read("", {})) == {"": ["one"], "a": ["two"], "c": ["four"]}


def test_the_directory_itself_must_be_there(tree: Path) -> None:
    """If the watched directory itself cannot be read, that is for the caller."""
    with pytest.raises(FileNotFoundError):
        _reader(tree / "missing").read("", {})


def test_what_has_not_changed_is_the_same_object(tree: Path) -> None:
    """A second look keeps what is equal, so that comparing takes no time."""
    before = _reader(tree).read("", {})
    (tree / "c/four").write_text("changed")
    after = _reader(tree).read("", before)
    assert {folder for folder in after if after[folder] is not before[folder]} == {"c"}


def test_an_update_looks_only_where_there_are_hints(tree: Path) -> None:
    """Without a hint, a change is not seen; with one to a directory, all below it is."""
    reader = _reader(tree)
    known = reader.read("", {})
    (tree / "one").write_text("changed")
    (tree / "a/b/three").write_text("changed")
    (tree / "a/b/new").touch()
    assert reader.update(known, {"c": {"four": False, "missing": True}}) is known
    updated = reader.update(known, {"": {"a": True}})
    assert updated[""] is known[""]
    assert sorted(updated["a/b"]) == ["new", "three"]
    assert updated["a/b"]["three"] != known["a/b"]["three"]


def test_hints_of_what_went_with_its_directory_are_no_trouble(tree: Path) -> None:
    """Hints may be about files and directories of which nothing is left."""
    reader = _reader(tree)
    known = reader.read("", {})
    (tree / "a").rename(tree / "moved")
    updated = reader.update(
        known,
        {"a/b": {"three": True}, "a": {"b": True, "two": False}, "": {"a": True, "moved": True}, "x": {"y": True}},
    )
    assert _names(updated) == {"": ["one"], "c": ["four"], "moved": ["two"], "moved/b": ["three"]}


def test_too_many_files_are_not_kept(tree: Path) -> None:
    """Neither reading nor updating goes past the limit."""
    with pytest.raises(TooMany):
        _reader(tree, most_files=3).read("", {})
    reader = _reader(tree, most_files=4)
    known = reader.read("", {})
    (tree / "five").touch()
    with pytest.raises(TooMany):
        reader.update(known, {"": {"five": True}})
