"""One watched path: what is there, as far as is known, and how changes to it are learnt of."""

import errno
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from scheduler_daemon.watch.coverage import Coverage
from scheduler_daemon.watch.file_system import silent_file_system
from scheduler_daemon.watch.inbox import Names
from scheduler_daemon.watch.native import why_not
from scheduler_daemon.watch.scan import AS_IF_MISSING, Place, Reader, TooMany, find, nearest_folder, signature_of
from scheduler_daemon.watch.selection import Skips
from scheduler_daemon.watch.snapshot import Entry, Folders, below
from scheduler_daemon.watch.watch import NOT_SEEN_YET, Status

MOST_FILES = 100_000
"""Kept in mind for one path, with some 300 bytes each."""
TRIED_AGAIN = 60.0
"""Seconds after which what could not be had is tried again."""


class _NoNative(Exception):
    """The system does not tell of changes; the text says why."""


class Ground:
    """One path, for all who watch it alike."""

    def __init__(self, path: str, recursive: bool, skips: Skips, coverage: Coverage) -> None:
        self.path = path
        self.skips = skips
        """What nobody who watches it is about; from the next time on that all of it is looked at."""
        self.folders: Folders | None = None
        """The files as they were last seen; None as long as none were and it is not certain that there are none."""
        self.device: int | None = None
        """The file system the files were last seen on."""
        self.status = NOT_SEEN_YET
        self.looked_at = float("-inf")
        """When all of it was last looked at, in monotonic time."""
        self._recursive = recursive
        self._coverage = coverage
        self._place: Place | None = None
        self._silent: str | None = None
        self._reader: Reader | None = None
        self._covered: set[str] = set()
        self._hinges: set[Entry] = set()
        self._blind_until = float("-inf")
        self._limit = ""
        self._limit_until = float("-inf")

    def refresh(self) -> None:
        """Look at all of it anew, and see to it that changes from now on are learnt of."""
        self.looked_at = time.monotonic()
        try:
            place, trouble = self._approach()
            if place is None:
                self._nothing_there()
                return
            if self._place is None or place.identity != self._place.identity:
                self._silent = silent_file_system(place.real)
            self._place = place
            folders, why_polled = self._read_folder(place) if place.is_folder else self._read_file(place, trouble)
        except AS_IF_MISSING:
            self._nothing_there()
        except OSError as error:
            self._blind(f"{self.path} cannot be read: {error.strerror}")
        except TooMany:
            self._blind(
                f"there are more than {MOST_FILES} files in {self.path}; watch a smaller directory, "
                "or leave some out with a pattern such as !node_modules/"
            )
        else:
            self._take(place, folders, why_polled)

    def look(self) -> None:
        """Look at what the system may not tell of."""
        now = time.monotonic()
        match self.status.kind:
            case "polling":
                news = True
            case "blind":
                news = now >= self._blind_until
            case "native" if self._coverage.native.look_again is not None:
                news = now >= self.looked_at + self._coverage.native.look_again or self._differs_at_a_glance()
            case _:
                news = self._differs_at_a_glance()
        if news:
            self.refresh()
        elif self._reader is not None and self._reader.unread:
            self._read_again(self._reader)

    def update(self, hints: Mapping[str, Names]) -> None:
        """Look at entries of its directories that may have changed."""
        reader = self._reader
        if reader is None or self.status.kind != "native" or "" in hints.get(reader.top, {}):
            self.refresh()
        else:
            self._update(reader, {below(directory, reader.top) or "": names for directory, names in hints.items()})

    def hinge_moved(self, came_or_went: bool) -> None:
        """Look at the path anew, for an entry on the way to it, or the watched file, may have changed."""
        if came_or_went or self._reader is None:
            self.refresh()

    def leave(self) -> None:
        """Learn of no more changes."""
        self._uncover(self._covered)
        self._release_hinges(self._hinges)

    def _update(self, reader: Reader, hints: Mapping[str, Names]) -> None:
        known = self.folders or {}
        try:
            self.folders = reader.update(known, hints)
        except (_NoNative, TooMany):
            self.refresh()
            return
        if self.folders.keys() != known.keys():
            self._uncover({reader.path(folder) for folder in known.keys() - self.folders.keys()})

    def _read_again(self, reader: Reader) -> None:
        hints: dict[str, Names] = {}
        for unread in reader.unread:
            folder, _, name = unread.rpartition("/")
            hints.setdefault(folder, {})[name] = True
        reader.unread.clear()
        self._update(reader, hints)

    def _approach(self) -> tuple[Place | None, OSError | None]:
        """What is at the path, and what keeps us from learning of changes on the way to it."""
        while True:
            hinges = self._ways()
            trouble = None
            for hinge in hinges:
                try:
                    self._coverage.cover(self, *hinge)
                except OSError as error:
                    trouble = error
            self._release_hinges(self._hinges - hinges)
            self._hinges = hinges
            place = find(self.path)
            # Only if it was the same way all the time, no step on it was missed.
            if self._ways() == hinges:
                return place, trouble

    def _ways(self) -> set[Entry]:
        """The entries to be seen for the path to come, go or lead elsewhere."""
        ways = {nearest_folder(self.path), nearest_folder(os.path.realpath(self.path))}
        return {(directory, name) for directory, name in ways if name}

    def _read_folder(self, place: Place) -> tuple[Folders, str | None]:
        """The files, and why they must be polled."""
        why_polled = self._why_polled()
        if why_polled is None:
            held, self._covered = self._covered, set()
            try:
                return self._read(place, self._cover), None
            except _NoNative as limit:
                why_polled = self._limit = str(limit)
                self._limit_until = time.monotonic() + TRIED_AGAIN
            finally:
                self._uncover(held - self._covered)
        self._uncover(self._covered)
        return self._read(place, lambda directory: None), why_polled

    def _read(self, place: Place, cover: Callable[[str], None]) -> Folders:
        reader = Reader(place.real, self._recursive, self.skips, self._silent is None, MOST_FILES, cover)
        folders = reader.read("", self.folders or {})
        self._reader = reader
        return folders

    def _read_file(self, place: Place, trouble: OSError | None) -> tuple[Folders, str | None]:
        self._uncover(self._covered)
        self._reader = None
        signature = signature_of(place.info, self._silent is None)
        if signature is None:
            raise OSError(errno.EINVAL, "it is neither a file nor a directory")
        why_polled = self._why_polled()
        if trouble is not None:
            why_polled = why_not(trouble)
        elif not self._coverage.native.single_entries:
            why_polled = "this system does not tell of a single file without telling of all that is around it"
        return {"": {"": signature}}, why_polled

    def _why_polled(self) -> str | None:
        if self._silent is not None:
            return f"a file system of the kind {self._silent} does not tell of all that changes"
        return self._limit if time.monotonic() < self._limit_until else None

    def _take(self, place: Place, folders: Folders, why_polled: str | None) -> None:
        moved = self.device is not None and self.device != place.info.st_dev
        if moved and not any(folders.values()):
            self._away()
            return
        self.device = place.info.st_dev
        self.folders = folders
        self.status = Status("native") if why_polled is None else Status("polling", why_polled)

    def _nothing_there(self) -> None:
        self._place = self._reader = None
        self._uncover(self._covered)
        try:
            around = Path(nearest_folder(self.path)[0]).stat().st_dev
        except OSError:
            around = None
        if self.device is not None and self.device != around:
            self._away()
            return
        self.folders = {}
        self.status = Status("waiting", "nothing is there now")

    def _away(self) -> None:
        # To unmount is not to delete: what is known of the files stays, and is compared when they are back.
        self.status = Status("waiting", "the file system that it was on is not mounted")

    def _blind(self, reason: str) -> None:
        self._uncover(self._covered)
        self._blind_until = time.monotonic() + TRIED_AGAIN
        self.status = Status("blind", reason)

    def _differs_at_a_glance(self) -> bool:
        try:
            place = find(self.path)
        except OSError:
            return True
        if place is None or self._place is None:
            return place is not self._place
        if place.identity != self._place.identity:
            return True
        signature = signature_of(place.info, self._silent is None)
        return not place.is_folder and self.folders != {"": {"": signature}}

    def _cover(self, directory: str) -> None:
        try:
            self._coverage.cover(self, directory)
        except AS_IF_MISSING:
            raise
        except OSError as error:
            raise _NoNative(why_not(error)) from error
        self._covered.add(directory)

    def _uncover(self, directories: set[str]) -> None:
        # Those below come first, as long as what is above still tells of them.
        for directory in sorted(directories, reverse=True):
            self._coverage.release(self, directory, None)
        self._covered = self._covered - directories

    def _release_hinges(self, hinges: set[Entry]) -> None:
        for hinge in hinges:
            self._coverage.release(self, *hinge)
        self._hinges = self._hinges - hinges
