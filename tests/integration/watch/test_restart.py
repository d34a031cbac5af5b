"""What a daemon finds that was not there for a while."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from scheduler_daemon.watch import Snapshot
from tests.integration.watch.conftest import WAYS
from tests.integration.watch.watching import Watching


@pytest.fixture
def next_watching(watching: Watching, tmp_path: Path) -> Iterator[Watching]:
    """The watcher of the next daemon, in the same folder."""
    with Watching(tmp_path, watching.open_native, watching.look_every) as made:
        yield made


def _kept(watching: Watching, key: UUID) -> Snapshot:
    """A snapshot that went through a record, after the daemon is gone."""
    snapshot = watching.snapshot(key)
    watching.watcher.close()
    return Snapshot.from_dict(json.loads(json.dumps(snapshot.to_dict())))


def test_what_changed_meanwhile_is_told(watching: Watching, next_watching: Watching) -> None:
    """Files that were changed, created and deleted while there was no daemon are told of in one firing."""
    watching.write("changed", "1")
    watching.write("deep/deleted")
    watching.write("same")
    key = watching.watch(".")
    snapshot = _kept(watching, key)
    watching.write("changed", "22")
    (watching.folder / "deep/deleted").unlink()
    watching.write("deep/er/created")
    next_watching.watch(".", snapshot=snapshot, key=key)
    assert next_watching.told() == ["changed", "deep/deleted", "deep/er/created"]


def test_nothing_is_told_if_nothing_changed(watching: Watching, next_watching: Watching) -> None:
    """Files that are as they were are no news."""
    watching.write("sub/file")
    key = watching.watch(".")
    snapshot = _kept(watching, key)
    next_watching.watch(".", snapshot=snapshot, key=key)
    watching.write("later")
    assert next_watching.told() == ["later"]


def test_what_was_not_told_yet_is_told_by_the_next(watching: Watching, next_watching: Watching) -> None:
    """A daemon that ends before the debounce is over leaves the change to the next one."""
    key = watching.watch(".", debounce=30.0)
    witness = watching.watch(".")
    watching.write("untold")
    assert watching.firing()[0] == witness
    snapshot = _kept(watching, key)
    next_watching.watch(".", snapshot=snapshot, key=key)
    assert next_watching.told() == ["untold"]


def test_what_was_told_is_not_told_again(watching: Watching, next_watching: Watching) -> None:
    """A snapshot taken after a firing holds what was told."""
    key = watching.watch(".")
    watching.write("told")
    assert watching.told() == ["told"]
    snapshot = _kept(watching, key)
    next_watching.watch(".", snapshot=snapshot, key=key)
    watching.write("later")
    assert next_watching.told() == ["later"]


@pytest.mark.parametrize("change", ["path", "patterns", "recursive"])
def test_another_watch_begins_anew(watching: Watching, next_watching: Watching, change: str) -> None:
    """The snapshot of another path, other patterns or another depth says nothing of what is watched now."""
    watching.write("one/file.py")
    watching.write("two/file.py")
    key = watching.watch("one", "*.py")
    snapshot = _kept(watching, key)
    watching.write("one/file.py", "changed meanwhile")
    next_watching.watch(
        "two" if change == "path" else "one",
        *(["*.py", "*.md"] if change == "patterns" else ["*.py"]),
        recursive=change != "recursive",
        snapshot=snapshot,
        key=key,
    )
    later = "two/later.py" if change == "path" else "one/later.py"
    watching.write(later)
    assert next_watching.told() == [later]


def test_a_snapshot_holds_only_what_is_watched(watching: Watching) -> None:
    """What the patterns leave out is not kept."""
    watching.write("a.py")
    watching.write("sub/b.txt")
    key = watching.watch(".", "*.py")
    assert {folder: list(files) for folder, files in watching.snapshot(key).folders.items()} == {"": ["a.py"]}


def test_a_run_that_goes_on_is_waited_for(watching: Watching, next_watching: Watching) -> None:
    """What others changed while there was no daemon and a run went on is told at the end of the run."""
    key = watching.watch(".")
    watching.watcher.run_began(key)
    snapshot = _kept(watching, key)
    own = watching.write("own")
    watching.write("theirs")
    next_watching.watch(".", snapshot=snapshot, running=True, key=key)
    next_watching.watcher.run_ended(key, lambda path: path == str(own))
    assert next_watching.told() == ["theirs"]


def test_a_path_that_was_deleted_meanwhile_is_told(watching: Watching, next_watching: Watching) -> None:
    """If the watched path is gone, its files are told of."""
    file = watching.write("file")
    key = watching.watch("file")
    snapshot = _kept(watching, key)
    file.unlink()
    next_watching.watch("file", snapshot=snapshot, key=key)
    assert next_watching.told() == ["file"]


def test_what_is_not_mounted_is_not_deleted(watching: Watching, next_watching: Watching) -> None:
    """If the file system of a watched path is not there, nothing is told, and the path is compared when it is."""
    watching.write("disk/project/file", "1")
    watching.write("disk/project/same")
    key = watching.watch("disk/project")
    snapshot = _kept(watching, key)
    # As if the files had been on another file system than the folder that is now in its place.
    snapshot = replace(snapshot, device=(snapshot.device or 0) + 1)
    (watching.folder / "disk/project").rename(watching.folder / "away")
    next_watching.watch("disk/project", snapshot=snapshot, key=key)
    status = next_watching.watcher.status(key)
    assert status.kind == "waiting"
    assert "is not mounted" in (status.reason or "")
    watching.write("away/file", "22")
    (watching.folder / "away").rename(watching.folder / "disk/project")
    assert next_watching.told() == ["disk/project/file"]


def test_an_empty_mount_point_is_not_mounted(watching: Watching, next_watching: Watching) -> None:
    """An empty directory on another file system than the files were on is the place where theirs belongs."""
    watching.write("disk/file")
    key = watching.watch("disk")
    snapshot = _kept(watching, key)
    snapshot = replace(snapshot, device=(snapshot.device or 0) + 1)
    (watching.folder / "disk").rename(watching.folder / "away")
    (watching.folder / "disk").mkdir()
    next_watching.watch("disk", snapshot=snapshot, key=key)
    assert next_watching.watcher.status(key).kind == "waiting"
    (watching.folder / "disk").rmdir()
    (watching.folder / "away").rename(watching.folder / "disk")
    next_watching.until_kind(key, "native", "polling")
    watching.write("disk/later")
    assert next_watching.told() == ["disk/later"]


def test_a_snapshot_without_a_daemon_is_of_no_moment(tmp_path: Path) -> None:
    """Whoever asks for a snapshot of nothing is told so, and no thread is begun for it."""
    with Watching(tmp_path, *WAYS["native"]) as watching:
        key = watching.watch(".")
        watching.watcher.close()
        with pytest.raises(KeyError):
            watching.snapshot(key)
