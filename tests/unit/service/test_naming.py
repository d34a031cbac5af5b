"""What the service of a home is called."""

import os
import pwd
import re
from pathlib import Path

import pytest

from scheduler_daemon.home import DEFAULT_HOME, Home
from scheduler_daemon.service import naming


def test_the_default_home() -> None:
    """Its service has the program's name alone, however the home is spelled."""
    assert naming.of_home(Home.find(DEFAULT_HOME)) == "ccsched"


def test_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is who runs the command, whoever the environment names: after su that is another."""
    for name in ("USER", "LOGNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert naming.own_user() == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("home", "readable"),
    [("/srv/Night Runs", "ccsched-night-runs-"), ("/srv/a/.ccsched%$", "ccsched-ccsched-"), ("/srv/ж", "ccsched-")],
)
def test_another_home(home: str, readable: str) -> None:
    """It can be recognised, is the same each time, and no other home of the same name has it."""
    name = naming.of_home(Home(Path(home)))
    assert re.fullmatch(f"{readable}[0-9a-f]{{8}}", name)
    assert name == naming.of_home(Home(Path(home)))
    assert name != naming.of_home(Home(Path("/other") / Path(home).name))
