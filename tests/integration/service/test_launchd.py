"""``ccsched service …`` with launchd: what it asks of it, and what it says, with a real daemon."""

import os
import plistlib
import sys
from pathlib import Path

import pytest

from scheduler_daemon.service import naming
from tests.integration.service.conftest import Person


def agent_file(person: Person) -> Path:
    return person.user / "Library" / "LaunchAgents" / f"local.{naming.of_home(person.home)}.plist"


@pytest.mark.parametrize("domain", ["gui", "user"])
def test_the_life_of_an_agent(person: Person, monkeypatch: pytest.MonkeyPatch, domain: str) -> None:
    """It is bootstrapped into the session at the screen, else into the one without; changed, stopped and removed."""
    monkeypatch.setattr(sys, "platform", "darwin")
    (person.managers / "domain").write_text(domain)
    session = f"{domain}/{os.getuid()}"
    target = f"{session}/local.{naming.of_home(person.home)}"
    bootstrap = ["launchctl", "bootstrap", session, str(agent_file(person))]
    bootout = ["launchctl", "bootout", target]

    installed = person.service("install")
    assert person.asked() == [["launchctl", "enable", target], bootstrap]
    assert installed["daemon"]["pid"] == person.call("daemon.health")["pid"]
    agent = plistlib.loads(agent_file(person).read_bytes())
    assert agent.get("LimitLoadToSessionType") == (None if domain == "gui" else "Background")
    assert agent_file(person).stat().st_mode & 0o777 == 0o600
    assert not person.service("install")["changed"]
    assert person.asked() == []
    if domain == "user":
        return

    assert person.service("install", "--env", "GREETING=<good> & 'morning'")["restarted"]
    assert person.asked() == [bootout, bootstrap, bootstrap]
    status = person.service("status")
    assert status["environment"]["GREETING"] == "<good> & 'morning'"
    assert (status["active"], status["lingers"], status["enabled"]) == ("running", None, True)
    assert "ready" in person.home.daemon_log.read_text()
    person.service("stop")
    assert person.asked() == [bootout]
    assert person.ccsched("service", "status").returncode == 3
    assert "service start" in person.ccsched("health").stderr
    person.service("start")
    person.service("restart")
    assert person.asked() == [bootstrap, bootstrap, bootout, bootstrap, bootstrap]
    person.service("uninstall")
    assert person.asked() == [bootout]
    assert not agent_file(person).exists()
    assert not person.service("uninstall")["changed"]
