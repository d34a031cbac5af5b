"""The earlier desktop application (claude-code-scheduler up to 1.x): its exports and its whole data directory."""

from scheduler_daemon.exchange.earlier.directory import migrate
from scheduler_daemon.exchange.earlier.export import read
from scheduler_daemon.exchange.earlier.takeover import Present, Takeover

__all__ = ["Present", "Takeover", "migrate", "read"]
