"""Which of the profiles here does a file from elsewhere mean?"""

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from scheduler_daemon.model.profile import Profile


@dataclass(frozen=True)
class Profiles:
    """The profiles that are here: found by id, or else by name."""

    by_id: Mapping[UUID, UUID]
    """The id here of the profile with an id elsewhere; mostly the same."""
    by_name: Mapping[str, UUID]

    @classmethod
    def of(cls, profiles: Sequence[Profile]) -> "Profiles":
        """Know these, by their own ids."""
        return cls(
            {profile.id: profile.id for profile in profiles}, {profile.name: profile.id for profile in profiles}
        )

    def meant(self, reference: str) -> UUID | None:
        """The id here of the profile that a text names, by its id or by its name; None if there is none."""
        with contextlib.suppress(ValueError, KeyError):
            return self.by_id[UUID(reference)]
        return self.by_name.get(reference)


def not_here(reference: object, name: str | None) -> str:
    """Why a profile cannot be found, and what to do."""
    if name is None:
        return (
            f"there is no profile {reference} here, and the file does not say what it is called; write the id of one "
            "that is here (see: ccsched profiles list), or null"
        )
    return (
        f'there is no profile "{name}" here; create it with: ccsched profiles create --name {shlex.quote(name)}; '
        "or write the id of another one, or null"
    )
