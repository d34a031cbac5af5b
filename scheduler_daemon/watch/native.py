"""Where the system itself tells of changes: the border to what each system has for it."""

import errno
import logging
import sys
from collections.abc import Callable
from typing import Protocol


class Hints(Protocol):
    """Who is told, in whatever thread, that something may have changed."""

    def put(self, directory: str, name: str, came_or_went: bool) -> None:
        """An entry of a directory changed, or one of this name was created, moved or deleted.

        The name is ``""`` if the directory itself went.
        """

    def lost(self) -> None:
        """Some changes were not told: anything may differ."""


class Native(Protocol):
    """What one system has; directories are given without links in their paths."""

    @property
    def single_entries(self) -> bool:
        """Whether it can be asked about some names in a directory, without hearing of all that is below it."""

    @property
    def look_again(self) -> float | None:
        """Seconds after which everything is to be looked at again, where changes may be lost without a word."""

    def watch(self, directory: str, names: frozenset[str] | None) -> None:
        """Tell of changes to these entries of a directory from now on, or to all of them; again, to start anew.

        Raises:
            OSError: it cannot be had.
        """

    def forget(self, directory: str) -> None:
        """Tell of it no more."""

    def close(self) -> None:
        """Give back all threads and descriptors."""


OpenNative = Callable[[Hints], Native]


def open_native(hints: Hints) -> Native:
    """What this system has.

    Raises:
        OSError: it gives us no more of it.
    """
    # What it logs is said by us, in words for a person.
    logging.getLogger("watchdog").addHandler(logging.NullHandler())
    # Imported here, for a daemon that watches nothing does without.
    if sys.platform == "linux":
        from scheduler_daemon.watch.inotify import Inotify

        return Inotify(hints)
    from watchdog.observers import Observer

    from scheduler_daemon.watch.observer import Observed

    return Observed(hints, Observer())


def why_not(error: OSError) -> str:
    """Why the system does not tell of changes, and what to do about it."""
    match error.errno:
        case errno.ENOSPC:
            return (
                "this system gives its users no more inotify watches; "
                "to allow more: sudo sysctl fs.inotify.max_user_watches=1048576"
            )
        case errno.EMFILE:
            return (
                "this system gives its users no more inotify instances, or the daemon no more open files; "
                "to allow more of the first: sudo sysctl fs.inotify.max_user_instances=1024"
            )
        case _:
            return f"the system does not tell of changes there ({error.strerror or error})"
