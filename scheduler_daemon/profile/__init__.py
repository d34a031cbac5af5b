"""Which environment does a run get? Each variable comes from a source, one module a source."""

from scheduler_daemon.profile.resolution import LIMIT, Finding, Resolved, Unresolved, examine, resolve

__all__ = ["LIMIT", "Finding", "Resolved", "Unresolved", "examine", "resolve"]
