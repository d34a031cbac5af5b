"""One client's connection: requests in, line by line; answers and notifications out."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress

import structlog
from structlog.typing import FilteringBoundLogger

from scheduler_daemon.control import Json, protocol
from scheduler_daemon.control.errors import InvalidRequest
from scheduler_daemon.control.peer import Peer
from scheduler_daemon.control.registry import Registry

_CHUNK = 256 * 1024

_log: FilteringBoundLogger = structlog.get_logger("control")


class Connection:
    """A ``Caller`` and the conversation with it.

    Requests are answered one after another, in the order they came. The next one is read when the answer
    before it is on its way, so a client that does not read gets no further; nobody else waits for it.

    When the client has no more to say (it closed its end, or shut it down for writing), what it asked is
    answered, and the connection ends, with all subscriptions.

    Args:
        reader: the requests.
        writer: the answers.
        peer: who is there, already checked.
        registry: the methods.
        request_limit: the longest line, in bytes without its newline.
        backlog_limit: how many bytes of notifications may wait for a client that does not read.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        peer: Peer,
        registry: Registry,
        *,
        request_limit: int,
        backlog_limit: int,
    ) -> None:
        self.closed = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._peer = peer
        self._registry = registry
        self._request_limit = request_limit
        self._backlog_limit = backlog_limit
        self._callbacks: list[Callable[[], None]] = []
        self._answer_on_its_way = 0
        self._busy = False
        self._finishing = False
        self._log = _log.bind(peer_pid=peer.pid)

    @property
    def uid(self) -> int:
        """The user at the other end."""
        return self._peer.uid

    @property
    def pid(self) -> int | None:
        """The process that connected."""
        return self._peer.pid

    def on_close(self, callback: Callable[[], None]) -> Callable[[], None]:
        """See ``Caller``."""
        if self.closed.is_set():
            callback()
        else:
            self._callbacks.append(callback)

        def forget() -> None:
            with suppress(ValueError):
                self._callbacks.remove(callback)

        return forget

    def notify(self, method: str, params: Mapping[str, Json]) -> None:
        """See ``Caller``."""
        line = protocol.notification(method, params)
        transport = self._writer.transport
        if self.closed.is_set() or transport.is_closing():
            return
        # An answer may be of any size: its client asked for it, and it waits alone.
        waiting = transport.get_write_buffer_size() - self._answer_on_its_way
        if waiting > self._backlog_limit:
            self._log.warning("a client does not read; its connection is dropped", bytes_waiting=waiting)
            self.drop()
            return
        self._writer.write(line + b"\n")

    async def serve(self) -> None:
        """Converse until the client, ``finish`` or ``drop`` ends it."""
        try:
            await self._converse()
            self._end()
            self._writer.close()
            await self._writer.wait_closed()
        except OSError as error:
            self._log.debug("a client hung up", reason=str(error))
        finally:
            self.drop()
            # In every case: asyncio logs the error of a lost connection if nobody asks for it.
            with suppress(OSError):
                await self._writer.wait_closed()

    def finish(self) -> None:
        """End the connection once the request under way, if there is one, is answered."""
        self._finishing = True
        if not self._busy:
            self._end()
            self._writer.close()

    def drop(self) -> None:
        """End the connection now; what was not sent yet is lost."""
        self._writer.transport.abort()
        self._end()

    async def _converse(self) -> None:
        async with aclosing(self._lines()) as lines:
            async for line in lines:
                self._busy = True
                try:
                    answer = await self._answer(line)
                    if answer is not None:
                        await self._send(answer)
                finally:
                    self._busy = False
                # A client with a thousand requests on their way must not keep the others waiting.
                await asyncio.sleep(0)
                if self._finishing:
                    return

    async def _answer(self, line: bytes | None) -> bytes | None:
        if line is None:
            return protocol.error_line(
                InvalidRequest(f"Invalid Request: the request is longer than {self._request_limit} bytes")
            )
        return await protocol.answer(self._registry, line, self)

    async def _send(self, answer: bytes) -> None:
        self._answer_on_its_way = len(answer) + 1
        try:
            self._writer.write(answer + b"\n")
            await self._writer.drain()
        finally:
            self._answer_on_its_way = 0

    async def _lines(self) -> AsyncGenerator[bytes | None, None]:
        """The lines without their newlines; None, once, for a line that is too long."""
        line = bytearray()
        skipping = False
        while chunk := await self._reader.read(_CHUNK):
            start = 0
            while start < len(chunk):
                end = chunk.find(b"\n", start)
                ended = end >= 0
                if not ended:
                    end = len(chunk)
                if not skipping:
                    line += memoryview(chunk)[start:end]
                    if len(line) > self._request_limit:
                        skipping = True
                        line.clear()
                        yield None
                    elif ended:
                        yield bytes(line)
                if ended:
                    skipping = False
                    line.clear()
                start = end + 1
        # What a client did not finish it did not mean; but many a tool ends its last line without a newline.
        if line and not self._finishing and protocol.is_document(bytes(line)):
            yield bytes(line)

    def _end(self) -> None:
        if self.closed.is_set():
            return
        self.closed.set()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:
                self._log.exception("what was to be done at the end of a connection failed")
