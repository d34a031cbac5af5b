"""Reads which files there are, and what they are like."""

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scheduler_daemon.watch.inbox import Names
from scheduler_daemon.watch.selection import Skips
from scheduler_daemon.watch.snapshot import Files, Folders, Signature, joined, placed, within


class TooMany(Exception):
    """There are more files than can be kept in mind."""


AS_IF_MISSING = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True)
class Place:
    """What is at a watched path."""

    real: str
    """The path without links."""
    info: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Whether it is a directory, and not a file."""
        return stat.S_ISDIR(self.info.st_mode)

    @property
    def identity(self) -> tuple[str, int, int]:
        """Differs if something else has come to the path."""
        return self.real, self.info.st_dev, self.info.st_ino


def find(path: str) -> Place | None:
    """What is at a path; None if there is nothing.

    Raises:
        OSError: it cannot be said, for we may not look or its links lead in a circle.
    """
    try:
        return Place(os.path.realpath(path), Path(path).stat())
    except AS_IF_MISSING:
        return None


def nearest_folder(path: str) -> tuple[str, str]:
    """The nearest directory above a path that is there, without links, and the name that leads on from it."""
    above, name = os.path.split(path)
    while not os.path.isdir(above):  # noqa: PTH112 - Path.is_dir() raises where we may not look
        above, name = os.path.split(above)
    return os.path.realpath(above), name


def signature_of(info: os.stat_result, with_inode: bool) -> Signature | None:
    """What a file is like; None for what is none: directories, pipes, sockets, devices."""
    if not stat.S_ISREG(info.st_mode) and not stat.S_ISLNK(info.st_mode):
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino if with_inode else 0


@dataclass
class Reader:
    """Reads the files below one directory. Folders and entries are named as in ``Folders``."""

    top: str
    """The directory, without links in its path."""
    recursive: bool
    skips: Skips
    with_inode: bool
    """Not where inodes are made up anew now and then: by a program that is the file system, or by another machine."""
    most_files: int
    cover: Callable[[str], None]
    """Called with each directory before it is read, so that no change comes in between."""
    unread: set[str] = field(default_factory=set)
    """Folders that are there and could not be read: what is known of them stays as it was."""

    def read(self, start: str, before: Folders) -> dict[str, Files]:
        """The files of a folder and of those below it; nothing if it is not there.

        Raises:
            OSError: the watched directory itself cannot be read.
            TooMany: there are more than ``most_files``.
        """
        found: dict[str, Files] = {}
        count = 0
        ahead = [start]
        while ahead:
            folder = ahead.pop()
            try:
                self.cover(self.path(folder))
                files, below = self._entries(folder)
            except OSError as error:
                if not folder:
                    raise
                if not isinstance(error, AS_IF_MISSING):
                    self.unread.add(folder)
                    found |= {known: files for known, files in before.items() if within(known, {folder})}
                    found.setdefault(folder, {})
                continue
            count += len(files)
            if count > self.most_files:
                raise TooMany
            known = before.get(folder)
            found[folder] = files if known != files else known
            ahead += below
        return found

    def update(self, known: Folders, hints: Mapping[str, Names]) -> Folders:
        """What is known, brought up to date where hints say so; they are by folders.

        Raises:
            TooMany: there are more than ``most_files``.
        """
        anew: set[str] = set()
        read: dict[str, Files] = {}
        # Those above come first, for with them goes or is read what is below.
        for folder in sorted(hints):
            if folder in known and not within(folder, anew):
                self._update_folder(folder, hints[folder], known, anew, read)
        if not anew and not read:
            return known
        folders = {folder: files for folder, files in known.items() if not within(folder, anew)} | read
        if sum(map(len, folders.values())) > self.most_files:
            raise TooMany
        return folders

    def _update_folder(
        self, folder: str, names: Names, known: Folders, anew: set[str], read: dict[str, Files]
    ) -> None:
        """Add to ``read`` what the folder is like now, and to ``anew`` what else is not as it was known."""
        files = dict(known[folder])
        for name, came_or_went in names.items():
            entry = joined(folder, name)
            try:
                info = self._info(entry)
            except OSError:
                continue
            is_folder = info is not None and stat.S_ISDIR(info.st_mode)
            if self.skips(entry, is_folder):
                continue
            signature = None if info is None else signature_of(info, self.with_inode)
            if signature is None:
                files.pop(name, None)
            else:
                files[name] = signature
            if not is_folder and entry in known:
                anew.add(entry)
            elif is_folder and self._is_news(entry, came_or_went, known):
                anew.add(entry)
                read |= self.read(entry, known)
        if files != known[folder]:
            read[folder] = files

    def _is_news(self, entry: str, came_or_went: bool, known: Folders) -> bool:
        return self.recursive and (came_or_went or entry not in known)

    def path(self, entry: str) -> str:
        """Where an entry is."""
        return placed(self.top, entry)

    def _info(self, entry: str) -> os.stat_result | None:
        try:
            return os.lstat(self.path(entry))
        except AS_IF_MISSING:
            return None

    def _entries(self, folder: str) -> tuple[dict[str, Signature], list[str]]:
        """The files of a folder, and the folders to be read in it."""
        files: dict[str, Signature] = {}
        below: list[str] = []
        with os.scandir(self.path(folder)) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                path = joined(folder, entry.name)
                if (is_folder and not self.recursive) or self.skips(path, is_folder):
                    continue
                if is_folder:
                    below.append(path)
                    continue
                try:
                    signature = signature_of(entry.stat(follow_symlinks=False), self.with_inode)
                except FileNotFoundError:
                    continue
                if signature is not None:
                    files[entry.name] = signature
        return files, below
