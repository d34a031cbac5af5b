"""Well-meaning clients on the socket."""

import asyncio
import json
import os
import socket
import threading
from pathlib import Path

from tests.integration.control.conftest import PATIENCE, Desk, Serving, connected, request, until


def test_a_request_is_answered_on_one_line(serving: Serving, socket_path: Path) -> None:
    """The connection stays for the next."""

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            for text in ("a", "b\n\u2028\U0001f600"):
                assert await client.ask("echo", text=text) == {"jsonrpc": "2.0", "result": text, "id": 1}

    asyncio.run(scenario())


def test_the_caller_is_who_the_kernel_says(serving: Serving, socket_path: Path) -> None:
    """User and process come from the socket, not from the client's words."""

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            answer = await client.ask("who")
            assert answer["result"] == {"uid": os.geteuid(), "pid": os.getpid()}

    asyncio.run(scenario())


def test_a_request_of_five_megabytes_works(serving: Serving, socket_path: Path) -> None:
    """A prompt may be long."""

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            text = "prompt\n" * 750_000
            assert (await client.ask("length", text=text))["result"] == len(text)
            assert (await client.ask("echo", text=text))["result"] == text

    asyncio.run(scenario())


def test_requests_on_one_connection_are_answered_in_order(serving: Serving, socket_path: Path) -> None:
    """A client may send all it has before it reads; a slow method holds those behind it."""

    async def scenario() -> None:
        desk = Desk()
        async with serving(desk), connected(socket_path) as client:
            lines = [request("echo", number, text=str(number)) for number in range(500)]
            lines.insert(250, request("wait", 1000))
            await client.send(b"".join(lines))
            first = [(await client.read())["id"] for _ in range(250)]
            assert first == list(range(250))
            desk.gate.set()
            rest = [(await client.read())["id"] for _ in range(251)]
            assert rest == [1000, *range(250, 500)]

    asyncio.run(scenario())


def test_a_slow_method_holds_nobody_else(serving: Serving, socket_path: Path) -> None:
    """Other connections are answered while one waits."""

    async def scenario() -> None:
        desk = Desk()
        async with serving(desk), connected(socket_path) as slow, connected(socket_path) as quick:
            await slow.send(request("wait"))
            await desk.waiting.wait()
            assert (await quick.ask("echo", text="x"))["result"] == "x"
            desk.gate.set()
            assert (await slow.read())["result"] == "waited"

    asyncio.run(scenario())


def test_many_clients_at_once_each_get_their_own_answers(serving: Serving, socket_path: Path) -> None:
    """Sixteen threads with plain sockets, two hundred requests each."""
    wrong: list[str] = []

    def client(name: int) -> None:
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(PATIENCE)
            plain.connect(str(socket_path))
            with plain.makefile("rwb") as stream:
                for number in range(200):
                    text = f"{name}.{number}"
                    stream.write(request("echo", text=text))
                    stream.flush()
                    if json.loads(stream.readline())["result"] != text:
                        wrong.append(text)

    async def scenario() -> None:
        async with serving(Desk()) as server:
            threads = [threading.Thread(target=client, args=(name,)) for name in range(16)]
            for thread in threads:
                thread.start()
            await until(lambda: not any(thread.is_alive() for thread in threads))
            await until(lambda: server.connections == 0)

    asyncio.run(scenario())
    assert wrong == []


def test_a_request_split_into_bytes_is_put_together(serving: Serving, socket_path: Path) -> None:
    """Where the packets end means nothing."""

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            for byte in request("echo", text="é"):
                await client.send(bytes([byte]))
                await asyncio.sleep(0)
            assert (await client.read())["result"] == "é"

    asyncio.run(scenario())


def test_a_last_request_without_a_newline_is_answered(serving: Serving, socket_path: Path) -> None:
    """``printf '{…}' | nc -U`` works: all lines are answered, then the connection ends."""

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            await client.send(request("echo", text="a") + request("echo", text="b").rstrip(b"\n"))
            client.writer.write_eof()
            assert (await client.read())["result"] == "a"
            assert (await client.read())["result"] == "b"
            assert await client.read() is None

    asyncio.run(scenario())


def test_half_a_request_is_not_answered(serving: Serving, socket_path: Path) -> None:
    """What was cut off was not meant."""

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            await client.send(request("echo", text="a") + request("echo", text="b")[:-5])
            client.writer.write_eof()
            assert (await client.read())["result"] == "a"
            assert await client.read() is None

    asyncio.run(scenario())


def test_a_subscriber_is_told_later(serving: Serving, socket_path: Path) -> None:
    """The method has long returned; requests go on meanwhile."""

    async def scenario() -> None:
        desk = Desk()
        async with serving(desk), connected(socket_path) as client:
            assert (await client.ask("subscribe"))["result"] == "subscribed"
            (caller,) = desk.callers
            caller.notify("run.ended", {"run": "r"})
            assert await client.read() == {"jsonrpc": "2.0", "method": "run.ended", "params": {"run": "r"}}
            assert (await client.ask("echo", text="x"))["result"] == "x"

    asyncio.run(scenario())


def test_a_subscription_ends_with_its_connection(serving: Serving, socket_path: Path) -> None:
    """The callback comes once, the event is set, and telling the gone does nothing."""

    async def scenario() -> None:
        desk = Desk()
        async with serving(desk) as server:
            async with connected(socket_path) as client:
                await client.ask("subscribe")
                (caller,) = desk.callers
                assert not caller.closed.is_set()
            await asyncio.wait_for(caller.closed.wait(), PATIENCE)
            await until(lambda: server.connections == 0)
            caller.notify("run.ended", {})
            assert desk.ended == [caller]
            late: list[str] = []
            caller.on_close(lambda: late.append("told"))
            assert late == ["told"]

    asyncio.run(scenario())


def test_a_callback_can_be_taken_back(serving: Serving, socket_path: Path) -> None:
    """What unsubscribed is not told of the end."""

    async def scenario() -> None:
        desk = Desk()
        told: list[str] = []
        async with serving(desk) as server:
            async with connected(socket_path) as client:
                await client.ask("subscribe")
                (caller,) = desk.callers
                forget = caller.on_close(lambda: told.append("first"))
                caller.on_close(lambda: told.append("second"))
                forget()
                forget()
            await until(lambda: server.connections == 0)
        assert told == ["second"]

    asyncio.run(scenario())
