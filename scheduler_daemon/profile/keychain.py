"""Source ``keychain``: the value is in the keychain of the person the daemon runs as.

That is the macOS Keychain, or on Linux the Secret Service (GNOME Keyring, KWallet, KeePassXC).
"""

import shlex
import sys

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile.source import Found, SourceFailed, config_of

LATE = "is it waiting for somebody to unlock the keychain, or to allow the access?"
"""What may be the matter when it takes long."""

_INTERACTION_NOT_ALLOWED = -25308
"""macOS (SecBase.h): the keychain is locked, and nobody can be asked from here."""


def find(variable: EnvVar) -> Found:
    """The password of the entry that ``value`` names as ``service/account``; it blocks while a person is asked.

    The account is what follows the last slash, so that a service may be a URL.
    """
    config_of(variable, str)
    service, _, account = variable.value.rpartition("/")
    if not service or not account:
        raise SourceFailed('its value is not of the form "service/account"')
    return Found(_password(service, account), secret=True)


def _password(service: str, account: str) -> str:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    tool = f"{shlex.quote(sys.executable)} -m keyring"
    try:
        backend = keyring.get_keyring()
    except Exception as error:
        raise SourceFailed(
            f"the keychain that is configured cannot be used ({type(error).__name__}); see: {tool} diagnose"
        ) from None
    try:
        password = backend.get_password(service, account)
    except NoKeyringError:
        raise SourceFailed(
            "the daemon has no keychain; on Linux it needs one that offers the Secret Service, such as GNOME Keyring "
            "or KWallet, and the session bus of the desktop (DBUS_SESSION_BUS_ADDRESS) in its environment"
        ) from None
    except UnicodeDecodeError:
        # Not chained: the error holds the value.
        raise SourceFailed("the entry in the keychain is not UTF-8 text") from None
    except KeyringError as error:
        raise SourceFailed(_cause(error)) from None
    if password is None:
        raise SourceFailed(
            f"there is no such entry in the keychain ({backend.name}); add it with: {tool} set SERVICE ACCOUNT"
        )
    return password


def _cause(error: Exception) -> str:
    from keyring.errors import InitError, KeyringLocked

    # The library's macOS errors have the status of the system as the first argument of their cause.
    status = error.__cause__.args[0] if error.__cause__ and error.__cause__.args else None
    if isinstance(error, KeyringLocked) or status == _INTERACTION_NOT_ALLOWED:
        return "the keychain is locked, and nobody has unlocked it; log in at the desktop, or unlock it there"
    if isinstance(error, InitError):
        return "there is no keychain yet, or it cannot be opened; log in at the desktop, and make one there"
    told = f"status {status}" if isinstance(status, int) else type(error).__name__
    return f"the keychain does not give the entry ({told}); unlock it, and allow this access"
