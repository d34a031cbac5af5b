"""What a check is, and what it finds."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How it stands with what was looked at."""

    OK = "ok"
    WARNING = "warning"
    """It works, and somebody should look at it."""
    FAILED = "failed"
    """Something will not work."""
    SKIPPED = "skipped"
    """There is nothing to look at here."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found; its texts never hold a secret."""

    status: Status
    summary: str
    """One line."""
    fix: str | None = None
    """The command that mends it, where there is one."""
    detail: str = ""
    """What else is known of it, in as many lines as it takes."""
    check: str | None = None
    """What was looked at, in place of the name of the check that found it."""


Look = Callable[[], Sequence[Finding]]
"""Looks, and may take its time; what it raises is a finding as well."""


@dataclass(frozen=True)
class Check:
    """Something to be looked at."""

    group: str
    name: str
    look: Look
    limit: float = 10.0
    """Seconds that it may take."""
    about: Hashable = None
    """What in the record it is about, for who wants to know of that alone."""


@dataclass(frozen=True)
class Examined:
    """A check with what it found."""

    check: Check
    findings: Sequence[Finding]

    def documents(self) -> list[dict[str, str | None]]:
        """The findings as the control socket tells of them."""
        return [
            {
                "group": self.check.group,
                "check": finding.check or self.check.name,
                "status": finding.status.value,
                "summary": finding.summary,
                "detail": finding.detail,
                "fix": finding.fix,
            }
            for finding in self.findings
        ]


def ok(summary: str, detail: str = "", check: str | None = None) -> Finding:
    """All is well."""
    return Finding(Status.OK, summary, None, detail, check)


def warning(summary: str, fix: str | None = None, detail: str = "", check: str | None = None) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(Status.WARNING, summary, fix, detail, check)


def failed(summary: str, fix: str | None = None, detail: str = "", check: str | None = None) -> Finding:
    """Something will not work."""
    return Finding(Status.FAILED, summary, fix, detail, check)


def skipped(summary: str, check: str | None = None) -> Finding:
    """There is nothing to look at here."""
    return Finding(Status.SKIPPED, summary, None, "", check)
