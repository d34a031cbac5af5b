"""The socket as a file: made for one user, and never at the cost of someone else's."""

import asyncio
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.control.server import CannotListen, ControlServer
from tests.integration.control.conftest import Desk, Serving, connected, is_gone


def _refusal(path: Path) -> str:
    """Why a server cannot listen there."""

    async def scenario() -> str:
        server = ControlServer(path, Desk().registry)
        with pytest.raises(CannotListen) as caught:
            await server.start()
        await server.close()
        return str(caught.value)

    return asyncio.run(scenario())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_socket_and_folder_are_for_their_user_alone(serving: Serving, socket_path: Path) -> None:
    """0600 in a folder of 0700, whatever the umask, and the umask is as before."""

    async def scenario() -> None:
        async with serving(Desk()):
            assert _mode(socket_path) == 0o600
            assert _mode(socket_path.parent) == 0o700

    previous = os.umask(0)
    try:
        asyncio.run(scenario())
        assert os.umask(0) == 0
    finally:
        os.umask(previous)


def test_there_is_no_moment_with_wider_modes(
    serving: Serving, socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket has its modes from the moment it is bound."""
    modes: list[int] = []

    class Watched(socket.socket):
        def bind(self, address: Any, /) -> None:
            super().bind(address)
            modes.append(_mode(Path(address)))

    monkeypatch.setattr(socket, "socket", Watched)

    async def scenario() -> None:
        async with serving(Desk()):
            pass

    asyncio.run(scenario())
    assert modes == [0o600]


def test_the_socket_of_a_dead_daemon_is_replaced(serving: Serving, socket_path: Path) -> None:
    """Nobody answers on it, so it is nobody's."""
    socket_path.parent.mkdir(0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path))
        dead.listen()

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            assert (await client.ask("echo", text="x"))["result"] == "x"

    asyncio.run(scenario())


def test_a_socket_somebody_answers_on_is_left_alone(serving: Serving, socket_path: Path) -> None:
    """The second daemon is refused, and the first goes on."""

    async def scenario() -> None:
        async with serving(Desk()):
            second = ControlServer(socket_path, Desk().registry)
            with pytest.raises(CannotListen, match="another daemon answers"):
                await second.start()
            await second.close()
            async with connected(socket_path) as client:
                assert (await client.ask("echo", text="x"))["result"] == "x"

    asyncio.run(scenario())


def test_a_socket_whose_owner_is_too_busy_is_left_alone(socket_path: Path) -> None:
    """A full queue is a sign of life."""
    socket_path.parent.mkdir(0o700)
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(socket_path))
        busy.listen(0)
        waiting = []
        try:
            for _ in range(5):
                client = socket.socket(socket.AF_UNIX)
                client.setblocking(False)
                waiting.append(client)
                client.connect_ex(str(socket_path))
            assert "another daemon answers" in _refusal(socket_path)
        finally:
            for client in waiting:
                client.close()
    assert socket_path.exists()


def test_a_file_in_the_way_is_kept(socket_path: Path) -> None:
    """It is not ours to remove; the message names it."""
    socket_path.parent.mkdir(0o700)
    socket_path.write_text("precious")
    assert f"{socket_path} is in the way: it is not a socket" in _refusal(socket_path)
    assert socket_path.read_text() == "precious"


def test_a_symbolic_link_in_the_way_is_kept(socket_path: Path, tmp_path: Path) -> None:
    """Neither it nor what it points to is touched, even if that is a dead socket."""
    socket_path.parent.mkdir(0o700)
    target = socket_path.parent / "t"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(target))
    socket_path.symlink_to(target)
    assert "is in the way" in _refusal(socket_path)
    assert socket_path.is_symlink()
    assert target.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a link away")
def test_a_folder_that_is_a_symbolic_link_of_someone_else_is_refused(socket_path: Path, tmp_path: Path) -> None:
    """Who can turn the link could put another socket in its place."""
    socket_path.parent.symlink_to(tmp_path, target_is_directory=True)
    os.chown(socket_path.parent, 65534, 65534, follow_symlinks=False)
    assert "is a symbolic link of user 65534" in _refusal(socket_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_symbolic_link_of_ones_own_is_used(
    serving: Serving, socket_path: Path, tmp_path: Path
) -> None:
    """A home may be kept on another disk."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(0o700)
    socket_path.parent.symlink_to(elsewhere, target_is_directory=True)

    async def scenario() -> None:
        async with serving(Desk()):
            assert _mode(elsewhere / socket_path.name) == 0o600

    asyncio.run(scenario())


def test_a_folder_that_is_a_file_is_refused(socket_path: Path) -> None:
    """The message says what is in the way."""
    socket_path.parent.write_text("precious")
    assert "is no folder" in _refusal(socket_path)


def test_a_folder_others_may_write_to_is_refused(socket_path: Path) -> None:
    """They could put a socket of their own in place of ours; the message says what to type."""
    socket_path.parent.mkdir()
    socket_path.parent.chmod(0o777)
    assert f"chmod go-w {socket_path.parent}" in _refusal(socket_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder away")
def test_a_folder_of_someone_else_is_refused(socket_path: Path) -> None:
    """The runtime directory has a name that others can guess."""
    socket_path.parent.mkdir(0o700)
    os.chown(socket_path.parent, 65534, 65534)
    assert "belongs to user 65534 and not to you" in _refusal(socket_path)


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """The system's limit is told with the path."""
    path = tmp_path / ("x" * 120) / "d.sock"
    message = _refusal(path)
    assert str(path) in message
    assert "too long" in message


def test_a_socket_that_is_no_longer_ours_is_kept(socket_path: Path) -> None:
    """Closing removes the file that was made, not the one that took its place."""

    async def scenario() -> None:
        server = ControlServer(socket_path, Desk().registry)
        await server.start()
        replace()
        await server.close()

    with socket.socket(socket.AF_UNIX) as other:

        def replace() -> None:
            socket_path.unlink()
            other.bind(str(socket_path))

        asyncio.run(scenario())
    assert socket_path.exists()


def test_closing_twice_or_unstarted_does_nothing(socket_path: Path) -> None:
    """A daemon that fails half-way may close all it has."""

    async def scenario() -> None:
        server = ControlServer(socket_path, Desk().registry)
        await server.close()
        await server.start()
        await server.close()
        await server.close()

    asyncio.run(scenario())
    assert is_gone(socket_path)
