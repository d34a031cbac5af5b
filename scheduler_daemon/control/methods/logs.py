"""The logs of runs that are deleted."""

from collections.abc import Iterable
from pathlib import Path

import structlog

log = structlog.get_logger()


def remove_logs(logs: Iterable[Path]) -> None:
    """Remove the logs of runs that are no longer on record."""
    for path in logs:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("a log cannot be removed", path=str(path), problem=str(error))
