"""Which version of this package is installed: another may have been put in the place of the one that runs."""

import re
from pathlib import Path

from scheduler_daemon import __version__

_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


def installed_version() -> str | None:
    """The version that would start now, read anew each time; None where there is none any more."""
    try:
        # Not the package's metadata: those of an installation in editable form say what it was once.
        found = _VERSION.search(Path(__file__).with_name("__init__.py").read_text(encoding="utf-8"))
    except OSError:
        return None
    return found[1] if found else None


def replaced() -> str:
    """What to add to the account of a failure that another version under our feet may have caused; mostly nothing."""
    installed = installed_version()
    if installed == __version__:
        return ""
    there = f"ccsched {installed} has been installed" if installed else "ccsched has been moved or removed"
    return f"; {there} since this daemon, {__version__}, was started: start it again"
