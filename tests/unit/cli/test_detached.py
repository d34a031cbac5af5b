"""``ccsched daemon …`` on a machine that has a login service for the same home."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler_daemon.cli.main import ccsched
from scheduler_daemon.service import manager


class Service:
    """A service manager that only says how the service is."""

    def __init__(self, *, own: bool, enabled: bool) -> None:
        self._own, self._enabled = own, enabled

    def state(self) -> manager.State:
        """Installed, and not running."""
        return manager.State(
            manager="systemd",
            unit="ccsched.service",
            unit_path=Path("/u/ccsched.service"),
            installed=True,
            enabled=self._enabled,
            active="inactive",
            running=False,
            pid=None,
            since=None,
            lingers=False,
            environment={},
            program=None,
            needs_reload=False,
            own=self._own,
            detail="",
        )


@pytest.mark.parametrize("verb", ["start", "restart"])
@pytest.mark.parametrize(("own", "enabled"), [(True, False), (False, True)], ids=["own", "enabled"])
def test_a_login_service_is_not_got_ahead_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, own: bool, enabled: bool
) -> None:
    """At the next login two would want the home; what to type instead is said."""
    monkeypatch.setattr(manager, "find", lambda _home: Service(own=own, enabled=enabled))
    result = CliRunner().invoke(ccsched, ["daemon", verb, "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert (
        f"This home has a login service, ccsched.service.\nInstead: ccsched --home {tmp_path} service {verb}\n"
        in (result.output)
    )
    assert list(tmp_path.iterdir()) == []


def test_a_packages_unit_that_is_not_enabled_is_no_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there for every user of the machine; here the daemon is not even found, for its home is a file."""
    monkeypatch.setattr(manager, "find", lambda _home: Service(own=False, enabled=False))
    home = tmp_path / "home"
    home.write_text("")
    result = CliRunner().invoke(ccsched, ["daemon", "start", "--home", str(home)])
    assert result.exit_code == 1
    assert f"{home} is no folder" in result.output
