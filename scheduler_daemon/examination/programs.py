"""The agent and git: are they found, and are they new enough?"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence

from scheduler_daemon.examination.finding import Check, Finding, failed, ok, warning
from scheduler_daemon.run.agent_version import agent_version

GROUP = "programs"
AGENT, GIT = "agent", "git"
"""What their checks are about."""
OLDEST_AGENT = (2, 1, 197)
"""The oldest whose stream was measured; see ``agent/stream.py``."""
OLDEST_GIT = (2, 30)
_LIMIT = 5.0
"""Seconds that git may take to say its version."""


def of_programs(agent_command: Sequence[str]) -> list[Check]:
    """The checks of what the daemon finds on its PATH."""
    return [
        Check(GROUP, "claude", lambda: [_agent(agent_command)], about=AGENT),
        Check(GROUP, "git", lambda: [_git()], about=GIT),
    ]


def version_of(said: str | None) -> tuple[int, ...] | None:
    """The version in what a program says of itself, such as ``2.1.330 (Claude Code)``."""
    found = re.search(r"\b\d+(\.\d+)+", said or "")
    return tuple(int(part) for part in found[0].split(".")) if found else None


def found_on(path: str | None, names: Sequence[str]) -> dict[str, str | None]:
    """Where programs are found on a search path."""
    return {name: shutil.which(name, path=path) for name in names}


def _agent(command: Sequence[str]) -> Finding:
    place = shutil.which(command[0])
    if place is None:
        return failed(
            f"{command[0]!r} is not found on the daemon's PATH",
            "ccsched settings set agent_command /the/full/path/of/claude",
            f"PATH is {os.environ.get('PATH', '')}",
        )
    said = agent_version(command)
    version = version_of(said)
    if version is None:
        return warning(
            f"{place} does not say which version it is", shlex.join([*command, "--version"]), f"It says {said!r}."
        )
    told = f"{place}, version {_dotted(version)}"
    if version < OLDEST_AGENT:
        oldest = f"what was measured with {_dotted(OLDEST_AGENT)} and newer may not hold"
        return warning(f"{told}: {oldest}", shlex.join([*command, "update"]))
    return ok(told)


def _git() -> Finding:
    place = shutil.which("git")
    if place is None:
        return failed(
            f"git {_dotted(OLDEST_GIT)} or newer is not found on the daemon's PATH",
            "sudo apt install git",
            f"PATH is {os.environ.get('PATH', '')}",
        )
    said = subprocess.run(["git", "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT).stdout
    version = version_of(said.decode(errors="replace"))
    if version is None or version < OLDEST_GIT:
        return failed(f"{place} is older than {_dotted(OLDEST_GIT)}: {said.decode(errors='replace').strip()}")
    return ok(f"{place}, version {_dotted(version)}")


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
