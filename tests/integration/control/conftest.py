"""A control server on a real socket, and a client that speaks to it in lines."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from scheduler_daemon.control.registry import Caller, NoParams, Params, Registry
from scheduler_daemon.control.server import ControlServer

PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""


class Text(Params):
    """One text."""

    text: str


class Flood(Params):
    """How much to notify."""

    count: int
    size: int


class Desk:
    """The methods, and what they came to know."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.gate = asyncio.Event()
        self.waiting = asyncio.Event()
        self.blobs = 0
        self.callers: list[Caller] = []
        self.ended: list[Caller] = []
        self.registry.register("echo", Text, lambda params, _: params.text, summary="Say it again.")
        self.registry.register("length", Text, lambda params, _: len(params.text), summary="Measure.")
        self.registry.register("blob", Flood, self._blob, summary="Answer much.")
        self.registry.register("who", NoParams, self._who, summary="Who asks?")
        self.registry.register("wait", NoParams, self._wait, summary="Wait for the gate.")
        self.registry.register("subscribe", NoParams, self._subscribe, summary="Keep the caller.")
        self.registry.register("flood", Flood, self._flood, summary="Notify without end.")
        self.registry.register("fail", NoParams, self._fail, summary="Fail.")

    def _blob(self, params: Flood, _caller: Caller) -> str:
        self.blobs += 1
        return "x" * params.size

    def _who(self, _params: NoParams, caller: Caller) -> dict[str, int | None]:
        return {"uid": caller.uid, "pid": caller.pid}

    async def _wait(self, _params: NoParams, _caller: Caller) -> str:
        self.waiting.set()
        await self.gate.wait()
        return "waited"

    def _subscribe(self, _params: NoParams, caller: Caller) -> str:
        self.callers.append(caller)
        caller.on_close(lambda: self.ended.append(caller))
        return "subscribed"

    def _flood(self, params: Flood, caller: Caller) -> int:
        for number in range(params.count):
            caller.notify("water", {"number": number, "drops": "x" * params.size})
        return params.count

    def _fail(self, _params: NoParams, _caller: Caller) -> None:
        raise RuntimeError("the password is hunter2")


class Client:
    """A connection, one JSON document a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(raw)
        await self.writer.drain()

    async def read(self) -> Any:
        """The next line's document; None at the end."""
        line = await asyncio.wait_for(self.reader.readline(), PATIENCE)
        return json.loads(line) if line else None

    def stop_reading(self) -> None:
        """Leave what comes in the socket."""
        assert isinstance(self.writer.transport, asyncio.Transport)
        self.writer.transport.pause_reading()

    def read_on(self) -> None:
        """Undo ``stop_reading``."""
        assert isinstance(self.writer.transport, asyncio.Transport)
        self.writer.transport.resume_reading()

    async def ask(self, method: str, /, **params: object) -> Any:
        """The answer to one request."""
        await self.send(request(method, **params))
        return await self.read()


def request(method: str, request_id: int = 1, /, **params: object) -> bytes:
    """One request as a line."""
    document = {"jsonrpc": "2.0", "method": method, "params": params, "id": request_id}
    return json.dumps(document).encode() + b"\n"


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Client]:
    """A client; its answers may be long."""
    reader, writer = await asyncio.open_unix_connection(path, limit=2**26)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.005)


def is_gone(path: Path) -> bool:
    """Whether there is nothing of that name, not even a dangling link."""
    return not os.path.lexists(path)


Serving: TypeAlias = Callable[..., AbstractAsyncContextManager[ControlServer]]


@pytest.fixture
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A path that is short enough for a socket, whatever the test's name."""
    return tmp_path_factory.mktemp("s") / "h" / "d.sock"


@pytest.fixture
def serving(socket_path: Path) -> Serving:
    """``async with serving(desk, …) as server``: a server that is closed at the end."""

    @asynccontextmanager
    async def opened(desk: Desk, **limits: int) -> AsyncIterator[ControlServer]:
        server = ControlServer(socket_path, desk.registry, **limits)
        await server.start()
        try:
            yield server
        finally:
            await server.close()
            assert server.connections == 0
            assert is_gone(socket_path)

    return opened
