"""Source ``static``: the value is written in the profile."""

from uuid import UUID

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile.source import Found, SourceFailed, config_of


def find(variable: EnvVar, profile: UUID) -> Found:
    """The value itself; a secret unless the config says ``{"plain": true}``.

    With ``{"required": true}`` an empty value is one that a person has yet to fill in, and fails; ``profile`` is the
    id of the profile they are told to fill it into.
    """
    config = config_of(variable, bool, "plain", "required")
    if config.get("required") and not variable.value:
        raise SourceFailed(
            "it is not filled in yet; fill it in with: "
            f"ccsched profiles update {str(profile)[:8]} --secret {variable.name}"
        )
    return Found(variable.value, secret=variable.is_secret)
