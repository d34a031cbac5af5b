"""Who is at the other end of a Unix socket, as the kernel tells it."""

import os
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Protocol

from scheduler_daemon.control.errors import Refused

_UCRED = struct.Struct("iII")
"""pid, uid, gid: ``struct ucred`` of unix(7)."""

# <sys/un.h> and <sys/ucred.h> of macOS; Python does not name them there.
_SOL_LOCAL = 0
_LOCAL_PEERCRED = 0x001
_LOCAL_PEERPID = 0x002
_XUCRED_VERSION = 0
_XUCRED_SIZE = 76
_XUCRED_START = struct.Struct("II")
_PID = struct.Struct("i")


class HasOptions(Protocol):
    """A connected socket, or asyncio's view of one."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """See ``socket.socket.getsockopt``."""


@dataclass(frozen=True)
class Peer:
    """The process that connected."""

    uid: int
    pid: int | None
    """None where the system does not tell."""

    def check(self, owner: int) -> None:
        """Pass if the peer is the user ``owner`` or root.

        Raises:
            Refused: for any other user.
        """
        if self.uid not in (owner, 0):
            raise Refused(
                f"this daemon is not yours: it serves user {owner}, and you are user {self.uid}",
                kind="not_yours",
                hint="start a daemon of your own with ccschedd",
            )


def peer_of(connected: HasOptions) -> Peer:
    """The peer of a connected Unix socket.

    Raises:
        OSError: when the kernel does not know, for instance because the peer is gone.
    """
    if sys.platform == "linux":
        pid, uid, _ = _UCRED.unpack(
            connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size),
        )
        return Peer(uid=uid, pid=pid or None)
    return Peer(
        uid=uid_in_xucred(connected.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_SIZE)),
        pid=_mac_pid(connected),
    )


def uid_in_xucred(raw: bytes) -> int:
    """The user in macOS' ``struct xucred``.

    Raises:
        OSError: when the structure is of a version not known here.
    """
    if len(raw) < _XUCRED_START.size:
        raise OSError("the system's peer credentials are too short to read")
    version, uid = _XUCRED_START.unpack_from(raw)
    if version != _XUCRED_VERSION:
        raise OSError(f"the system's peer credentials are of the unknown version {version}")
    return int(uid)


def _mac_pid(connected: HasOptions) -> int | None:
    try:
        (pid,) = _PID.unpack(connected.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, _PID.size))
    except OSError:
        return None
    return int(pid) or None


def own_uid() -> int:
    """The user whose daemon this is."""
    return os.geteuid()
