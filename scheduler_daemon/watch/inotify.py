"""Linux: one inotify watch for each directory.

watchdog's observer would watch what we skip, say nothing of directories for which there is no watch left, and keep a
queue overflow to itself. Its binding of inotify tells all we need.
"""

import os
from dataclasses import dataclass, field

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from scheduler_daemon.watch.native import Hints

_CONTENT = InotifyConstants.IN_MODIFY | InotifyConstants.IN_ATTRIB | InotifyConstants.IN_CLOSE_WRITE
_CAME_OR_WENT = InotifyConstants.IN_CREATE | InotifyConstants.IN_DELETE | InotifyConstants.IN_MOVE
_ITSELF_WENT = InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF
_ASKED_FOR = Mask(
    _CONTENT
    | _CAME_OR_WENT
    | _ITSELF_WENT
    | InotifyConstants.IN_EXCL_UNLINK
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
)
_NOT_ASKED_FOR = InotifyConstants.IN_UNMOUNT


class Inotify:
    """One inotify instance and the thread that reads it."""

    single_entries = True
    look_again = None

    def __init__(self, hints: Hints) -> None:
        self._hints = hints
        self._listeners: dict[str, _Listener] = {}
        self._inotify = InotifyFD()
        self._inotify.start()

    def watch(self, directory: str, names: frozenset[str] | None) -> None:
        """See ``Native``. It is the directory that has the path now, were it another one before."""
        before = self._listeners.get(directory)
        listener = _Listener(directory, names, self._hints)
        listener.descriptor = self._inotify.add_callback(os.fsencode(directory), _ASKED_FOR, listener, listener.id)
        self._listeners[directory] = listener
        if before is not None:
            self._silence(before)

    def forget(self, directory: str) -> None:
        """See ``Native``."""
        listener = self._listeners.pop(directory, None)
        if listener is not None:
            self._silence(listener)

    def close(self) -> None:
        """See ``Native``."""
        self._listeners.clear()
        self._inotify.stop()
        self._inotify.join()

    def _silence(self, listener: "_Listener") -> None:
        self._inotify.remove_callbacks([(listener.descriptor, listener.id)])


@dataclass(eq=False)
class _Listener:
    """Hears what inotify says of one directory, in the thread that reads it."""

    directory: str
    names: frozenset[str] | None
    hints: Hints
    descriptor: WatchDescriptor = field(init=False)

    @property
    def id(self) -> CallbackId:
        return CallbackId(id(self))

    def on_event(self, event: InotifyEvent) -> None:
        name = os.fsdecode(event.name)
        if not name:
            if event.mask & (_ITSELF_WENT | _NOT_ASKED_FOR):
                self.hints.put(self.directory, "", True)
        elif self.names is None or name in self.names:
            self.hints.put(self.directory, name, bool(event.mask & _CAME_OR_WENT))

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """The directory has gone, and that was an event before."""

    def on_queue_overflow(self) -> None:
        self.hints.lost()
