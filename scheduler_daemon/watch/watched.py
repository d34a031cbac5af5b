"""One watch, how far it has told of what changed, and when it is to tell more."""

import heapq
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from scheduler_daemon.watch.ground import Ground
from scheduler_daemon.watch.selection import Selection
from scheduler_daemon.watch.snapshot import (
    Entry,
    Files,
    Folders,
    Signature,
    Snapshot,
    differences,
    joined,
    placed,
)
from scheduler_daemon.watch.watch import Changes, Watch

CHANGES_SHOWN = 20
"""Paths that are named of one firing; the others are only counted."""


@dataclass(eq=False)
class Watched:
    """A watch and where it stands."""

    watch: Watch
    ground: Ground
    known: Folders
    """What it has told of: what differs from it is still to be told."""
    running: bool = False
    """Whether a run of its task goes on, after which it tells."""
    _first: float | None = None
    """The monotonic time of the first change that is still to be told."""
    _last: float = 0.0

    def note(self, at: float) -> None:
        """There was a change at this monotonic time."""
        self._first = at if self._first is None else self._first
        self._last = at

    def note_if_untold(self) -> None:
        """There is a change, if there is one."""
        if next(self.untold(), None) is not None:
            self.note(time.monotonic())

    @property
    def due(self) -> float | None:
        """When it is to tell, in monotonic time; None if there is nothing to tell or a run goes on."""
        if self.running or self._first is None:
            return None
        return min(self._last + self.watch.debounce, self._first + self.watch.most_wait)

    def untold(self) -> Iterator[Entry]:
        """What differs from what is known, as far as the watch is about it."""
        now = self.ground.folders
        if now is not None and now is not self.known:
            wants = self.watch.selection.wants
            yield from (entry for entry in differences(self.known, now) if wants(joined(*entry)))

    def settle(self, except_for: Iterable[Entry] = ()) -> None:
        """What there is now is known, except for some entries."""
        self._first = None
        if self.ground.folders is not None:
            self.known = _mixed(self.ground.folders, except_for, self.known)

    def settle_run(self, by_run: Callable[[str], bool]) -> None:
        """A run of the task has ended; what it changed is known."""
        self.running = False
        # Should it not be possible to say whose the changes are, they are told.
        self.note_if_untold()
        self.settle(except_for=[entry for entry in self.untold() if not by_run(self._path(entry))])
        self.note_if_untold()

    def changes(self) -> Changes:
        """What is untold, for a person."""
        paths = [self._path(entry) for entry in self.untold()]
        return Changes([_printable(path) for path in heapq.nsmallest(CHANGES_SHOWN, paths)], len(paths))

    def _path(self, entry: Entry) -> str:
        return placed(self.ground.path, joined(*entry))

    def snapshot(self) -> Snapshot:
        """What is known, as far as the watch is about it."""
        watch = self.watch
        folders = _selected(self.known, watch.selection) if watch.patterns else self.known
        return Snapshot(watch.path, watch.recursive, tuple(watch.patterns), self.ground.device, folders)


def _selected(folders: Folders, selection: Selection) -> Folders:
    kept: dict[str, Files] = {}
    for folder, files in folders.items():
        these = {name: signature for name, signature in files.items() if selection.wants(joined(folder, name))}
        if these:
            kept[folder] = these
    return kept


def _mixed(folders: Folders, entries: Iterable[Entry], before: Folders) -> Folders:
    """The folders with some entries as they were before."""
    mixed: dict[str, dict[str, Signature]] = {}
    for folder, name in entries:
        if folder not in mixed:
            mixed[folder] = dict(folders.get(folder, {}))
        old = before.get(folder, {}).get(name)
        if old is None:
            mixed[folder].pop(name, None)
        else:
            mixed[folder][name] = old
    return {**folders, **mixed} if mixed else folders


def _printable(path: str) -> str:
    """The path with each byte that is no character written out, so that any record can hold it."""
    return os.fsencode(path).decode(errors="backslashreplace")
