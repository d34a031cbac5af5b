"""Where the system gives less than is wanted, or tells less than happens."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler_daemon.watch import file_system, ground
from scheduler_daemon.watch.native import Hints, Native, OpenNative, open_native
from tests.integration.watch.watching import Watching, no_native

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


class _Scarce:
    """A system that has only so many watches to give."""

    def __init__(self, hints: Hints, most: int) -> None:
        self._native = open_native(hints)
        self.most = most
        self.given: set[str] = set()

    @property
    def single_entries(self) -> bool:
        return self._native.single_entries

    @property
    def look_again(self) -> float | None:
        return self._native.look_again

    def watch(self, directory: str, names: frozenset[str] | None) -> None:
        if directory not in self.given and len(self.given) >= self.most:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        self._native.watch(directory, names)
        self.given.add(directory)

    def forget(self, directory: str) -> None:
        self.given.discard(directory)
        self._native.forget(directory)

    def close(self) -> None:
        self._native.close()


def _refusing(number: int) -> OpenNative:
    def refuse(hints: Hints) -> Native:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "sudo sysctl fs.inotify.max_user_watches="),
        (errno.EMFILE, "sudo sysctl fs.inotify.max_user_instances="),
        (errno.ENOSYS, "the system does not tell of changes there (Function not implemented)"),
    ],
    ids=["no watches left", "no instances left", "nothing to be had"],
)
@pytest.mark.parametrize("path", ["project", "project/file"], ids=["directory", "file"])
def test_without_native_events_it_is_polled_and_says_why(tmp_path: Path, number: int, advice: str, path: str) -> None:
    """Where the system refuses, changes are told all the same, and the status says why they are looked for."""
    with Watching(tmp_path, _refusing(number), 0.1) as watching:
        watching.write("project/file")
        key = watching.watch(path)
        status = watching.watcher.status(key)
        assert status.kind == "polling"
        assert advice in (status.reason or "")
        watching.write("project/file", "changed")
        assert watching.told() == ["project/file"]


@pytest.fixture
def scarce(tmp_path: Path) -> Iterator[tuple[Watching, list[_Scarce]]]:
    """A watcher on a system with few watches, and that system."""
    opened: list[_Scarce] = []

    def open_scarce(hints: Hints) -> Native:
        opened.append(_Scarce(hints, 8))
        return opened[-1]

    with Watching(tmp_path, open_scarce, 0.1) as watching:
        yield watching, opened


def test_a_tree_too_wide_for_the_system_is_polled_whole(scarce: tuple[Watching, list[_Scarce]]) -> None:
    """If there are not enough watches for a tree, it is polled, and what it got is free for others."""
    watching, opened = scarce
    for number in range(20):
        watching.write(f"wide/{number}/file")
    watching.write("small/file")
    wide, small = watching.watch("wide"), watching.watch("small")
    assert [watching.watcher.status(key).kind for key in (wide, small)] == ["polling", "native"]
    assert len(opened[0].given) <= 4
    for number in (0, 19):
        watching.write(f"wide/{number}/file", "changed")
        assert watching.told() == [f"wide/{number}/file"]
    watching.write("small/file", "changed")
    assert watching.told() == ["small/file"]


def test_a_tree_that_outgrows_the_system_is_polled(scarce: tuple[Watching, list[_Scarce]]) -> None:
    """If the watches run out later, no change is missed."""
    watching, _ = scarce
    watching.write("tree/file")
    key = watching.watch("tree")
    assert watching.watcher.status(key).kind == "native"
    for number in range(20):
        watching.write(f"tree/{number:02}/file")
    assert watching.told_in_all(20) == [f"tree/{number:02}/file" for number in range(20)]
    assert watching.watcher.status(key).kind == "polling"
    watching.write("tree/19/file", "changed")
    assert watching.told() == ["tree/19/file"]


def test_what_could_not_be_had_is_tried_again(
    scarce: tuple[Watching, list[_Scarce]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the system has watches again, a polled tree is told of natively."""
    monkeypatch.setattr(ground, "TRIED_AGAIN", 0.2)
    watching, opened = scarce
    for number in range(20):
        watching.write(f"wide/{number}/file")
    key = watching.watch("wide")
    assert watching.watcher.status(key).kind == "polling"
    opened[0].most = 100
    watching.until_kind(key, "native")
    watching.write("wide/7/file", "changed")
    assert watching.told() == ["wide/7/file"]


@pytest.mark.parametrize("path", ["project", "project/file"], ids=["directory", "file"])
def test_a_file_system_that_does_not_tell_is_polled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """On a network file system files are looked at, whatever the system offers; inodes do not count there."""
    lines = file_system._mountinfo().splitlines()
    every_kind = frozenset(line.partition(" - ")[2].partition(" ")[0] for line in lines)
    monkeypatch.setattr(file_system, "_OTHERS_WRITE", every_kind)
    with Watching(tmp_path, open_native, 0.1) as watching:
        file = watching.write("project/file", "1")
        key = watching.watch(path)
        status = watching.watcher.status(key)
        assert status.kind == "polling"
        assert "does not tell of all that changes" in (status.reason or "")
        # The same file, as far as its content and its time go, with another inode.
        (watching.folder / "copy").write_text("1")
        os.utime(watching.folder / "copy", ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
        (watching.folder / "copy").rename(file)
        watching.write("project/file", "changed") if path.endswith("file") else watching.write("project/other")
        assert watching.told() == [path if path.endswith("file") else "project/other"]


@pytest.mark.skipif(not QUEUE.exists(), reason="needs inotify")
def test_an_overflow_of_the_system_s_queue_loses_nothing(native: Watching) -> None:
    """When the kernel drops what it cannot tell, everything is looked at, and directories that came are watched."""
    native.write("own/deleted")
    key = native.watch("own", debounce=0.5)
    busy = [native.write("own/busy1"), native.write("own/busy2")]
    with native.news_held():
        # In turns, for two events in a row that are alike are told as one; some have left the queue already.
        for number in range(int(QUEUE.read_text()) + 5000):
            os.utime(busy[number % 2], ns=(0, number))
        native.write("own/late/deep/created")
        (native.folder / "own/deleted").unlink()
    told = set(native.told())
    assert native.times_lost
    assert {"own/late/deep/created", "own/deleted"} <= told
    assert native.watcher.status(key).kind == "native"
    native.write("own/late/deep/again")
    assert native.told() == ["own/late/deep/again"]


def test_more_news_than_can_be_kept_lose_nothing(native: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """When changes come faster than they can be looked at, everything is looked at instead."""
    monkeypatch.setattr("scheduler_daemon.watch.inbox.NAMES_KEPT", 10)
    native.watch(".", debounce=0.5)
    for number in range(200):
        native.write(f"{number:03}")
    _, changes = native.firing()
    assert changes.count == 200


def test_more_files_than_can_be_kept_are_said(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path with too many files is not watched; the status says so, and what to do."""
    monkeypatch.setattr(ground, "MOST_FILES", 10)
    for number in range(11):
        watching.write(f"node_modules/{number}")
    watching.write("code.py")
    key = watching.watch(".")
    status = watching.watcher.status(key)
    assert (status.kind, status.reason) == (
        "blind",
        f"there are more than 10 files in {watching.folder}; watch a smaller directory, "
        "or leave some out with a pattern such as !node_modules/",
    )
    key = watching.watch(".", "!node_modules/", key=key)
    assert watching.watcher.status(key).kind in ("native", "polling")
    watching.write("code.py", "changed")
    assert watching.told() == ["code.py"]


@pytest.mark.parametrize("open_system", [open_native, no_native], ids=["native", "polling"])
def test_a_path_that_outgrows_memory_is_watched_again_when_it_shrinks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_system: OpenNative
) -> None:
    """What changed while there were too many files is told when there are fewer."""
    monkeypatch.setattr(ground, "MOST_FILES", 10)
    monkeypatch.setattr(ground, "TRIED_AGAIN", 0.2)
    with Watching(tmp_path, open_system, 0.1) as watching:
        watching.write("before")
        key = watching.watch(".")
        many = [watching.write(f"many/{number:02}") for number in range(15)]
        watching.until_kind(key, "blind")
        for file in many[3:]:
            file.unlink()
        watching.until_kind(key, "native", "polling")
        assert set(watching.told_in_all(3)) >= {"many/00", "many/01", "many/02"}


def test_one_listener_that_fails_does_not_end_the_others(native: Watching) -> None:
    """Whatever the one who is told does, the next firing is told."""
    native.watch(".")
    native.fail_next = True
    native.write("one")
    native.write("two")
    assert native.told() == ["one", "two"]
    native.write("three")
    assert native.told() == ["three"]
