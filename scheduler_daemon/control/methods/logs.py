"""The logs of runs that are deleted."""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

log = structlog.get_logger()

NAME = re.compile(r"run_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.log")


def remove_logs(logs: Iterable[Path]) -> None:
    """Remove the logs of runs that are no longer on record."""
    for path in logs:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("a log cannot be removed", path=str(path), problem=str(error))


def logs_before(folder: Path, instant: datetime) -> list[UUID]:
    """The runs that are named by the logs last written before an instant."""
    found = []
    limit = instant.timestamp()
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            name = NAME.fullmatch(entry.name)
            with suppress(FileNotFoundError):
                if name and entry.stat(follow_symlinks=False).st_mtime < limit:
                    found.append(UUID(name[1]))
    return found
