"""How a file is read, kept and replaced so that it is whole at any moment."""

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
# A named pipe in a file's place must not stop the daemon.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Stamp:
    """What changes when a file is written or replaced."""

    mtime_ns: int
    size: int
    inode: int
    ctime_ns: int
    """Nobody can set it back, as a tool that edits in place does with the other time."""

    @classmethod
    def made_of(cls, status: os.stat_result) -> "Stamp":
        """The stamp of a file whose status is at hand."""
        return cls(status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)

    @classmethod
    def of(cls, path: Path) -> "Stamp | None":
        """The stamp of a file, or None if there is no such file."""
        try:
            return cls.made_of(path.stat())
        except FileNotFoundError:
            return None


@contextlib.contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """A regular file, to be read.

    Raises:
        OSError: when it cannot be read or is no regular file.
    """
    descriptor = os.open(path, _READ)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file")
        yield file


def read(path: Path) -> tuple[bytes, Stamp]:
    """A file's content, and its stamp before it was read.

    Raises:
        OSError: when it cannot be read or is no regular file.
    """
    with opened(path) as file:
        stamp = Stamp.made_of(os.fstat(file.fileno()))
        return file.read(), stamp


def digest(path: Path) -> str:
    """The digest of a file's content; the file is not held in memory for it."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(chunks: Iterable[bytes]) -> str:
    """The digest of a content."""
    content = hashlib.sha256()
    for chunk in chunks:
        content.update(chunk)
    return content.hexdigest()


def temporary(path: Path) -> Path:
    """Where a file's next content is made ready: one fixed name, so that nothing can pile up."""
    return path.with_name(f".{path.name}.tmp")


def prepare(path: Path, chunks: Iterable[bytes]) -> Stamp:
    """Write a content to the file's temporary beside it, safe on the disk; ``commit`` gives the next stamp."""
    try:
        descriptor = os.open(temporary(path), _CREATE, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # A left-over temporary may have another mode.
            os.fchmod(descriptor, 0o600)
            file.writelines(chunks)
            file.flush()
            os.fsync(descriptor)
            return Stamp.made_of(os.fstat(descriptor))
    except OSError:
        discard(path)
        raise


def commit(path: Path, prepared: Stamp) -> Stamp:
    """Put the prepared content in the file's place; ``sync_directory`` makes that last.

    Returns the file's stamp there: a rename changes the ctime.
    """
    temporary(path).replace(path)
    now = Stamp.of(path)
    # A file that a person has saved in these microseconds is not ours: the stamp from before shows that.
    return now if now is not None and replace(now, ctime_ns=prepared.ctime_ns) == prepared else prepared


def discard(path: Path) -> None:
    """Remove what was prepared for a file, if anything was."""
    temporary(path).unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    """Make the renames in a directory outlast a power failure."""
    sync(path, os.O_DIRECTORY)


def sync(path: Path, flags: int = 0) -> None:
    """Make what a file holds outlast a power failure."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
