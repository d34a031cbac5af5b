"""A profile that lacks its secret: told when it is chosen."""

from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from tests.integration.cli import objects
from tests.integration.cli.fake_daemon import FakeDaemon

Ccsched = Callable[..., "CompletedProcess[str]"]
ZAI = "5270805b-3731-41da-8710-fe765f2e58be"


def a_profile(value: str) -> dict[str, object]:
    """One that wants a key."""
    key = {"name": "ANTHROPIC_AUTH_TOKEN", "source": "static", "value": value, "config": {"required": True}}
    return {"id": ZAI, "name": "ZAI", "description": "", "env_vars": [key]}


@pytest.mark.parametrize("command", ["create --name n --job j --prompt p", "update abcd"], ids=["create", "update"])
def test_a_task_with_a_profile_without_its_secret_is_noted(
    ccsched: Ccsched, daemon: FakeDaemon, command: str
) -> None:
    """On standard error, with the command that fills it in; nothing where it is filled in."""
    daemon.answers |= {"tasks.create": objects.task(), "tasks.update": objects.task(), "profiles.get": a_profile("")}
    done = ccsched("tasks", *command.split(), "--zai")
    assert done.returncode == 0
    assert "ccsched profiles update 5270805b --secret ANTHROPIC_AUTH_TOKEN" in done.stderr
    daemon.answers["profiles.get"] = a_profile("•••")
    assert ccsched("tasks", *command.split(), "--zai").stderr == ""


def test_a_deleted_shortcut_is_made_anew(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """As it was: it has a name and variables already."""
    stamps = {"created_at": "2025-06-01T02:00:00.000000Z", "updated_at": "2025-06-01T02:00:00.000000Z"}
    daemon.answers["profiles.create"] = {**a_profile(""), **stamps}
    assert ccsched("profiles", "create", "--zai").returncode == 0
    assert daemon.requests == [("profiles.create", {"ready_made": "zai"})]
    for wrong in (["--zai", "--name", "x"], ["--zai", "--plain", "A=b"], []):
        assert ccsched("profiles", "create", *wrong).returncode == 2
