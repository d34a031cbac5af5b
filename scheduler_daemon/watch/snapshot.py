"""What watched files were like at one moment, and what differs from it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self, TypedDict
from urllib.parse import quote, unquote_to_bytes

Signature = tuple[int, int, int]
"""Of a file: when it was modified (nanoseconds), its size (bytes) and its inode (0 where that is not reliable)."""
Files = Mapping[str, Signature]
Folders = Mapping[str, Files]
"""The files in each folder, by names. Folders are named by their path from the watched directory on, which is ``""``
itself; so is a watched file in it. What has not changed is the same object before and after."""
Entry = tuple[str, str]
"""A folder, and the name of a file in it."""


class SnapshotData(TypedDict):
    """A snapshot as JSON values; names are percent-encoded, for they need not be text."""

    path: str
    recursive: bool
    patterns: list[str]
    device: int | None
    folders: dict[str, dict[str, list[int]]]


@dataclass(frozen=True)
class Snapshot:
    """What a watch knows of: whatever differs from it has not been told yet."""

    path: str
    recursive: bool
    patterns: tuple[str, ...]
    """These three: of which watch it is. Another watch begins anew."""
    device: int | None
    """The file system that the files were on; None if there was nothing."""
    folders: Folders

    def to_dict(self) -> SnapshotData:
        """The snapshot as JSON values, some 100 bytes for each file."""
        return {
            "path": _encoded(self.path),
            "recursive": self.recursive,
            "patterns": [_encoded(pattern) for pattern in self.patterns],
            "device": self.device,
            "folders": {
                _encoded(folder): {_encoded(name): list(signature) for name, signature in files.items()}
                for folder, files in self.folders.items()
            },
        }

    @classmethod
    def from_dict(cls, data: SnapshotData) -> Self:
        """The snapshot that ``to_dict()`` wrote."""
        return cls(
            path=_decoded(data["path"]),
            recursive=data["recursive"],
            patterns=tuple(_decoded(pattern) for pattern in data["patterns"]),
            device=data["device"],
            folders={
                _decoded(folder): {
                    _decoded(name): (modified, size, inode) for name, (modified, size, inode) in files.items()
                }
                for folder, files in data["folders"].items()
            },
        )


def joined(folder: str, name: str) -> str:
    """The path of an entry of a folder; either may be ``""``."""
    return f"{folder}/{name}" if folder and name else folder or name


def placed(top: str, entry: str) -> str:
    """Where an entry of a directory is, or with ``""`` the directory itself."""
    return f"{top.rstrip('/')}/{entry}" if entry else top


def below(path: str, top: str) -> str | None:
    """The entry that is at a path; ``""`` for the directory itself, None for what does not lie in it."""
    start = f"{top.rstrip('/')}/"
    if path == top:
        return ""
    return path.removeprefix(start) if path.startswith(start) else None


def within(path: str, places: set[str]) -> bool:
    """Whether a path is one of the places, or lies in one."""
    while path:
        if path in places:
            return True
        path = path.rpartition("/")[0]
    return "" in places


def differences(before: Folders, after: Folders) -> Iterator[Entry]:
    """The files that were created, changed or deleted."""
    for folder in before.keys() | after.keys():
        old, new = before.get(folder, {}), after.get(folder, {})
        if old is not new:
            yield from ((folder, name) for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _encoded(name: str) -> str:
    return quote(os.fsencode(name), safe="/ ")


def _decoded(name: str) -> str:
    return os.fsdecode(unquote_to_bytes(name))
