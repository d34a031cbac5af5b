"""In what state the data of the time zones are: a due time that was computed from other data may be a wrong one."""

import contextlib
import hashlib
import os
import zlib
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from scheduler_daemon.schedule.error import ScheduleError
from scheduler_daemon.schedule.zone import find_zone

_NOT_LOOKED_AT = frozenset({"posix", "right"})
"""Folders that hold the whole database once more; no zone is read from them."""

_RELEASE = ("tzdata.zi", "+VERSION")
"""Files that begin with the release of the database: everywhere but on macOS, and there."""


@dataclass(frozen=True)
class _Database:
    """All the files of one zone database."""

    folders: list[str]
    changed: list[int]
    """When each folder was changed last, before it was looked into."""
    release: str | None
    digest: str


def zone_data() -> str:
    """The machine's own zone and the state of the zone database: equal texts, equal due times.

    As long as neither changes it is the same text in every process, and after a restart of the machine. An update of
    the database changes it at once, be it by a package manager, by ``zic`` or by a link that is turned; a zone's file
    that is written over in place changes it in a process that starts later. Zones that were in use before follow the
    new data after ``forget_zones()``. It takes less than 0.1 ms.
    """
    databases = [_database(os.fspath(folder)) for folder in zoneinfo.TZPATH]
    # The zones that the system lacks come from a Python package. That is replaced as a whole.
    databases += [_database(folder, watched=1) for folder in _package()]
    release = next((each.release for each in databases if each.release), "of an unknown release")
    digest = hashlib.sha256("".join(each.digest for each in databases).encode()).hexdigest()
    return f"{_machine()}, zone data {release} ({digest[:16]})"


def _machine() -> str:
    try:
        key = find_zone(None).key
        # A copy of a zone's file that has no name is known by its path.
        return f"{key} ({zlib.crc32(Path(key).read_bytes()):08x})" if key.startswith("/") else key
    except (ScheduleError, OSError):
        return "a zone that cannot be read"


@lru_cache(maxsize=1)
def _package() -> tuple[str, ...]:
    try:
        return (str(files("tzdata").joinpath("zoneinfo")),)
    except ModuleNotFoundError:
        return ()


def _database(folder: str, watched: int | None = None) -> _Database:
    """The database in a folder, read anew if one of its first ``watched`` folders has changed, or any of them."""
    found = _read(folder)
    if [_changed(each) for each in found.folders[:watched]] != found.changed[:watched]:
        _read.cache_clear()
        found = _read(folder)
    return found


@lru_cache(maxsize=16)
def _read(folder: str) -> _Database:
    folders, changed = [folder], []
    lines = [os.path.realpath(folder)]
    for place in folders:
        changed.append(_changed(place))
        for entry in _entries(place):
            if not entry.is_dir(follow_symlinks=False):
                lines.append(f"{entry.path[len(folder) :]} {_state(entry)}")
            elif entry.name not in _NOT_LOOKED_AT:
                folders.append(entry.path)
    release = _release(folder)
    digest = hashlib.sha256("\0".join([release or "", *sorted(lines)]).encode(errors="surrogateescape"))
    return _Database(folders, changed, release, digest.hexdigest())


def _changed(folder: str) -> int:
    # Not the time of modification, for an installer may set that back to what its package says.
    try:
        return os.stat(folder).st_ctime_ns  # noqa: PTH116 - pathlib takes three times as long
    except OSError:
        return 0


def _entries(folder: str) -> Iterator["os.DirEntry[str]"]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        yield from entries


def _state(entry: "os.DirEntry[str]") -> str:
    # What a restart of the machine may change, such as the inode, is left out.
    try:
        if entry.is_symlink():
            return os.readlink(entry.path)  # noqa: PTH115 - there are hundreds
        found = entry.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size}"


def _release(folder: str) -> str | None:
    """What tells two databases apart where a system gives all its files one date."""
    for name in _RELEASE:
        with contextlib.suppress(OSError), Path(folder, name).open("rb") as file:
            return file.readline(100).decode(errors="replace").removeprefix("# version").strip()
    return None
