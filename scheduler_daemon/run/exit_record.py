"""What the supervisor leaves in a run's folder: the claim before the agent starts, the exit record at the end."""

import contextlib
import marshal
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Leftover(BaseModel):
    """A process that the agent left behind, or that did not end when the run was told to."""

    pid: int
    command: str
    ended_with: Literal["SIGTERM", "SIGKILL"]
    """What it took to end it."""

    @property
    def text(self) -> str:
        """For a person to read."""
        return f"{self.command} (pid {self.pid}, {self.ended_with})"


class ExitRecord(BaseModel):
    """How the agent ended, as its supervisor saw it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    exit_code: int | None
    signal: int | None
    started_at: datetime | None
    ended_at: datetime
    duration: float | None = None
    ended_by: Literal["stop", "time_limit"] | None
    not_started: str | None
    log_error: str | None = None
    log_lost_bytes: int = 0
    log_cut_bytes: int = 0
    """What the log's limit left no room for."""
    leftovers: list[Leftover] = Field(default_factory=list)
    """Of a run that was stopped or out of time, those that took SIGKILL; the first 50."""
    leftovers_total: int = 0


def read_exit_record(folder: Path) -> ExitRecord | None:
    """The exit record, or None if the supervisor has not come to write one."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValidationError):
        return ExitRecord.model_validate_json((folder / "exit.json").read_bytes())
    return None


def claimed(folder: Path) -> bool:
    """Whether a supervisor got as far as starting the agent. If not, the agent has certainly never run."""
    return (folder / "claim").exists()


def make_folder(folder: Path) -> None:
    """An empty folder for a run that starts, on disk before anything is written in it."""
    remove_folder(folder)
    folder.mkdir(parents=True, mode=0o700)
    parent = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def remove_folder(folder: Path) -> None:
    """Forget what a run needed only while it lived."""
    shutil.rmtree(folder, ignore_errors=True)


def orders_document(orders: dict[str, Any]) -> bytes:
    """Orders as the supervisor reads them; see there why they are marshalled."""
    return marshal.dumps({"version": 1, **orders})
