"""Whatever is done to a tree, in the end what a watch knows is what is there."""

import os
import random
import shutil
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from scheduler_daemon.watch import Snapshot
from scheduler_daemon.watch.snapshot import Folders
from tests.integration.watch.conftest import WAYS
from tests.integration.watch.watching import Watching
from tests.support.house import until


def _operate(chance: random.Random, top: Path) -> None:
    """Do one thing somewhere in a tree, as people and programs do."""
    entries = [Path(folder, name) for folder, below, names in os.walk(top) for name in (*below, *names)]
    folders = [top, *(entry for entry in entries if entry.is_dir() and not entry.is_symlink())]
    files = [entry for entry in entries if entry.is_symlink() or not entry.is_dir()]
    folder = chance.choice(folders)
    new = chance.choice(folders) / chance.choice("abcde")
    match chance.randrange(8):
        case 0 | 1 if not new.is_dir() and not new.is_symlink():
            new.write_text(chance.choice("abcde") * chance.randrange(9))
        case 2 if not new.exists() and not new.is_symlink():
            new.mkdir()
        case 3 if files:
            chance.choice(files).unlink()
        case 4 if files and not new.is_dir():
            chance.choice(files).rename(new)
        case 5 if not new.exists() and not new.is_symlink() and not new.is_relative_to(folder):
            folder.rename(new)
        case 6 if folder != top and chance.random() < 0.4:
            shutil.rmtree(folder)
        case 7 if not new.exists() and not new.is_symlink():
            new.symlink_to(chance.choice(folders))
        case _:
            pass


def _files(snapshot: Snapshot) -> Folders:
    return {folder: files for folder, files in snapshot.folders.items() if files}


def _knows(watching: Watching, key: UUID, there: Folders) -> bool:
    return _files(watching.snapshot(key)) == there


@pytest.mark.parametrize("seed", range(6))
def test_what_is_known_is_what_is_there(any_watching: Watching, tmp_path: Path, seed: int) -> None:
    """After hundreds of changes that get in each other's way, nothing is missed and nothing is left over."""
    chance = random.Random(seed)
    top = any_watching.folder / "tree"
    top.mkdir()
    key = any_watching.watch("tree", debounce=0.05, most_wait=0.2)
    for number in range(300):
        _operate(chance, top)
        if number % 100 == 99:
            # At rest, then on with directories that came meanwhile.
            (top / "rest").write_text(str(number))
            with Watching(tmp_path, *WAYS["polling"]) as other:
                there = _files(other.snapshot(other.watch("tree")))
            until(partial(_knows, any_watching, key, there), "what is known is what is there")
