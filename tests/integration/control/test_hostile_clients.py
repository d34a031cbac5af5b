"""Garbage, hang-ups, floods and silence: the daemon and its other clients do not notice."""

import asyncio
import gc
import logging
import os
import random
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from tests.integration.control.conftest import PATIENCE, Desk, Serving, connected, request, until


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense\n",
        b"\xff\xfe\x00\n",
        b"\x00" * 1000 + b"\n",
        b"[" * 100_000 + b"\n",
        b"[1,2,3]\n",
        b"GET / HTTP/1.1\r\n",
    ],
    ids=lambda raw: repr(raw[:10]),
)
def test_garbage_is_answered_and_the_connection_goes_on(garbage: bytes, serving: Serving, socket_path: Path) -> None:
    """Each unreadable line gets one error, and the next request its answer."""

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            await client.send(garbage + b"\n\r\n")  # Blank lines do not count.
            assert "error" in str(await client.read())
            assert (await client.ask("echo", text="x"))["result"] == "x"

    asyncio.run(scenario())


def test_random_bytes_never_stop_the_daemon(serving: Serving, socket_path: Path) -> None:
    """A megabyte of noise, then a hang-up; the next client is served."""
    noise = random.Random(1).randbytes(1_000_000)

    async def scenario() -> None:
        async with serving(Desk()) as server:
            async with connected(socket_path) as client:

                async def read_all() -> None:
                    while await client.reader.read(65536):
                        pass

                reading = asyncio.create_task(read_all())
                await client.send(noise)
                client.writer.write_eof()
                await reading
            async with connected(socket_path) as client:
                assert (await client.ask("echo", text="x"))["result"] == "x"
            await until(lambda: server.connections == 0)

    asyncio.run(scenario())


def test_a_method_that_fails_ends_nothing(serving: Serving, socket_path: Path) -> None:
    """The error is answered without its cause, and the connection goes on."""

    async def scenario() -> None:
        async with serving(Desk()), connected(socket_path) as client:
            with capture_logs() as logs:
                answer = await client.ask("fail")
            assert answer["error"]["code"] == -32603
            assert "hunter2" not in str(answer)
            assert [each["event"] for each in logs] == ["a method failed"]
            assert (await client.ask("echo", text="x"))["result"] == "x"

    asyncio.run(scenario())


@pytest.mark.parametrize("length", [1000, 1001, 5000, 3_000_000])
def test_a_line_over_the_limit_is_skipped(length: int, serving: Serving, socket_path: Path) -> None:
    """At the limit it is read; beyond, one error says so and the next line is answered."""

    async def scenario() -> None:
        async with serving(Desk(), request_limit=1000), connected(socket_path) as client:
            frame = len(request("length", text="")) - 1
            long = request("length", text="x" * (length - frame))
            assert len(long) - 1 == length
            await client.send(long + request("echo", 2, text="next"))
            answer = await client.read()
            if length == 1000:
                assert answer["result"] == 1000 - frame
            else:
                assert (answer["error"]["code"], answer["id"]) == (-32600, None)
                assert "longer than 1000 bytes" in answer["error"]["message"]
            assert (await client.read())["id"] == 2

    asyncio.run(scenario())


def test_a_line_without_end_takes_no_memory(serving: Serving, socket_path: Path) -> None:
    """A hundred megabytes without a newline are answered at once and then thrown away."""

    async def scenario() -> None:
        process = psutil.Process()
        async with serving(Desk(), request_limit=1_000_000), connected(socket_path) as client:
            await client.send(b"x" * 2_000_000)
            assert "longer than" in (await client.read())["error"]["message"]
            before = process.memory_info().rss
            chunk = b"x" * 1_000_000
            for _ in range(100):
                await client.send(chunk)
            assert process.memory_info().rss - before < 20_000_000
            await client.send(b"\n")
            assert (await client.ask("echo", text="x"))["result"] == "x"

    asyncio.run(scenario())


def test_hanging_up_in_the_middle_leaves_no_trace(
    serving: Serving, socket_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether in a request, before an answer or within one: no traceback, nothing above debug, no leak."""
    rng = random.Random(7)

    async def scenario() -> None:
        desk = Desk()
        asyncio.get_running_loop().call_later(0.3, desk.gate.set)
        async with serving(desk) as server:
            files = psutil.Process().num_fds()
            for number in range(300):
                plain = socket.socket(socket.AF_UNIX)
                plain.connect(str(socket_path))
                plain.setblocking(False)
                line = (
                    request("blob", count=0, size=3_000_000),
                    request("subscribe") + request("flood", count=500, size=1000),
                    request("wait"),
                    request("echo", text="x"),
                )[number % 4]
                plain.send(line[: rng.choice([len(line), rng.randrange(len(line))])])
                for _ in range(rng.randrange(4)):
                    await asyncio.sleep(0)
                if rng.random() < 0.3:
                    with suppress(BlockingIOError):
                        plain.recv(100)
                plain.close()
            await until(lambda: server.connections == 0)
            assert psutil.Process().num_fds() == files
            async with connected(socket_path) as client:
                assert (await client.ask("echo", text="x"))["result"] == "x"

    with caplog.at_level(logging.INFO), capture_logs() as logs:
        asyncio.run(scenario())
        gc.collect()
    assert caplog.records == []
    assert [each for each in logs if each["log_level"] != "debug"] == []


def test_a_subscriber_who_does_not_read_is_dropped(serving: Serving, socket_path: Path) -> None:
    """Its backlog is bounded, it is logged, and nobody else waits."""

    async def scenario() -> None:
        desk = Desk()
        async with (
            serving(desk, backlog_limit=1_000_000) as server,
            connected(socket_path) as deaf,
            connected(socket_path) as other,
        ):
            await deaf.ask("subscribe")
            deaf.stop_reading()
            (caller,) = desk.callers
            with capture_logs() as logs:
                for number in range(2000):
                    caller.notify("water", {"number": number, "drops": "x" * 1000})
                    if caller.closed.is_set():
                        break
            assert caller.closed.is_set()
            assert desk.ended == [caller]
            assert number >= 1000
            assert [(each["log_level"], each["bytes_waiting"] > 1_000_000) for each in logs] == [("warning", True)]
            assert (await other.ask("echo", text="x"))["result"] == "x"
            await until(lambda: server.connections == 1)

    asyncio.run(scenario())


def test_an_answer_may_be_longer_than_the_backlog(serving: Serving, socket_path: Path) -> None:
    """A client that asked for much and reads it is not dropped, though it is told things meanwhile."""

    async def scenario() -> None:
        desk = Desk()
        async with serving(desk, backlog_limit=100_000), connected(socket_path) as client:
            await client.ask("subscribe")
            (caller,) = desk.callers
            client.stop_reading()
            await client.send(request("blob", count=0, size=5_000_000))
            await until(lambda: desk.blobs == 1)
            caller.notify("water", {})
            client.read_on()
            assert len((await client.read())["result"]) == 5_000_000
            assert (await client.read())["method"] == "water"

    asyncio.run(scenario())


def test_a_client_that_asks_and_never_reads_gets_no_further(serving: Serving, socket_path: Path) -> None:
    """Its requests wait in its own socket; the daemon holds one answer, and closes fast."""

    async def scenario() -> None:
        process = psutil.Process()
        async with serving(Desk()) as server, connected(socket_path) as other:
            before = process.memory_info().rss
            with socket.socket(socket.AF_UNIX) as deaf:
                deaf.connect(str(socket_path))
                deaf.setblocking(False)
                deaf.send(request("blob", count=0, size=1_000_000) * 500)
                for _ in range(50):
                    assert (await other.ask("echo", text="x"))["result"] == "x"
                assert process.memory_info().rss - before < 50_000_000
                begun = time.monotonic()
                await server.close(grace=0.2)
                assert time.monotonic() - begun < 2

    asyncio.run(scenario())


def test_one_connection_too_many_is_told_so(serving: Serving, socket_path: Path) -> None:
    """The newcomer gets an error line; when another has left, there is room again."""

    async def scenario() -> None:
        async with serving(Desk(), connection_limit=2) as server:
            async with connected(socket_path) as first, connected(socket_path):
                assert (await first.ask("echo", text="x"))["result"] == "x"
                await until(lambda: server.connections == 2)
                async with connected(socket_path) as third:
                    answer = await third.read()
                    assert (answer["error"]["code"], answer["id"]) == (-32003, None)
                    assert answer["error"]["data"]["kind"] == "too_many_connections"
                    assert await third.read() is None
            await until(lambda: server.connections == 0)
            async with connected(socket_path) as fourth:
                assert (await fourth.ask("echo", text="x"))["result"] == "x"

    asyncio.run(scenario())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become someone else")
def test_another_user_is_turned_away(serving: Serving, socket_path: Path) -> None:
    """Even with the modes of socket and folder wide open, the kernel's word counts."""

    async def scenario() -> bytes:
        async with serving(Desk()) as server:
            told = await asyncio.to_thread(_told_to_nobody, socket_path)
            assert server.connections == 0
            return told

    with capture_logs() as logs:
        told = asyncio.run(scenario())
    assert told.count(b"\n") == 1
    assert b'"code":-32003' in told
    assert b"this daemon is not yours: it serves user 0, and you are user 65534" in told
    assert [each["event"] for each in logs] == ["a client was turned away"]


ASK = """
import os, socket, sys
os.setgid(65534)
os.setuid(65534)
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
try:
    client.send(sys.argv[2].encode())
except BrokenPipeError:
    pass  # The server was quicker; what it said can be read all the same.
try:
    while part := client.recv(65536):
        os.write(1, part)
except ConnectionResetError:
    pass
"""


def _told_to_nobody(path: Path) -> bytes:
    """What a process of another user is answered, if file modes do not hold it off."""
    path.parent.chmod(0o711)
    path.chmod(0o666)
    # Relative to the folder: those above it are closed to others.
    line = request("echo", text="x").decode()
    command = [sys.executable, "-I", "-S", "-c", ASK, path.name, line]
    return subprocess.run(command, cwd=path.parent, stdout=subprocess.PIPE, check=True, timeout=60).stdout


def test_closing_answers_what_is_under_way(serving: Serving, socket_path: Path) -> None:
    """A request that is being done when the daemon stops gets its answer; idle clients just see the end."""

    async def scenario() -> None:
        desk = Desk()
        async with (
            serving(desk) as server,
            connected(socket_path) as idle,
            connected(socket_path) as busy,
        ):
            await idle.ask("subscribe")
            await busy.send(request("wait"))
            await desk.waiting.wait()
            closing = asyncio.create_task(server.close(grace=10 * PATIENCE))
            assert await idle.read() is None
            assert desk.ended == desk.callers
            desk.gate.set()
            assert (await busy.read())["result"] == "waited"
            assert await busy.read() is None
            await asyncio.wait_for(closing, PATIENCE)

    asyncio.run(scenario())


def test_closing_does_not_wait_for_what_never_ends(serving: Serving, socket_path: Path) -> None:
    """After the grace, methods are cancelled and connections cut."""

    async def scenario() -> None:
        desk = Desk()
        async with serving(desk) as server, connected(socket_path) as client:
            await client.send(request("wait"))
            await desk.waiting.wait()
            begun = time.monotonic()
            await server.close(grace=0.1)
            assert time.monotonic() - begun < 2
            assert await client.read() is None

    asyncio.run(scenario())
