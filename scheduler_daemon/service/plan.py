"""What is to be written and run to change a login service: a plan, which is shown or carried out, step by step."""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LOOK = 0.1
"""Seconds between two looks for a file, and between two tries of a command."""


class StepFailed(Exception):
    """A step of a plan could not be done; the message says which, and why. The steps before it are done."""

    def __init__(self, step: "Step", message: str) -> None:
        super().__init__(message)
        self.step = step


@dataclass(frozen=True)
class WriteFile:
    """Write a whole file, in place of one that is there; folders that are missing are made, for the owner alone."""

    path: Path
    content: str
    mode: int = 0o600

    def shown(self) -> str:
        """The step in one line, without the content."""
        return f"write {shlex.quote(str(self.path))}, mode {self.mode:04o}"

    def carry_out(self) -> None:
        """Do it.

        Raises:
            StepFailed: saying what the system said.
        """
        beside = self.path.with_name(f".{self.path.name}.{os.urandom(4).hex()}")
        try:
            _make_folders(self.path.parent)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self.mode)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(self.content)
                    file.flush()
                    os.fchmod(file.fileno(), self.mode)
                    os.fsync(file.fileno())
                beside.replace(self.path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StepFailed(self, f"{self.path} cannot be written: {error.strerror}") from error


@dataclass(frozen=True)
class RemoveFile:
    """Remove a file; it may be gone already."""

    path: Path

    kind = "remove_file"

    def shown(self) -> str:
        """The step in one line."""
        return f"rm -f {shlex.quote(str(self.path))}"

    def carry_out(self) -> None:
        """Do it.

        Raises:
            StepFailed: saying what the system said.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StepFailed(self, f"{self.path} cannot be removed: {error.strerror}") from error


@dataclass(frozen=True)
class RemoveFolder:
    """Remove a folder if there is nothing in it."""

    path: Path

    kind = "remove_folder_if_empty"

    def shown(self) -> str:
        """The step in one line."""
        return f"rmdir {shlex.quote(str(self.path))}  # if it is empty"

    def carry_out(self) -> None:
        """Do it; one that is not empty, or not there, stays as it is."""
        try:
            self.path.rmdir()
        except OSError:
            return


@dataclass(frozen=True)
class RunCommand:
    """Run a command and wait for its end."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it gets beyond the environment of this process."""
    tolerated: bool = False
    """Whether its failure is no failure of the plan."""
    patience: float = 0.0
    """Seconds that it is tried again while it fails."""

    def shown(self) -> str:
        """The command as it would be typed."""
        before = "".join(f"{name}={shlex.quote(value)} " for name, value in self.environment.items())
        return before + shlex.join(self.argv)

    def carry_out(self) -> None:
        """Do it.

        Raises:
            StepFailed: with what the command wrote.
        """
        deadline = time.monotonic() + self.patience
        while True:
            try:
                done = subprocess.run(
                    self.argv,
                    env={**os.environ, **self.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    errors="replace",
                    check=False,
                )
                status, said = done.returncode, done.stdout.strip()
            except OSError as error:
                status, said = 127, f"{self.argv[0]}: {error.strerror}"
            if status == 0 or self.tolerated:
                return
            if time.monotonic() >= deadline:
                raise StepFailed(
                    self, f"{self.shown()}\nended with exit status {status}" + (f":\n{said}" if said else "")
                )
            time.sleep(_LOOK)


@dataclass(frozen=True)
class AwaitFile:
    """Wait until a file is there that somebody else makes."""

    path: Path
    limit: float
    """Seconds."""

    kind = "await_file"

    def shown(self) -> str:
        """The step in one line."""
        return f"until test -e {shlex.quote(str(self.path))}; do sleep 1; done"

    def carry_out(self) -> None:
        """Do it.

        Raises:
            StepFailed: the file was not there in time.
        """
        deadline = time.monotonic() + self.limit
        while not os.path.exists(self.path):  # noqa: PTH110 (Path.exists fails where one may not look yet)
            if time.monotonic() >= deadline:
                raise StepFailed(self, f"{self.path} was not there after {self.limit:.0f} seconds")
            time.sleep(_LOOK)


Step = WriteFile | RemoveFile | RemoveFolder | RunCommand | AwaitFile
Plan = Sequence[Step]
"""Steps in their order; empty where everything is as it is to be."""


def carry_out(plan: Plan) -> None:
    """Do all steps of a plan, in their order.

    Raises:
        StepFailed: at the first that cannot be done; what follows it is left undone.
    """
    for step in plan:
        step.carry_out()


def written(path: Path, content: str, mode: int = 0o600) -> Plan:
    """The step that gives a file this content and mode; none where it has them."""
    try:
        if path.read_bytes() == content.encode() and path.stat().st_mode & 0o7777 == mode and not path.is_symlink():
            return ()
    except OSError:
        pass  # the step will say what is wrong, if anything is
    return (WriteFile(path, content, mode),)


def _make_folders(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
