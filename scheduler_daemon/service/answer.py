"""What a service manager's own command answers."""

import os
import subprocess
from collections.abc import Mapping

_LIMIT = 20.0
"""Seconds that it may take."""


def said(*argv: str, environment: Mapping[str, str] | None = None) -> str | None:
    """What a command wrote to its standard output; None where it failed, or there is no such command.

    Args:
        argv: the command.
        environment: what it gets beyond the environment of this process.
    """
    try:
        done = subprocess.run(
            argv,
            env={**os.environ, **(environment or {}), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
