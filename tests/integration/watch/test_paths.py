"""The watched path itself: not there yet, gone, replaced, a link, or something we cannot watch."""

import os
import shutil
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from scheduler_daemon.watch import Watch
from scheduler_daemon.watch.native import Hints, open_native
from tests.integration.watch.watching import Watching


@pytest.mark.parametrize("file", ["a/b/c/file", "a/b/c"], ids=["directory", "file"])
def test_a_path_may_come_later_with_its_parents(any_watching: Watching, file: str) -> None:
    """A path that is not there is waited for, however much of the way is missing, and is told of when it comes."""
    key = any_watching.watch("a/b/c")
    assert any_watching.watcher.status(key).kind == "waiting"
    assert any_watching.watcher.status(key).reason == "nothing is there now"
    any_watching.write(file)
    assert any_watching.told() == [file]
    any_watching.write(file, "changed")
    assert any_watching.told() == [file]


class _Meanwhile:
    """A system on which a directory comes right before the one above it is watched for the first time."""

    def __init__(self, hints: Hints, coming: Path) -> None:
        self._native = open_native(hints)
        self._coming = coming
        self.single_entries = self._native.single_entries
        self.look_again = self._native.look_again
        self.forget = self._native.forget
        self.close = self._native.close

    def watch(self, directory: str, names: frozenset[str] | None) -> None:
        if directory == str(self._coming.parent):
            self._coming.mkdir(exist_ok=True)
        self._native.watch(directory, names)


@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
def test_a_step_that_comes_while_it_is_looked_for_is_not_missed(tmp_path: Path) -> None:
    """If part of the way comes between the look at it and the watch of it, the rest is waited for from there on."""
    coming = tmp_path / "files" / "a"
    with Watching(tmp_path, lambda hints: _Meanwhile(hints, coming), 600.0) as watching:
        watching.watch("a/b")
        watching.write("a/b/file")
        assert watching.told() == ["a/b/file"]


def test_a_path_that_comes_empty_is_no_change(any_watching: Watching) -> None:
    """A watched directory that comes without files is watched from then on."""
    key = any_watching.watch("a/b")
    (any_watching.folder / "a/b").mkdir(parents=True)
    any_watching.until_kind(key, "native", "polling")
    any_watching.write("a/b/file")
    assert any_watching.told() == ["a/b/file"]


@pytest.mark.parametrize("path", ["watched", "watched/file"], ids=["directory", "file"])
def test_a_path_that_goes_takes_its_files_and_may_come_back(any_watching: Watching, path: str) -> None:
    """The files of a deleted path are told of once, and again when it comes back."""
    any_watching.write("watched/file")
    key = any_watching.watch(path)
    shutil.rmtree(any_watching.folder / "watched")
    assert any_watching.told() == ["watched/file"]
    assert any_watching.watcher.status(key).kind == "waiting"
    any_watching.write("watched/file", "anew")
    assert any_watching.told() == ["watched/file"]


def test_a_directory_that_is_replaced_is_watched_in_its_place(any_watching: Watching) -> None:
    """Of a directory that another one replaces, what differs is told, and the new one is watched."""
    any_watching.write("watched/old")
    any_watching.write("next/new")
    any_watching.watch("watched")
    (any_watching.folder / "watched").rename(any_watching.folder / "before")
    (any_watching.folder / "next").rename(any_watching.folder / "watched")
    assert any_watching.told_in_all(2) == ["watched/new", "watched/old"]
    any_watching.write("before/old", "changed where nobody watches")
    any_watching.write("watched/new", "changed")
    assert any_watching.told() == ["watched/new"]


def test_a_directory_above_may_be_replaced(any_watching: Watching) -> None:
    """If the way to a watched directory leads elsewhere at once, what is there now is watched."""
    any_watching.write("current/src/old")
    any_watching.write("next/src/new")
    any_watching.watch("current/src")
    (any_watching.folder / "current").rename(any_watching.folder / "before")
    (any_watching.folder / "next").rename(any_watching.folder / "current")
    assert any_watching.told_in_all(2) == ["current/src/new", "current/src/old"]
    any_watching.write("current/src/new", "changed")
    assert any_watching.told() == ["current/src/new"]


def test_a_file_may_become_a_directory(any_watching: Watching) -> None:
    """What a path is now counts, whatever it was before."""
    file = any_watching.write("path")
    any_watching.watch("path")
    file.unlink()
    any_watching.write("path/inner")
    assert any_watching.told_in_all(2) == ["path", "path/inner"]


def test_a_linked_directory_is_watched_where_it_is(any_watching: Watching) -> None:
    """Changes behind a watched link are told of under the link's name."""
    any_watching.write("real/file")
    (any_watching.folder / "link").symlink_to("real")
    any_watching.watch("link")
    any_watching.write("real/file", "changed")
    assert any_watching.told() == ["link/file"]


def test_a_link_may_lead_elsewhere(any_watching: Watching) -> None:
    """When a watched link is set to another directory, what differs there is told, and that one is watched."""
    any_watching.write("one/file")
    any_watching.write("two/other")
    link = any_watching.folder / "link"
    link.symlink_to("one")
    any_watching.watch("link")
    (any_watching.folder / "new").symlink_to("two")
    (any_watching.folder / "new").rename(link)
    assert any_watching.told_in_all(2) == ["link/file", "link/other"]
    any_watching.write("two/other", "changed")
    assert any_watching.told() == ["link/other"]


def test_a_linked_file_is_watched_at_both_ends(any_watching: Watching) -> None:
    """A watched link to a file tells of changes to the file and of being set to another one."""
    any_watching.write("one/file", "1")
    any_watching.write("two/file", "22")
    link = any_watching.folder / "link"
    link.symlink_to("one/file")
    any_watching.watch("link")
    any_watching.write("one/file", "changed")
    assert any_watching.told() == ["link"]
    link.unlink()
    link.symlink_to("two/file")
    assert any_watching.told() == ["link"]
    any_watching.write("two/file", "changed")
    assert any_watching.told() == ["link"]


def test_links_in_a_circle_are_said(any_watching: Watching) -> None:
    """A path that leads nowhere for ever is told in its status, and watched when it leads somewhere."""
    link = any_watching.folder / "link"
    link.symlink_to("link")
    key = any_watching.watch("link")
    status = any_watching.watcher.status(key)
    assert (status.kind, status.reason) == ("blind", f"{link} cannot be read: Too many levels of symbolic links")


def test_what_is_no_file_is_said(any_watching: Watching) -> None:
    """A pipe at the path is told in the status."""
    os.mkfifo(any_watching.folder / "pipe")
    key = any_watching.watch("pipe")
    assert any_watching.watcher.status(key).kind == "blind"
    assert "neither a file nor a directory" in (any_watching.watcher.status(key).reason or "")


def test_home_is_written_as_usual(native: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` stands for the person's home directory."""
    monkeypatch.setenv("HOME", str(native.folder))
    native.write("notes/today")
    key = uuid4()
    native.watcher.add(Watch(key, "~/notes//", debounce=0.1))
    native.snapshot(key)
    native.write("notes/today", "changed")
    assert native.told() == ["notes/today"]


def test_two_ways_to_one_directory_are_both_told(native: Watching) -> None:
    """A directory that is watched by two names is told of by both."""
    native.write("real/file")
    (native.folder / "link").symlink_to("real")
    names = {native.watch("real"): "real/file", native.watch("link"): "link/file"}
    native.write("real/file", "changed")
    told = dict([native.firing(), native.firing()])
    assert {key: changes.paths for key, changes in told.items()} == {
        key: [str(native.folder / name)] for key, name in names.items()
    }


def test_a_watch_takes_the_place_of_another(native: Watching) -> None:
    """A key has one watch: what it watched before is told of no more."""
    native.write("one/file")
    native.write("two/file")
    key = native.watch("one")
    native.watch("two", key=key)
    native.write("one/file", "changed")
    native.write("two/file", "changed")
    assert native.told() == ["two/file"]


def test_what_is_watched_no_more_is_not_told(native: Watching) -> None:
    """Nothing is told of a watch that was taken away, not even what was about to be."""
    taken, left = native.watch("."), native.watch(".", debounce=0.4)
    native.write("file")
    native.snapshot(left)
    native.watcher.remove(taken)
    key, _ = native.firing()
    assert key == left
    with pytest.raises(KeyError):
        native.watcher.status(taken)
    with pytest.raises(KeyError):
        native.snapshot(taken)


def test_nested_watches_are_told_each(any_watching: Watching) -> None:
    """A directory and one in it may be watched at once, and one of them no more."""
    any_watching.write("outer/inner/file")
    outer, inner = any_watching.watch("outer"), any_watching.watch("outer/inner")
    any_watching.write("outer/inner/file", "changed")
    assert {any_watching.firing()[0], any_watching.firing()[0]} == {outer, inner}
    any_watching.watcher.remove(outer)
    any_watching.write("outer/inner/file", "changed again")
    assert any_watching.firing()[0] == inner
    assert Path(any_watching.folder / "outer").is_dir()
