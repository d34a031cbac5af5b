"""The service's files as they are shipped, before anything is filled in."""

from pathlib import Path

_SHIPPED = Path(__file__).parent / "templates"
_CHECKOUT = Path(__file__).parents[2] / "packaging"


def systemd_unit() -> str:
    """The unit of a person's login service, with ``@COMMAND@`` and ``@ENVIRONMENT@`` to be filled in."""
    return _read("systemd", "ccsched.service").decode()


def launchd_agent() -> bytes:
    """The property list of a launchd agent, without what differs from one to the other."""
    return _read("launchd", "ccsched.plist")


def _read(manager: str, name: str) -> bytes:
    shipped = _SHIPPED / manager / name
    return (shipped if shipped.exists() else _CHECKOUT / manager / name).read_bytes()
