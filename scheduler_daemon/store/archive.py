"""The form of a backup: a gzipped tar with ``manifest.json``, ``state.db`` and, if wanted, ``logs/``.

Everything in it can be had without us, by ``tar`` and ``sqlite3``.
"""

import contextlib
import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Annotated
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scheduler_daemon.model.record import Instant
from scheduler_daemon.store import files
from scheduler_daemon.store.connection import StoreDamaged
from scheduler_daemon.store.copies import copy_record

FORMAT = 1
MANIFEST, RECORD, LOGS = "manifest.json", "state.db", "logs/"
_LEVEL = 6
_LARGEST_MANIFEST = 64 * 1024
_LONGEST_READ = 4 * 1024 * 1024
_LONGEST_END = 1024 * 1024
"""Bytes that may follow the last member: tar fills its last record with zeros."""
_ROOM = 16 * 1024 * 1024
"""Bytes that are left free on the disk."""
_SQLITE = b"SQLite format 3\0"
_GZIP = b"\x1f\x8b"


class NoBackup(Exception):
    """A file cannot be restored; the message says why, and where there is something to type, what."""


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Annotated[int, Field(ge=1)]
    ccsched: Annotated[str, Field(max_length=100, pattern=r"^[0-9A-Za-z.+!_-]*$")]
    """The version that made it."""
    record: int
    """The version of its record."""
    created_at: Instant
    home: str


def write(file: IO[bytes], manifest: Manifest, record: Path, logs: Iterable[Path]) -> int:
    """Write a backup; returns how many logs are in it. A log that is gone by its turn is left out.

    Raises:
        OSError: when the disk does not take it.
    """
    taken = 0
    moment = int(manifest.created_at.timestamp())
    with (
        gzip.GzipFile("", "wb", _LEVEL, file, moment) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        content = json.dumps(manifest.model_dump(mode="json"), indent=2).encode() + b"\n"
        tar.addfile(_member(MANIFEST, len(content), moment), io.BytesIO(content))
        for path, name in [(record, RECORD), *((log, f"{LOGS}{log.name}") for log in logs)]:
            try:
                with files.opened(path) as source:
                    status = os.fstat(source.fileno())
                    # A log may grow meanwhile: what it has now is taken.
                    tar.addfile(_member(name, status.st_size, int(status.st_mtime)), source)
            except FileNotFoundError:
                if name == RECORD:
                    raise
            else:
                taken += name != RECORD
    return taken


def _member(name: str, size: int, moment: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, moment, 0o600
    return member


def run_logs(folder: Path) -> Iterator[Path]:
    """The logs of runs in a folder."""
    yield from (path for path in sorted(folder.glob("run_*.log")) if _is_log(path.name) and not path.is_symlink())


def unpack(file: Path, record: Path, logs: Path) -> Manifest | None:
    """Unpack a backup to where nothing is yet: its record to a file, its logs to a folder.

    A plain SQLite file is taken as well, such as the copies that are kept before a record is changed: it has no
    manifest.

    Raises:
        NoBackup: when it is none, or not whole, or holds what no backup of ours holds.
        OSError: when it cannot be read, or the disk does not take it.
    """
    with contextlib.ExitStack() as open_here:
        try:
            source = open_here.enter_context(files.opened(file))
        except OSError as error:
            raise NoBackup(f"{file} cannot be read: {error.strerror or error}") from error
        begin = source.read(len(_SQLITE))
        source.seek(0)
        if begin == _SQLITE:
            _copy_sqlite(file, record)
            return None
        if not begin.startswith(_GZIP):
            raise NoBackup(f"{file} is no backup of ccsched")
        try:
            with _Unpacked(fileobj=source) as packed, tarfile.open(fileobj=packed, mode="r:") as tar:
                manifest = _read(file, tar, record, logs)
                _read_to_the_end(file, packed)  # only there the checksum is
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, ValueError, zlib.error) as error:
            raise NoBackup(f"{file} is not whole, or no backup of ccsched: {error}") from error
    return manifest


class _Unpacked(gzip.GzipFile):
    """What is in the gzip; never much of it at once, whatever a header in it says of sizes."""

    def read(self, size: int | None = -1) -> bytes:
        """See ``gzip.GzipFile``."""
        if size is None or not 0 <= size <= _LONGEST_READ:
            raise tarfile.ReadError("a header in it is too long")
        return super().read(size)


def _copy_sqlite(file: Path, record: Path) -> None:
    try:
        # With what a log beside it has of it.
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            copy_record(connection, record)
    except (sqlite3.Error, StoreDamaged) as error:
        raise NoBackup(f"{file} cannot be read as a record: {error}") from error


def _read(file: Path, tar: tarfile.TarFile, record: Path, logs: Path) -> Manifest:
    manifest: Manifest | None = None
    seen: set[str] = set()
    for member in tar:
        name = member.name
        if not member.isreg() or member.sparse is not None or name in seen:
            raise NoBackup(f"{file} is no backup of ccsched: {name!r} in it is not what it should be")
        seen.add(name)
        content = tar.extractfile(member)
        assert content is not None
        if manifest is None:
            if name != MANIFEST or member.size > _LARGEST_MANIFEST:
                raise NoBackup(f"{file} is no backup of ccsched: it does not begin with {MANIFEST}")
            manifest = _manifest(file, content.read())
        elif name == RECORD:
            _extract(content, member.size, record)
        elif name.startswith(LOGS) and _is_log(name.removeprefix(LOGS)):
            target = logs / name.removeprefix(LOGS)
            _extract(content, member.size, target)
            with contextlib.suppress(OSError, OverflowError, ValueError):
                os.utime(target, (member.mtime, member.mtime))  # by its age a log is forgotten
        else:
            raise NoBackup(f"{file} is no backup of ccsched: there is {name!r} in it")
    if manifest is None or RECORD not in seen:
        raise NoBackup(f"{file} is no backup of ccsched: there is no {RECORD} in it")
    return manifest


def _manifest(file: Path, content: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise NoBackup(f"{file}, {MANIFEST}: {where}: {problem['msg']}") from error
    if manifest.format > FORMAT:
        raise NoBackup(
            f"{file} was written by ccsched {manifest.ccsched} in a form that this version cannot read; "
            f"install that version, or a newer one"
        )
    return manifest


def _extract(content: IO[bytes], size: int, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    if size + _ROOM > free:
        raise OSError(f"there is no room for {target.name} in {target.parent}: it needs {(size >> 20) + 1} MiB")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)


def _read_to_the_end(file: Path, packed: gzip.GzipFile) -> None:
    if len(packed.read(_LONGEST_END)) == _LONGEST_END:
        raise NoBackup(f"{file} is no backup of ccsched: there is more in it than its members")


def _is_log(name: str) -> bool:
    """Whether this is the name of a run's log; nothing that leads anywhere is."""
    run_id = name.removeprefix("run_").removesuffix(".log")
    try:
        return name == f"run_{UUID(run_id)}.log"
    except ValueError:
        return False
