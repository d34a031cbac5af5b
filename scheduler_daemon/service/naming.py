"""What the service of a home is called: there is one for each home."""

import os
import re
import sys
from pathlib import Path

from scheduler_daemon.home import DEFAULT_HOME, Home

_DIGITS = 8
"""Hexadecimal digits that tell homes of the same name apart."""


def of_home(home: Home) -> str:
    """``ccsched`` for the default home; for another one its folder's name in plain letters is in it."""
    if home.path == Home.find(DEFAULT_HOME).path:
        return "ccsched"
    import hashlib  # only another home pays for it

    readable = re.sub("[^a-z0-9]+", "-", home.path.name.lower()).strip("-")[:40]
    digest = hashlib.sha256(os.fsencode(home.path)).hexdigest()[:_DIGITS]
    return "-".join(part for part in ("ccsched", readable, digest) if part)


def launchd_label(home: Home) -> str:
    """The label of a home's agent."""
    return f"local.{of_home(home)}"


def own_file(home: Home) -> Path:
    """The file that defines the person's own service of a home, where nothing is set up in an unusual way."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{launchd_label(home)}.plist"
    return Path.home() / ".config" / "systemd" / "user" / f"{of_home(home)}.service"


def own_user() -> str:
    """The name of the user whose service it is: what the environment says of that may be another's, as after su."""
    import pwd  # on macOS nobody asks

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())  # which loginctl takes as well
