"""Source ``unset``: the run's environment is without the variable."""

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile.source import Found, config_of


def find(variable: EnvVar) -> Found:
    """No value, whether or not the daemon's environment has one."""
    config_of(variable, str)
    return Found(None, secret=False)
