"""Source ``static``: the value is written in the profile."""

from collections.abc import Mapping

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile.source import Found


def find(variable: EnvVar, base: Mapping[str, str], limit: float) -> Found:
    """The value itself; a secret unless the config says ``{"plain": true}``."""
    return Found(variable.value, secret=variable.config.get("plain") is not True)
