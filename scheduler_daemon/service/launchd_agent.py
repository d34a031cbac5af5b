"""The property list of a person's launchd agent: written from the template, and read back."""

import plistlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers.expat import ExpatError

from scheduler_daemon.home import Home
from scheduler_daemon.service import templates


class NotAnAgent(Exception):
    """A text is no property list with a command in it."""


@dataclass(frozen=True)
class Agent:
    """What a property list says of one installation."""

    program: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def text(label: str, program: str | Path, home: Home, environment: Mapping[str, str], *, graphical: bool) -> str:
    """The property list.

    Args:
        label: the agent's.
        program: the absolute path of ``ccschedd``.
        home: the daemon's.
        environment: variables beyond those that launchd gives every agent.
        graphical: whether it is for the session at the screen, and not for one without.
    """
    agent = plistlib.loads(templates.launchd_agent())
    agent["Label"] = label
    agent["ProgramArguments"] = [str(program), "--home", str(home.path), "--log-file", str(home.daemon_log)]
    agent["EnvironmentVariables"] = dict(environment)
    # What is said before the log is open, and what the interpreter says when it cannot start; launchd never rotates.
    agent["StandardOutPath"] = agent["StandardErrorPath"] = str(home.path / "launchd.log")
    if not graphical:
        # A list that names both sessions is refused by the one without a screen.
        agent["LimitLoadToSessionType"] = "Background"
    return plistlib.dumps(agent, sort_keys=True).decode()


def read(agent: bytes) -> Agent:
    """What a property list that ``text`` made says.

    Raises:
        NotAnAgent: it is none.
    """
    try:
        found = plistlib.loads(agent)
        program, *arguments = map(str, found["ProgramArguments"])
        environment = {str(name): str(value) for name, value in found.get("EnvironmentVariables", {}).items()}
    except (ExpatError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotAnAgent(str(error)) from error
    return Agent(program, tuple(arguments), environment)
