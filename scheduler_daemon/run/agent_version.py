"""Which version of the agent would a run start now?"""

import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from scheduler_daemon.run.preparation import inherited_environment, run_environment

_LIMIT = 5.0
"""Seconds the agent may take to say so."""
_LONGEST = 200
"""Characters of what it says that are kept."""


def agent_version(command: Sequence[str]) -> str | None:
    """What the agent says to ``--version``, or None if it is not to be had; may take seconds the first time."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        return _asked(tuple(command), Path(program).stat().st_mtime_ns)
    except (OSError, subprocess.SubprocessError):
        return None


@lru_cache(maxsize=4)
def _asked(command: Sequence[str], changed: int) -> str | None:
    """Asked again only of a program that was replaced, or that did not answer.

    ``changed`` is the time of its file's last change.
    """
    done = subprocess.run(
        [*command, "--version"],
        env=run_environment(inherited_environment()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_LIMIT,
        check=True,
    )
    return done.stdout.decode(errors="replace").strip()[:_LONGEST] or None
