"""A stand-in for the daemon: a real Unix socket that records requests and gives canned answers."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Message = dict[str, Any]
Answer = object | Callable[[Message], object]
"""What a method answers: a result, or a function of its parameters."""


class Failure(Exception):
    """A JSON-RPC error to answer with."""

    def __init__(self, code: int, message: str, **data: object) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, "data": data}


class Followed:
    """An answer that is followed by notifications, each a method, its parameters, and what to do before."""

    def __init__(self, result: object, notifications: Iterable[tuple[Callable[[], object], str, Message]]) -> None:
        self.result = result
        self.notifications = notifications


class FakeDaemon:
    """Serves one home's socket from threads until it is closed."""

    def __init__(self, path: Path) -> None:
        self.requests: list[tuple[str, Message]] = []
        self.answers: dict[str, Answer] = {}
        self.raw: bytes | None = None
        """Answer these bytes to everything and hang up."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Hang up on everybody."""
        for each in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            try:
                for line in stream:
                    if self.raw is not None:
                        connection.sendall(self.raw)
                        return
                    self._answer(connection, json.loads(line))
            except OSError:
                return  # the client has gone

    def _answer(self, connection: socket.socket, request: Message) -> None:
        method, params = request["method"], request["params"]
        self.requests.append((method, params))
        reply: Message = {"jsonrpc": "2.0", "id": request["id"]}
        answer = self.answers.get(method, Failure(-32601, f"There is no method {method}."))
        try:
            result = answer(params) if callable(answer) else answer
            if isinstance(result, Failure):
                raise result
        except Failure as failure:
            connection.sendall(json.dumps({**reply, "error": failure.error}).encode() + b"\n")
            return
        if not isinstance(result, Followed):
            connection.sendall(json.dumps({**reply, "result": result}).encode() + b"\n")
            return
        connection.sendall(json.dumps({**reply, "result": result.result}).encode() + b"\n")
        for before, notification, parameters in result.notifications:
            before()
            note = {"jsonrpc": "2.0", "method": notification, "params": parameters}
            connection.sendall(json.dumps(note).encode() + b"\n")
