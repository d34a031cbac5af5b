"""All that is watched, and what is to be told when. Has no thread: whoever asks it to look has to wait."""

import time
from collections.abc import Callable
from functools import partial, reduce
from operator import and_
from uuid import UUID

import structlog

from scheduler_daemon.watch.coverage import Coverage
from scheduler_daemon.watch.ground import Ground
from scheduler_daemon.watch.inbox import Names, News
from scheduler_daemon.watch.native import Hints, OpenNative
from scheduler_daemon.watch.selection import Selection, Skips
from scheduler_daemon.watch.snapshot import Folders, Snapshot, differences, joined
from scheduler_daemon.watch.watch import Changes, Status, Watch
from scheduler_daemon.watch.watched import Watched

log = structlog.get_logger()

LOOK_EVERY = 5.0
"""Seconds between two looks at what the system does not tell of."""
_LOOK_SHARE = 5
"""Of the time, a look that takes long takes one part in so many at most."""


class Lookout:
    """Everything that is watched."""

    def __init__(self, open_native: OpenNative, hints: Hints, look_every: float) -> None:
        self._coverage = Coverage(open_native, hints)
        self._look_every = look_every
        self._watched: dict[UUID, Watched] = {}
        self._grounds: dict[tuple[str, bool], Ground] = {}
        self._by_ground: dict[Ground, dict[UUID, Watched]] = {}
        self._look_at = 0.0
        self._lost = False
        self._recover_at = 0.0

    @property
    def empty(self) -> bool:
        """Whether nothing is watched."""
        return not self._watched

    def add(self, watch: Watch, snapshot: Snapshot | None, running: bool, asked_at: float) -> None:
        """Watch something; see ``Watcher``."""
        self.remove(watch.key)
        before = snapshot if snapshot is not None and _is_of(snapshot, watch) else None
        ground = self._ground(watch, before)
        # What the system tells of is up to date.
        if ground.status.kind != "native":
            self._refresh_since(ground, asked_at)
        self._skip(ground, ground.skips & watch.selection.skips)
        known = before.folders if before is not None else ground.folders or {}
        watched = Watched(watch, ground, known, running)
        self._watched[watch.key] = self._by_ground[ground][watch.key] = watched
        watched.note_if_untold()

    def remove(self, key: UUID) -> None:
        """Watch it no more, if it was."""
        watched = self._watched.pop(key, None)
        if watched is None:
            return
        ground = watched.ground
        others = self._by_ground[ground]
        del others[key]
        if others:
            self._skip(ground, reduce(and_, (other.watch.selection.skips for other in others.values())))
        else:
            del self._by_ground[ground]
            del self._grounds[_place(watched.watch)]
            ground.leave()

    def clear(self) -> None:
        """Watch nothing."""
        self._watched.clear()
        self._grounds.clear()
        self._by_ground.clear()
        self._coverage.close()

    def run_began(self, key: UUID) -> None:
        """See ``Watcher``."""
        watched = self._watched.get(key)
        if watched is not None:
            watched.running = True
            watched.settle()

    def run_ended(self, key: UUID, by_run: Callable[[str], bool], asked_at: float) -> None:
        """See ``Watcher``."""
        watched = self._watched.get(key)
        if watched is not None and watched.running:
            # What the system has still to tell is seen by this look, and is then no news any more.
            self._refresh_since(watched.ground, asked_at)
            watched.settle_run(by_run)

    def status(self, key: UUID) -> Status | None:
        """How well a watch sees; may be asked in any thread. None if there is no such watch."""
        watched = self._watched.get(key)
        return None if watched is None else watched.ground.status

    def snapshot(self, key: UUID) -> Snapshot:
        """What a watch knows of.

        Raises:
            KeyError: there is no such watch.
        """
        return self._watched[key].snapshot()

    def heed(self, news: News) -> None:
        """Look at what the system has told of."""
        self._lost = self._lost or news.lost
        updates: dict[Ground, dict[str, Names]] = {}
        moved: dict[Ground, bool] = {}
        for directory, names in news.hints.items():
            for ground in self._coverage.of_everything(directory):
                updates.setdefault(ground, {})[directory] = names
            for name, came_or_went in names.items():
                for ground in self._coverage.of_entry(directory, name):
                    moved[ground] = moved.get(ground, False) or came_or_went
        for ground, hints in updates.items():
            self._change(ground, partial(ground.update, hints), news.at)
        for ground, came_or_went in moved.items():
            self._change(ground, partial(ground.hinge_moved, came_or_went), news.at)

    def look(self) -> None:
        """Look at what the system does not tell of, or failed to tell, when it is time."""
        begun = time.monotonic()
        if self._lost and begun >= self._recover_at:
            self._lost = False
            for ground in list(self._by_ground):
                self._change(ground, ground.refresh)
            # While changes come faster than they can be read, half of the time must do.
            self._recover_at = 2 * time.monotonic() - begun
        if self._grounds and begun >= self._look_at:
            for ground in list(self._by_ground):
                self._change(ground, ground.look)
            taken = time.monotonic() - begun
            self._look_at = begun + max(self._look_every, _LOOK_SHARE * taken)

    def due(self) -> list[tuple[UUID, Changes]]:
        """What is to be told now; it counts as told."""
        told = []
        # Watches that are alike have told of the same, so it is put together once. The folders are kept for their id.
        alike: dict[tuple[Ground, int, Selection], tuple[Folders, Changes]] = {}
        for watched in list(self._watched.values()):
            if not self._is_due(watched):
                continue
            kind = (watched.ground, id(watched.known), watched.watch.selection)
            if kind not in alike:
                alike[kind] = watched.known, watched.changes()
            watched.settle()
            _, changes = alike[kind]
            if changes.count:
                told.append((watched.watch.key, changes))
        return told

    def rest(self) -> float | None:
        """Give back what is not needed; seconds until there is something to do of our own accord, None for never."""
        self._coverage.close_if_idle()
        moments = [due for watched in self._watched.values() if (due := watched.due) is not None]
        if self._grounds:
            moments.append(self._look_at)
        if self._lost:
            moments.append(self._recover_at)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _ground(self, watch: Watch, before: Snapshot | None) -> Ground:
        place = _place(watch)
        if not self._grounds:
            self._look_at = time.monotonic() + self._look_every
        if place not in self._grounds:
            ground = self._grounds[place] = Ground(*place, watch.selection.skips, self._coverage)
            ground.device = None if before is None else before.device
            self._by_ground[ground] = {}
        return self._grounds[place]

    def _is_due(self, watched: Watched) -> bool:
        due = watched.due
        if due is None or due > time.monotonic():
            return False
        if watched.ground.status.kind == "polling":
            # Where nothing tells of changes, only a look can say that there were no more.
            self._refresh_since(watched.ground, due)
        return watched.due is not None and watched.due <= time.monotonic()

    def _skip(self, ground: Ground, skips: Skips) -> None:
        if skips != ground.skips:
            ground.skips = skips
            self._change(ground, ground.refresh)

    def _refresh_since(self, ground: Ground, moment: float) -> None:
        if ground.looked_at < moment:
            self._change(ground, ground.refresh)

    def _change(self, ground: Ground, action: Callable[[], None], at: float | None = None) -> None:
        """Do what may show that something changed, and note it: at the time given, or now."""
        before, status = ground.folders, ground.status
        action()
        if ground.status != status and ground.status.kind in ("polling", "blind"):
            log.warning("changes are not told by the system", path=ground.path, reason=ground.status.reason)
        after = ground.folders
        if before is None:
            for watched in self._by_ground[ground].values():
                watched.note_if_untold()
        elif after is not None and after is not before:
            self._note(ground, [joined(*entry) for entry in differences(before, after)], at or time.monotonic())

    def _note(self, ground: Ground, paths: list[str], at: float) -> None:
        concerned: dict[Selection, bool] = {}
        for watched in self._by_ground[ground].values():
            selection = watched.watch.selection
            if selection not in concerned:
                concerned[selection] = any(selection.wants(path) for path in paths)
            if concerned[selection]:
                watched.note(at)


def _place(watch: Watch) -> tuple[str, bool]:
    """What watches have in common that look at the same files."""
    return watch.path, watch.recursive


def _is_of(snapshot: Snapshot, watch: Watch) -> bool:
    wish = (watch.path, watch.recursive, tuple(watch.patterns))
    return (snapshot.path, snapshot.recursive, snapshot.patterns) == wish
