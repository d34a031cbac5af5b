"""A scheduler daemon for unattended Claude Code sessions."""

__version__ = "0.1.0"
