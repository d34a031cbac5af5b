"""What is watched, what comes of it, and how well it can be seen."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal
from uuid import UUID

from scheduler_daemon.watch.refusal import WatchRefused
from scheduler_daemon.watch.selection import Selection


@dataclass(frozen=True)
class Watch:
    """One task's wish to be told of changes.

    Raises:
        WatchRefused: the path or a pattern cannot be used.
    """

    key: UUID
    """Whose it is; a key has one watch."""
    path: str
    """A file or a directory, which may not be there yet; ``~`` stands for the home directory."""
    patterns: Sequence[str] = ()
    """Which files of a directory; see ``Selection``. All of them if there is no pattern."""
    recursive: bool = True
    """Whether the directories in a directory are watched too."""
    debounce: float = 2.0
    """Seconds without a change after which the changes so far are told."""
    most_wait: float = 30.0
    """Seconds after the first change at which they are told even if more keep coming."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", _absolute(self.path))
        object.__setattr__(self, "patterns", tuple(self.patterns))
        _ = self.selection

    @cached_property
    def selection(self) -> Selection:
        """Which files it is about."""
        return Selection(tuple(self.patterns))


def _absolute(path: str) -> str:
    try:
        if b"\0" in os.fsencode(path):
            raise WatchRefused("path", "the path to watch holds a zero byte, which no file name can have")
    except UnicodeEncodeError as error:
        raise WatchRefused("path", "the path to watch holds something that is no character") from error
    # pathlib drops what says nothing ("//", "/./", the last slash) and keeps "..", which means another place behind a
    # link.
    expanded = str(Path(os.path.expanduser(path)))  # noqa: PTH111 - Path.expanduser() raises for an unknown user
    if not expanded.startswith("/"):
        raise WatchRefused("path", f"the path to watch, {path!r}, is not absolute; write it from / or ~ on")
    return expanded


@dataclass(frozen=True)
class Changes:
    """What a firing is about: what differs now from what was so far known."""

    paths: list[str]
    """The first 20 changed files in the order of their names: created, changed or deleted."""
    count: int
    """All of them."""


@dataclass(frozen=True)
class Status:
    """How a watch sees what changes."""

    kind: Literal["native", "polling", "waiting", "blind"]
    """``native``: the system tells at once. ``polling``: it is looked at every few seconds. ``waiting``: there is
    nothing at the path. ``blind``: it is there and cannot be watched."""
    reason: str | None = None
    """Why, in plain words; None for native."""


NOT_SEEN_YET = Status("waiting", "it is looked at for the first time")
