"""The socket the daemon listens on: where it is, who may connect, and how many."""

import asyncio
import contextlib
import os
import socket
import stat
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from scheduler_daemon.control import protocol
from scheduler_daemon.control.connection import Connection
from scheduler_daemon.control.errors import Refused, RpcError
from scheduler_daemon.control.peer import own_uid, peer_of
from scheduler_daemon.control.registry import Registry

REQUEST_LIMIT = 64 * 1024 * 1024
"""Bytes in one line."""

BACKLOG_LIMIT = 8 * 1024 * 1024
"""Bytes of notifications that wait for one client."""

CONNECTION_LIMIT = 256

_QUEUE = 128
"""Connections the kernel holds while the daemon is busy; more than that are refused by it."""

_PROBE = 1.0
"""Seconds to wait for whoever may own a socket that is already there."""

_log: FilteringBoundLogger = structlog.get_logger("control")


class CannotListen(Exception):
    """The control socket cannot be made; the message says why and what to do."""


class ControlServer:
    """Answers the methods of a registry on a Unix socket, to its own user and root.

    Args:
        path: the socket; its folder is made, if it is not there, for its user alone.
        registry: the methods.
        request_limit: the longest request, in bytes; a longer one is answered with an error and skipped.
        backlog_limit: how many bytes of notifications may wait for a client that does not read.
        connection_limit: how many clients at once; one more is told so and turned away.
    """

    def __init__(
        self,
        path: Path,
        registry: Registry,
        *,
        request_limit: int = REQUEST_LIMIT,
        backlog_limit: int = BACKLOG_LIMIT,
        connection_limit: int = CONNECTION_LIMIT,
    ) -> None:
        self.path = path
        self._registry = registry
        self._request_limit = request_limit
        self._backlog_limit = backlog_limit
        self._connection_limit = connection_limit
        self._server: asyncio.Server | None = None
        self._identity: tuple[int, int] | None = None
        self._conversations: dict[Connection, asyncio.Task[None]] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._conversations)

    async def start(self) -> None:
        """Make the socket and listen.

        Raises:
            CannotListen: when the path or its folder is not ours, somebody answers there already, or the
                system refuses.
        """
        try:
            _prepare_folder(self.path.parent)
            _clear_stale(self.path)
            listening = _bound(self.path)
        except OSError as error:
            raise CannotListen(
                f"cannot listen on {self.path}: {error.strerror or error}; "
                "make it possible there, or choose another --home"
            ) from error
        self._identity = _identity(self.path)
        self._server = await asyncio.start_unix_server(self._connected, sock=listening, backlog=_QUEUE)

    async def close(self, grace: float = 1.0) -> None:
        """Stop listening, remove the socket, end every connection.

        Args:
            grace: seconds for requests under way to be answered and for answers to be read.
        """
        server, self._server = self._server, None
        if server is None:
            return
        # Before the socket is closed: until then nobody else's file can have its inode number.
        if self._identity is not None and _identity(self.path) == self._identity:
            self.path.unlink(missing_ok=True)
        server.close()
        for connection in list(self._conversations):
            connection.finish()
        tasks = list(self._conversations.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for connection, task in list(self._conversations.items()):
            connection.drop()
            task.cancel()
        for farewell in self._farewells:
            farewell.cancel()
        await asyncio.gather(*tasks, *self._farewells, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            peer = peer_of(writer.get_extra_info("socket"))
            peer.check(own_uid())
            self._check_room()
        except OSError as error:
            _log.debug("a client was gone before it was asked who it is", reason=str(error))
            writer.transport.abort()
            return
        except RpcError as error:
            _log.warning("a client was turned away", reason=error.message)
            farewell = asyncio.create_task(_turn_away(reader, writer, error))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
            return
        connection = Connection(
            reader,
            writer,
            peer,
            self._registry,
            request_limit=self._request_limit,
            backlog_limit=self._backlog_limit,
        )
        task = asyncio.create_task(connection.serve())
        self._conversations[connection] = task
        task.add_done_callback(lambda _: self._conversations.pop(connection))

    def _check_room(self) -> None:
        if self._server is None:
            raise Refused("the daemon is about to stop", kind="stopping")
        if len(self._conversations) >= self._connection_limit:
            raise Refused(
                f"the daemon already serves {self._connection_limit} connections, and that is the most",
                kind="too_many_connections",
                hint="close one, or try again later",
            )


async def _turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: RpcError) -> None:
    try:
        writer.write(protocol.error_line(error) + b"\n")
        # A connection closed on a request that nobody has read is broken for the client: it would not see why.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PROBE):
                await reader.read(1)
        writer.close()
        await writer.wait_closed()
    except OSError as reason:
        _log.debug("a client was gone before it was turned away", reason=str(reason))
    finally:
        writer.transport.abort()


def _prepare_folder(folder: Path) -> None:
    if not os.path.lexists(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode):
        if found.st_uid not in (own_uid(), 0):
            raise CannotListen(
                f"{folder}, the folder of the control socket, is a symbolic link of user {found.st_uid}, who could "
                "turn it elsewhere; name the folder itself, with --home or XDG_RUNTIME_DIR"
            )
        found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise CannotListen(f"{folder} is no folder, so the control socket cannot be in it; move it away")
    if found.st_uid != own_uid():
        raise CannotListen(
            f"{folder}, the folder of the control socket, belongs to user {found.st_uid} and not to you; "
            "choose another with --home or XDG_RUNTIME_DIR"
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CannotListen(
            f"others may write to {folder}, the folder of the control socket; run: chmod go-w {folder}"
        )


def _clear_stale(path: Path) -> None:
    """Remove the socket of a daemon that is no more."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise CannotListen(f"{path} is in the way: it is not a socket; move it away and start again")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PROBE)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except FileNotFoundError:
            return
        except (BlockingIOError, TimeoutError):
            pass  # Somebody listens there, who is too busy to accept.
    raise CannotListen(f"another daemon answers on {path}; stop it first, or choose another --home")


def _bound(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX)
    # A chmod after bind would leave a moment in which others could connect.
    previous = os.umask(0o177)
    try:
        bound.bind(os.fspath(path))
    except BaseException:
        bound.close()
        raise
    finally:
        os.umask(previous)
    return bound


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever its name; None if there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
