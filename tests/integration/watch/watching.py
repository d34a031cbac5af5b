"""A watcher as the daemon has it, and what it told."""

import errno
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

from scheduler_daemon.watch import Changes, Snapshot, Watch, Watcher
from scheduler_daemon.watch.native import Hints, Native, OpenNative
from tests.support.house import PATIENCE, until

DEBOUNCE = 0.1
"""Seconds, long enough for what a test does in one go."""


def no_native(hints: Hints) -> Native:
    """A system that gives us nothing."""
    raise OSError(errno.ENOSPC, "inotify watch limit reached")


class _Gate:
    """Between the system and the watcher; holds up what the system tells while it is shut."""

    def __init__(self, hints: Hints) -> None:
        self._hints = hints
        self.times_told = 0
        self.times_lost = 0
        self.open = threading.Event()
        self.open.set()

    def put(self, directory: str, name: str, came_or_went: bool) -> None:
        self.open.wait()
        self._hints.put(directory, name, came_or_went)
        self.times_told += 1

    def lost(self) -> None:
        self.open.wait()
        self.times_lost += 1
        self._hints.lost()


class _Busy:
    """What a watcher's thread is kept busy with."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.done = threading.Event()


class Watching:
    """A watcher of files in a folder of the test's own."""

    def __init__(self, base: Path, open_native: OpenNative, look_every: float) -> None:
        self._base = base
        self.folder = base / "files"
        self.folder.mkdir(exist_ok=True)
        self.open_native = open_native
        self.look_every = look_every
        self.threads_told: set[str] = set()
        self.fail_next = False
        self._told: queue.Queue[tuple[UUID, Changes]] = queue.Queue()
        self._gates: list[_Gate] = []
        self._busy: dict[UUID, _Busy] = {}
        self.watcher = Watcher(self._tell, native=self._open, look_every=look_every)

    def _open(self, hints: Hints) -> Native:
        gate = _Gate(hints)
        native = self.open_native(gate)
        self._gates.append(gate)
        return native

    def _tell(self, key: UUID, changes: Changes) -> None:
        if key in self._busy:
            self._busy[key].begun.set()
            self._busy[key].done.wait()
            return
        self.threads_told.add(threading.current_thread().name)
        self._told.put((key, changes))
        if self.fail_next:
            self.fail_next = False
            raise ValueError("the one who was told failed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.watcher.close()

    @contextmanager
    def news_held(self) -> Iterator[None]:
        """What the system tells meanwhile comes only afterwards."""
        assert self._gates, "the system tells nothing"
        for gate in self._gates:
            gate.open.clear()
        try:
            yield
        finally:
            for gate in self._gates:
                gate.open.set()

    @contextmanager
    def kept_busy(self) -> Iterator[None]:
        """The watcher's thread does something else meanwhile, as if it had a large tree to look at."""
        aside = self._base / "aside"
        aside.mkdir(exist_ok=True)
        key = self.watch(aside, debounce=0.0)
        busy = self._busy[key] = _Busy()
        (aside / "file").write_text(str(key))
        assert busy.begun.wait(PATIENCE)
        try:
            yield
        finally:
            busy.done.set()
            self.watcher.remove(key)

    def watch(
        self,
        path: str | Path,
        *patterns: str,
        recursive: bool = True,
        debounce: float = DEBOUNCE,
        most_wait: float = 30.0,
        snapshot: Snapshot | None = None,
        running: bool = False,
        key: UUID | None = None,
    ) -> UUID:
        """Watch a path, which may be relative to the folder; its files are known when this returns."""
        key = key or uuid4()
        watch = Watch(key, str(self.folder / path), patterns, recursive, debounce, most_wait)
        self.watcher.add(watch, snapshot, running=running)
        self.snapshot(key)
        return key

    def snapshot(self, key: UUID) -> Snapshot:
        """What a watch knows; when this returns, all that was asked of the watcher before is done."""
        return self.watcher.snapshot(key).result(PATIENCE)

    def firing(self) -> tuple[UUID, Changes]:
        """The next firing, waited for."""
        return self._told.get(timeout=PATIENCE)

    def told(self) -> list[str]:
        """What the next firing is about, relative to the folder."""
        _, changes = self.firing()
        assert changes.count == len(changes.paths)
        return [str(Path(path).relative_to(self.folder)) for path in changes.paths]

    def told_in_all(self, count: int) -> list[str]:
        """What the next firings are about, until so many paths have been told of."""
        paths: list[str] = []
        while len(paths) < count:
            paths += self.told()
        return sorted(paths)

    @property
    def times_told(self) -> int:
        """How often the system has told the watcher of something."""
        return sum(gate.times_told for gate in self._gates)

    @property
    def times_lost(self) -> int:
        """How often the system could not tell everything."""
        return sum(gate.times_lost for gate in self._gates)

    def quiet(self) -> bool:
        """Whether nothing is told that has not been taken."""
        return self._told.empty()

    def until_kind(self, key: UUID, *kinds: str) -> None:
        """Wait until a watch sees in one of these ways."""
        until(lambda: self.watcher.status(key).kind in kinds, f"the watch is {kinds}")

    def write(self, path: str | Path, content: str = "") -> Path:
        """Write a file in place, its folders made if need be."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file
