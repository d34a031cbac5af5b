"""Who may ask."""

import os
import socket
import struct

import pytest

from scheduler_daemon.control.errors import Refused
from scheduler_daemon.control.peer import Peer, peer_of, uid_in_xucred


def test_the_kernel_names_the_process_at_the_other_end() -> None:
    """Both ends of a pair are this process."""
    here, there = socket.socketpair()
    with here, there:
        assert peer_of(here) == Peer(uid=os.geteuid(), pid=os.getpid())


@pytest.mark.parametrize("uid", [1000, 0])
def test_the_owner_and_root_pass(uid: int) -> None:
    """Root can do everything anyway."""
    Peer(uid=uid, pid=1).check(owner=1000)


def test_another_user_is_refused() -> None:
    """Even one who got past the modes of the socket and its folder."""
    with pytest.raises(Refused, match="not yours: it serves user 1000, and you are user 1001"):
        Peer(uid=1001, pid=1).check(owner=1000)


def test_root_does_not_serve_another_user() -> None:
    """A daemon of root runs what it is told as root."""
    with pytest.raises(Refused):
        Peer(uid=1000, pid=1).check(owner=0)


def test_the_credentials_of_macos_are_read() -> None:
    """``struct xucred``: version, uid, count of groups, 16 groups."""
    assert uid_in_xucred(struct.pack("IIh2x16I", 0, 501, 1, 20, *[0] * 15)) == 501


@pytest.mark.parametrize("raw", [b"", struct.pack("IIh2x16I", 1, 501, 1, 20, *[0] * 15)])
def test_credentials_of_an_unknown_form_are_not_guessed_at(raw: bytes) -> None:
    """Better no connection than one of the wrong user."""
    with pytest.raises(OSError, match="credentials"):
        uid_in_xucred(raw)
