"""What is made of what the agent says of its login."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler_daemon.examination.finding import Finding, Status
from scheduler_daemon.examination.login import login
from scheduler_daemon.examination.programs import version_of

NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)
Asked = Callable[..., Finding]


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """Asks an agent that gives an answer."""

    def ask(answer: str, version: str = "2.1.330 (Claude Code)") -> Finding:
        program = tmp_path / "claude"
        program.write_text(
            f'#!/bin/sh\ncase "$*" in --version) echo "{version}";; "auth status") echo \'{answer}\';; '
            f"*) touch {tmp_path}/session;; esac\n"
        )
        program.chmod(0o755)
        found = login([str(program)], "with profile work", None, {"PATH": "/usr/bin:/bin"}, NOW)
        assert not (tmp_path / "session").exists()
        return found

    return ask


def millis(after: timedelta) -> int:
    """An instant after now as milliseconds since 1970."""
    return int((NOW + after).timestamp() * 1000)


@pytest.mark.parametrize(
    ("answer", "version", "status", "words"),
    [
        ('{"loggedIn": true, "authMethod": "api_key"}', "2.1.330", "ok", "logged in by an API key"),
        ('{"loggedIn": true, "authMethod": "third_party", "apiProvider": "bedrock"}', "2.1.330", "ok", "to bedrock"),
        ('{"loggedIn": false, "authMethod": "none"}', "2.1.330", "failed", "not logged in"),
        ('{"loggedIn": true, "loginExpiresAt": "2026-11-22T03:00:00Z"}', "2.1.330", "warning", "the login ends at"),
        (f'{{"loggedIn": true, "loginExpiresAt": {millis(timedelta(hours=5))}}}', "2.1.330", "warning", "ends at"),
        (f'{{"loggedIn": true, "loginExpiresAt": {millis(timedelta(days=5))}}}', "2.1.330", "ok", "logged in"),
        ("Not JSON", "2.1.330", "warning", "does not say"),
        ('["loggedIn"]', "2.1.330", "warning", "does not say"),
        ('{"loggedIn": true}', "2.1.10", "warning", "not known"),
        ('{"loggedIn": true}', "some program", "warning", "not known"),
    ],
)
def test_the_login_of_an_agent(asked: Asked, answer: str, version: str, status: str, words: str) -> None:
    """Red if there is none; yellow if it will not last the night, or is not known. An old agent is not asked."""
    found = asked(answer, version)
    assert found.status == status
    assert found.summary.startswith("with profile work: ")
    assert words in found.summary
    if found.status is Status.FAILED:
        assert str(found.fix).endswith("claude auth login")


def test_versions() -> None:
    """As programs tell them."""
    assert version_of("2.1.330 (Claude Code)") == (2, 1, 330)
    assert version_of("git version 2.39.5 (Apple Git-154)") == (2, 39, 5)
    assert version_of("stand-in") is None
    assert version_of(None) is None
