"""Which environment does a run get? Each variable comes from a source, one module a source."""

from scheduler_daemon.profile.resolution import Resolved, Unresolved, resolve

__all__ = ["Resolved", "Unresolved", "resolve"]
