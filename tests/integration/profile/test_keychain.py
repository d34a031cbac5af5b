"""Variables from a keychain, with a real Secret Service."""

import sys
import time
from pathlib import Path

import pytest

from tests.integration.profile.asking import failures, found, left_on_disk, plain_base, readers, variable
from tests.integration.profile.secret_service import SecretService


@pytest.mark.keyring
@pytest.mark.parametrize(
    ("service", "account"),
    [("ccsched", "me"), ("https://api.example.com/v1", "me@example.com"), ("two words/é", "ü 🌙")],
    ids=["name", "url", "not ascii"],
)
def test_the_value_is_the_entry_s_password(secret_service: SecretService, service: str, account: str) -> None:
    """The account is what follows the last slash, so a service may be a URL; the value is masked."""
    secret_service.add(service, account, "s3cr3t 🔑")
    resolved = found(secret_service.environment, variable("TOKEN", "keychain", f"{service}/{account}"))
    assert resolved.environment == {**secret_service.environment, "TOKEN": "s3cr3t 🔑"}
    assert resolved.secrets == ("s3cr3t 🔑",)


@pytest.mark.keyring
def test_many_entries_are_read(secret_service: SecretService) -> None:
    """Each variable has its own, whatever became of the others."""
    for number in range(3):
        secret_service.add("ccsched", f"account-{number}", f"s3cr3t-{number}")
    variables = [variable(f"TOKEN_{number}", "keychain", f"ccsched/account-{number}") for number in range(3)]
    environment = found(secret_service.environment, *variables).environment
    assert [environment[f"TOKEN_{number}"] for number in range(3)] == ["s3cr3t-0", "s3cr3t-1", "s3cr3t-2"]
    (told,) = failures(secret_service.environment, *variables, variable("MORE", "keychain", "ccsched/s3cr3t"))
    assert told.startswith("MORE (source keychain): there is no such entry")


@pytest.mark.keyring
def test_an_entry_that_is_not_there_is_told_with_the_command_that_adds_it(secret_service: SecretService) -> None:
    """The value is not shown: it may be a secret in the wrong place."""
    (told,) = failures(secret_service.environment, variable("TOKEN", "keychain", "ccsched/s3cr3t"))
    assert told == (
        "TOKEN (source keychain): there is no such entry in the keychain (SecretService Keyring); "
        f"add it with: {sys.executable} -m keyring set SERVICE ACCOUNT"
    )


@pytest.mark.keyring
def test_a_locked_keychain_that_cannot_ask_fails_at_once(secret_service: SecretService) -> None:
    """Without a desktop there is nobody to be asked for the password."""
    secret_service.add("ccsched", "me", "s3cr3t")
    secret_service.lock()
    (told,) = failures(secret_service.environment, variable("TOKEN", "keychain", "ccsched/me"))
    assert told == (
        "TOKEN (source keychain): the keychain is locked, and nobody has unlocked it; "
        "log in at the desktop, or unlock it there"
    )


@pytest.mark.keyring
def test_a_locked_keychain_that_asks_for_ever_fails_in_time(secret_service: SecretService, tmp_path: Path) -> None:
    """Nobody answers at night: what waits for them is ended with the limit, and no process of it is left."""
    secret_service.add("ccsched", "me", "s3cr3t")
    secret_service.nobody_answers()
    secret_service.lock()
    variables = [variable(name, "keychain", "ccsched/me") for name in ("FIRST", "SECOND")]
    began = time.monotonic()
    told = failures(secret_service.environment, *variables, limit=6.0)
    assert time.monotonic() - began < 30
    assert told == tuple(
        f"{name} (source keychain): it took longer than 6 s; "
        "is it waiting for somebody to unlock the keychain, or to allow the access?"
        for name in ("FIRST", "SECOND")
    )
    assert (tmp_path / "keychain" / "prompter.pid").exists(), "nobody was asked"
    assert readers(tmp_path / "user") == []


@pytest.mark.keyring
def test_a_keychain_leaves_no_secret_on_the_disk(secret_service: SecretService, tmp_path: Path) -> None:
    """Neither in the home nor in any other directory that programs keep things in."""
    secret_service.add("ccsched", "me", "s3cr3t")
    found(secret_service.environment, variable("TOKEN", "keychain", "ccsched/me"))
    assert left_on_disk(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has its keychain always")
@pytest.mark.parametrize("address", [None, "unix:path=/nonexistent/bus"], ids=["no bus", "a dead bus"])
def test_without_a_session_bus_there_is_no_keychain(tmp_path: Path, address: str | None) -> None:
    """A daemon that no desktop started is told what it lacks."""
    environment = {**plain_base(tmp_path), **({"DBUS_SESSION_BUS_ADDRESS": address} if address else {})}
    (told,) = failures(environment, variable("TOKEN", "keychain", "ccsched/s3cr3t"))
    assert told.startswith("TOKEN (source keychain): the daemon has no keychain; ")
    assert "DBUS_SESSION_BUS_ADDRESS" in told


def test_a_keychain_that_is_configured_and_not_there_is_told(base: dict[str, str]) -> None:
    """The failure has the command that says more."""
    environment = {**base, "PYTHON_KEYRING_BACKEND": "s3cr3t.not.there"}
    (told,) = failures(environment, variable("TOKEN", "keychain", "ccsched/me"))
    assert "the keychain that is configured cannot be used (ModuleNotFoundError)" in told
    assert told.endswith("-m keyring diagnose")


@pytest.mark.parametrize("value", ["s3cr3t", "", "/s3cr3t", "s3cr3t/"])
def test_a_value_that_is_not_service_and_account_is_not_shown(base: dict[str, str], value: str) -> None:
    """A secret that was put there by mistake stays one."""
    (told,) = failures(base, variable("TOKEN", "keychain", value))
    assert told == 'TOKEN (source keychain): its value is not of the form "service/account"'
