"""What watching costs: nothing where nothing is watched, and once what many watch alike."""

import asyncio
import gc
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from scheduler_daemon.watch import Changes, Watch, Watcher
from tests.integration.watch.watching import Watching
from tests.support.house import PATIENCE, until

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def _descriptors() -> int:
    gc.collect()
    return len(list(Path("/dev/fd").iterdir()))


def _inotify_watches() -> int:
    """The kernel's watches of this process."""
    return sum(info.read_text().count("inotify wd:") for info in Path("/proc/self/fdinfo").iterdir() if info.exists())


def test_nothing_is_needed_where_nothing_is_watched(watching: Watching) -> None:
    """Threads and descriptors come with the first watch and go with the last one, as often as that is."""
    threads, descriptors = threading.active_count(), _descriptors()
    for _ in range(3):
        keys = [watching.watch("."), watching.watch("missing/path"), watching.watch(".", "*.py")]
        assert threading.active_count() > threads
        for key in keys:
            watching.watcher.remove(key)
        until(lambda: threading.active_count() == threads, "the threads have ended")
        assert _descriptors() == descriptors


def test_closing_ends_everything(watching: Watching) -> None:
    """After ``close()`` there is no thread and no descriptor left, and nothing is told."""
    threads, descriptors = threading.active_count(), _descriptors()
    watching.write("tree/file")
    watching.watch("tree", debounce=0.05)
    watching.write("tree/file", "changed")
    watching.watcher.close()
    assert (threading.active_count(), _descriptors()) == (threads, descriptors)
    watching.watcher.close()


def test_libraries_are_loaded_when_they_are_needed() -> None:
    """A daemon that watches nothing loads neither watchdog nor pathspec."""
    script = (
        "import sys, uuid; from scheduler_daemon.watch import Watch, Watcher\n"
        "Watcher(print).close(); Watch(uuid.uuid4(), '/tmp')\n"
        "sys.exit(any(name.partition('.')[0] in ('watchdog', 'pathspec') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@LINUX
def test_a_thousand_watches_share_what_they_need(native: Watching) -> None:
    """Watches of the same tree, of trees in it and of its files ask the system once for each directory."""
    for number in range(50):
        native.write(f"tree/{number}/file")
    before, threads = _inotify_watches(), threading.active_count()
    keys = {native.watch(".", f"{number}/", "!*.log") for number in range(300)}
    keys |= {native.watch("tree") for _ in range(300)}
    keys |= {native.watch(f"tree/{number % 50}") for number in range(200)}
    keys |= {native.watch(f"tree/{number % 50}/file") for number in range(200)}
    assert _inotify_watches() - before <= 50 + 4
    assert threading.active_count() == threads + 2
    native.write("tree/7/file", "changed")
    told = {native.firing()[0] for _ in range(1 + 300 + 4 + 4)}
    assert len(told) == 309
    for key in keys:
        native.watcher.remove(key)
    until(lambda: _inotify_watches() == before, "all watches are given back")


@LINUX
def test_what_is_skipped_costs_no_watch(native: Watching) -> None:
    """Directories that nobody means, or that the last patterns leave out, are not looked into."""
    for number in range(20):
        native.write(f".git/objects/{number}/x")
        native.write(f"node_modules/{number}/x")
    native.write("src/code.py")
    before = _inotify_watches()
    native.watch(".", "!node_modules/")
    # The directory, the one above it, and src.
    assert _inotify_watches() - before == 3


@LINUX
def test_what_nobody_wants_any_more_costs_no_watch(native: Watching) -> None:
    """When the only watch that was about some directories goes, they are not watched any more."""
    for number in range(20):
        native.write(f"node_modules/{number}/x")
    native.watch(".", "!node_modules/")
    before = _inotify_watches()
    everything = native.watch(".")
    assert _inotify_watches() - before == 21
    native.watcher.remove(everything)
    until(lambda: _inotify_watches() == before, "the others are given back")


@LINUX
def test_what_is_gone_costs_no_watch(native: Watching) -> None:
    """Directories that left the tree, deleted or moved away, are forgotten."""
    before = _inotify_watches()
    native.watch("tree")
    for number in range(20):
        native.write(f"tree/{number}/file")
    native.told_in_all(20)
    for number in range(10):
        (native.folder / f"tree/{number}").rename(native.folder / f"away{number}")
    native.told_in_all(10)
    for number in range(10, 20):
        (native.folder / f"tree/{number}/file").unlink()
        (native.folder / f"tree/{number}").rmdir()
    native.told_in_all(10)
    until(lambda: _inotify_watches() - before == 2, "only the tree and the directory above it are watched")


def test_a_loop_is_told_in_its_own_thread(tmp_path: Path) -> None:
    """With ``call_soon_threadsafe``, a daemon's loop is told where it runs, and goes on while files are read."""

    async def watch() -> tuple[str, Changes]:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[tuple[str, Changes]] = loop.create_future()

        def fired(key: UUID, changes: Changes) -> None:
            told.set_result((threading.current_thread().name, changes))

        def call(work: Callable[[], None]) -> object:
            return loop.call_soon_threadsafe(work)

        watcher = Watcher(fired, call)
        try:
            key = uuid4()
            watcher.add(Watch(key, str(tmp_path), debounce=0.05))
            await asyncio.wrap_future(watcher.snapshot(key))
            (tmp_path / "file").touch()
            return await asyncio.wait_for(told, PATIENCE)
        finally:
            watcher.close()

    thread, changes = asyncio.run(watch())
    assert (thread, changes) == ("MainThread", Changes([str(tmp_path / "file")], 1))


def test_what_is_on_its_way_when_a_watch_goes_is_not_told(tmp_path: Path) -> None:
    """A firing that waits for its turn in the loop is dropped if its watch is taken away meanwhile."""
    waiting: queue.Queue[Callable[[], None]] = queue.Queue()
    told: list[UUID] = []
    watcher = Watcher(lambda key, changes: told.append(key), waiting.put)
    try:
        taken, left = uuid4(), uuid4()
        for key in (taken, left):
            watcher.add(Watch(key, str(tmp_path), debounce=0.05))
        watcher.snapshot(left).result(PATIENCE)
        (tmp_path / "file").touch()
        work = [waiting.get(timeout=PATIENCE), waiting.get(timeout=PATIENCE)]
        watcher.remove(taken)
        for hand_over in work:
            hand_over()
    finally:
        watcher.close()
    assert told == [left]
