"""macOS, and whatever else watchdog has an observer for: one stream of events for each watched tree."""

import contextlib
import os

from watchdog.events import (
    EVENT_TYPE_ATTRIB,
    EVENT_TYPE_CREATED,
    EVENT_TYPE_DELETED,
    EVENT_TYPE_MODIFIED,
    EVENT_TYPE_MOVED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver, ObservedWatch

from scheduler_daemon.watch.native import Hints
from scheduler_daemon.watch.snapshot import below

_CAME_OR_WENT = frozenset({EVENT_TYPE_CREATED, EVENT_TYPE_DELETED, EVENT_TYPE_MOVED})
_CHANGED = _CAME_OR_WENT | {EVENT_TYPE_ATTRIB, EVENT_TYPE_MODIFIED}


class Observed:
    """An observer of watchdog's. A stream of it tells of all that is below its directory."""

    single_entries = False
    look_again = 60.0

    def __init__(self, hints: Hints, observer: BaseObserver) -> None:
        self._hints = hints
        self._handler = _Handler(hints)
        self._asked_for: set[str] = set()
        self._streams: dict[str, ObservedWatch] = {}
        self._observer = observer
        self._observer.start()

    def watch(self, directory: str, names: frozenset[str] | None) -> None:
        """See ``Native``; names are not asked for."""
        self._asked_for.add(directory)
        if not any(top != directory and below(directory, top) and self._flows(top) for top in self._streams):
            self._end(directory)
            self._streams[directory] = self._observer.schedule(self._handler, directory, recursive=True)

    def forget(self, directory: str) -> None:
        """See ``Native``."""
        self._asked_for.discard(directory)
        if not self._end(directory):
            return
        for left in sorted(other for other in self._asked_for if below(other, directory)):
            with contextlib.suppress(OSError):
                self.watch(left, None)
            # Something may have changed between the end of the one stream and the beginning of the other.
            self._hints.lost()

    def close(self) -> None:
        """See ``Native``."""
        self._asked_for.clear()
        self._streams.clear()
        self._observer.stop()
        self._observer.join()

    def _end(self, top: str) -> bool:
        stream = self._streams.pop(top, None)
        if stream is not None:
            self._observer.unschedule(stream)
        return stream is not None

    def _flows(self, top: str) -> bool:
        """Whether a stream goes on: it ends with the directory it began with."""
        stream = self._streams[top]
        return any(emitter.watch == stream and emitter.is_alive() for emitter in self._observer.emitters)


class _Handler(FileSystemEventHandler):
    def __init__(self, hints: Hints) -> None:
        self._hints = hints

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in _CHANGED:
            return
        for path in (event.src_path, event.dest_path):
            if path:
                directory, name = os.path.split(os.fsdecode(path))
                self._hints.put(directory, name, event.event_type in _CAME_OR_WENT)
