"""Source ``environment``: the value is copied from the environment the daemon runs in."""

from collections.abc import Mapping

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile.source import Found, SourceFailed, config_of


def find(variable: EnvVar, base: Mapping[str, str]) -> Found:
    """The value of the variable that ``value`` names, or of the one of the same name if it names none."""
    config_of(variable, str)
    try:
        return Found(base[variable.value or variable.name], secret=False)
    except KeyError:
        # The name asked for is not shown: a secret that was put there by mistake would be.
        asked = "the variable that its value names" if variable.value else "a variable of this name"
        raise SourceFailed(
            f"{asked} is not set in the daemon's environment; set it there and restart the daemon, "
            "or change the profile"
        ) from None
