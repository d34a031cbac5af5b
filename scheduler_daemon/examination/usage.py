"""Which accounts have reached a usage limit, or what is to be left of one?"""

from uuid import UUID

from scheduler_daemon.engine import accounts
from scheduler_daemon.examination.finding import Check, Finding, ok, warning
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.schedule.local import local_text

_GROUP = "accounts"


def of_limits(subject: Subject) -> Check:
    """The check of what holds accounts at this moment."""
    used = {(subject.profile_of(task), task.model) for task in subject.enabled()}
    known = sorted(((each, model) for each, model in used if each in subject.limits), key=str)

    def look() -> list[Finding]:
        found = [finding for profile_id, model in known for finding in _limits(subject, profile_id, model)]
        return found or [ok("none is reached, as far as is known")]

    return Check(_GROUP, "usage limits", look)


def _limits(subject: Subject, profile_id: UUID | None, model: str) -> list[Finding]:
    limits, profile = subject.limits[profile_id], subject.profiles.get(profile_id) if profile_id else None
    named = f"with profile {profile.name}" if profile else "without a profile"
    if until := accounts.held_until(limits, model, subject.now):
        held = f"{named}: the usage limit for {model} is reached; nothing starts before {local_text(until)}"
        return [warning(held, "ccsched state")]
    if reserved := accounts.reserved_until(limits, model, subject.settings.reserve, subject.now):
        until, used = reserved
        held = f"{named}: scheduled runs leave a reserve ({used}) until {local_text(until)}"
        return [warning(held, "ccsched settings get reserve")]
    return []
