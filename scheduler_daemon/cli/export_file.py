"""The file that an export is written to: whole or not at all, and over nothing but an older export unasked."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

import click

from scheduler_daemon.cli import text


class ExportFile:
    """A file that is to be written."""

    def __init__(self, path: str, force: bool) -> None:
        """Look whether it may be written, before anybody is asked for what it is to hold.

        Raises:
            click.ClickException: when something else is there.
        """
        self.path = Path(path)
        self._force = force or _is_export(self.path)
        if self.path.is_dir():
            raise click.ClickException(f"{self._name} is a directory; name a file in it.")
        if self.path.exists() and not self.path.is_file():
            raise click.ClickException(f"{self._name} is not a file; leave out -o to write to standard output.")
        if not self._force and os.path.lexists(self.path):
            raise self._exists()

    def write(self, document: object) -> None:
        """Write a document, for its owner's eyes alone.

        Raises:
            click.ClickException: when the file is there by now, or cannot be written.
        """
        # What UTF-8 cannot express is written as JSON escapes it.
        content = json.dumps(document, indent=2, ensure_ascii=False).encode(errors="backslashreplace")
        try:
            self._write(content + b"\n")
        except FileExistsError:
            raise self._exists() from None
        except OSError as problem:
            raise click.ClickException(f"{self._name} cannot be written: {problem.strerror}.") from None

    def _write(self, content: bytes) -> None:
        target = self.path.resolve()  # a symbolic link stays one
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if self._force:
                os.replace(temporary, target)  # noqa: PTH105 - both are texts
            else:
                _publish(temporary, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)  # noqa: PTH108

    @property
    def _name(self) -> str:
        return text.line(str(self.path))

    def _exists(self) -> click.ClickException:
        return click.ClickException(f"{self._name} exists and is no export; add --force to overwrite it.")


def _is_export(path: Path) -> bool:
    """Whether a file holds an export, which the next one may replace."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"version", "jobs", "tasks"} <= found.keys()


def _publish(temporary: str, target: Path) -> None:
    """Give a file its name, which no other file has.

    Raises:
        FileExistsError: when one has it.
    """
    try:
        os.link(temporary, target)  # unlike a rename, it never replaces
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links, such as that of a memory stick.
        if target.exists():
            raise FileExistsError from None
        os.replace(temporary, target)  # noqa: PTH105
