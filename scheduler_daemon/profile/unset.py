"""Source ``unset``: the run's environment is without the variable."""

from collections.abc import Mapping

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile.source import Found


def find(variable: EnvVar, base: Mapping[str, str], limit: float) -> Found:
    """No value, whether or not the daemon's environment has one."""
    return Found(None, secret=False)
