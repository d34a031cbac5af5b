"""One connection to the daemon: requests, their answers, and notifications."""

import contextlib
import json
import os
import socket
import struct
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import click

from scheduler_daemon.cli import text
from scheduler_daemon.home import Home, NoSocketPath

CONNECT_LIMIT = 5.0
"""Seconds for the daemon to accept the connection."""
ANSWER_LIMIT = 30.0
"""Seconds for the daemon to answer a request that waits for nothing."""

_NO_METHOD, _INVALID_PARAMS = -32601, -32602


class Unreachable(click.ClickException):
    """No daemon answers; the message says how to start one."""

    exit_code = 3


class Refused(click.ClickException):
    """The daemon answered that it does not do what was asked, and why."""

    exit_code = 1

    def __init__(self, message: str, errors: Sequence[dict[str, str]] = ()) -> None:
        """``errors`` are the fields of the request that cannot be as they are, each with a message of its own."""
        super().__init__(message)
        self.errors = errors


class Client:
    """A connection to the daemon of one home; closed by leaving the ``with`` block."""

    def __init__(self, home: Home, limit: float | None = None) -> None:
        """Connect.

        Args:
            home: the daemon's.
            limit: seconds to connect and for each answer, in place of CONNECT_LIMIT and ANSWER_LIMIT.

        Raises:
            Unreachable: naming the socket, what is wrong with it and what to do.
        """
        self._home = home
        self._connect_limit = CONNECT_LIMIT if limit is None else limit
        self._answer_limit = ANSWER_LIMIT if limit is None else limit
        self._buffer = bytearray()
        self._requests = 0
        self._notifications: deque[dict[str, Any]] = deque()
        self._socket = self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def call(self, method: str, *, patient: bool = False, **params: object) -> Any:
        """Ask one thing and return the answer, JSON of the method's own shape.

        Parameters that are None are not sent. A patient call waits without limit: for methods that answer
        when something has ended.

        Raises:
            Refused: with the daemon's reason.
            Unreachable: when the daemon closes the connection, or does not answer in time.
        """
        self._requests += 1
        request = {
            "jsonrpc": "2.0",
            "id": self._requests,
            "method": method,
            "params": {name: value for name, value in params.items() if value is not None},
        }
        deadline = None if patient else time.monotonic() + self._answer_limit
        self._send(json.dumps(request).encode() + b"\n")
        while True:
            try:
                message = self._receive(deadline)
            except TimeoutError:
                raise self._silent() from None
            if "method" in message:
                self._notifications.append(message)
            elif "error" in message and message.get("id") in (self._requests, None):
                raise self._refused(method, message["error"])
            elif message.get("id") == self._requests and "result" in message:
                return message["result"]

    def _refused(self, method: str, error: object) -> Refused:
        reason = _reason(error)
        code = error.get("code") if isinstance(error, dict) else None
        if code in (_NO_METHOD, _INVALID_PARAMS) and method != "daemon.health":
            # A method or a field may be unknown to a daemon of another version.
            from scheduler_daemon.cli.skew import told  # only who has to be told pays for it

            with contextlib.suppress(click.ClickException):
                said = told(self._home, self.call("daemon.health"))
                reason = f"{reason}\n{said}" if said else reason
        return Refused(reason, _errors(error))

    def notification(self, limit: float | None = None) -> tuple[str, dict[str, Any]] | None:
        """Method and parameters of the next notification; None where there is none for ``limit`` seconds.

        Raises:
            Unreachable: when the daemon closes the connection.
        """
        deadline = None if limit is None else time.monotonic() + limit
        while True:
            try:
                message = self._notifications.popleft() if self._notifications else self._receive(deadline)
            except TimeoutError:
                return None
            params = message.get("params")
            if "method" in message and isinstance(params, dict):
                return message["method"], params

    def _connect(self) -> socket.socket:
        try:
            path = str(self._home.socket())
        except NoSocketPath as problem:
            raise Unreachable(f"There can be no daemon here: {problem}.") from None
        folder = os.path.dirname(path)  # noqa: PTH120 - a text is all that is needed
        apart = folder != str(self._home.path)
        # Root may name anybody's home and mean it.
        if (apart or os.getuid() != 0) and _another_users(folder):
            raise Unreachable(
                f"The folder {text.line(folder)}, where the daemon's socket would be, belongs to another user, "
                "who could read all that is sent.\n"
                + (
                    "Choose a shorter --home: its socket is inside it."
                    if apart
                    else "Name a home of your own with --home."
                )
            )
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Not settimeout: where the daemon's queue is full, a socket with one fails at once.
            limit = divmod(int(self._connect_limit * 1_000_000), 1_000_000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", *limit))
            connection.connect(path)
        except OSError as problem:
            connection.close()
            raise Unreachable(self._why_not(path, problem)) from None
        return connection

    def _why_not(self, path: str, problem: OSError) -> str:
        shown, start = text.line(path), f"Start it with: {self._start()}"
        if isinstance(problem, FileNotFoundError | NotADirectoryError):
            return f"The daemon is not running: there is no socket {shown}.\n{start}"
        if isinstance(problem, ConnectionRefusedError):
            return f"The daemon is not running: nothing listens on the socket {shown} any more.\n{start}"
        if isinstance(problem, PermissionError):
            return (
                f"You may not use the socket {shown}: permission denied.\n"
                "Ask as the user whose daemon it is, or name a home of your own with --home."
            )
        if isinstance(problem, BlockingIOError | TimeoutError):
            limit = f"{self._connect_limit:.0f} seconds"
            return f"The daemon did not accept a connection on {shown} within {limit}.\n{self._stuck()}"
        return f"The daemon cannot be reached on {shown}: {problem.strerror or problem}.\n{start}"

    def _start(self) -> str:
        from scheduler_daemon.service import naming  # only who has to be told pays for it

        kept = naming.own_file(self._home).exists()
        return self._home.ccsched("service" if kept else "daemon", "start")

    def _stuck(self) -> str:
        return f"It may be stuck; runs go on meanwhile. What to do says: {self._home.ccsched('doctor')}"

    def _send(self, line: bytes) -> None:
        self._socket.settimeout(self._answer_limit)
        try:
            self._socket.sendall(line)
        except TimeoutError:
            raise self._silent() from None
        except ConnectionError:
            # What it said before it hung up, if anything, is the better message: _receive finds out.
            return

    def _receive(self, deadline: float | None) -> dict[str, Any]:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            self._socket.settimeout(deadline and max(deadline - time.monotonic(), 0.001))
            try:
                chunk = self._socket.recv(1 << 18)
            except ConnectionError:
                chunk = b""
            if not chunk:
                raise Unreachable(
                    "The daemon closed the connection before it had answered; it may have been stopped.\n"
                    f"If it is not running, start it with: {self._start()}"
                )
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise Unreachable(
                f"What listens on {text.line(os.fspath(self._home.socket()))} does not speak as the daemon "
                "does; it may be another program."
            )
        return message

    def _silent(self) -> Unreachable:
        return Unreachable(
            f"The daemon accepted the connection but has not answered for {self._answer_limit:.0f} seconds.\n"
            f"{self._stuck()}"
        )


def _another_users(folder: str) -> bool:
    """Whether somebody else made a folder, or the link to it, and could have put a socket of theirs there."""
    own = os.getuid()
    try:
        return os.lstat(folder).st_uid not in (own, 0) or os.stat(folder).st_uid != own  # noqa: PTH116
    except OSError:
        return False  # connecting will say what is wrong


def _reason(error: object) -> str:
    """What a JSON-RPC error says to a person: message, fields, candidates and what to do."""
    if not isinstance(error, dict):
        return "The daemon refused and did not say why."
    message = str(error.get("message", "The daemon refused and did not say why."))
    lines = [message]
    data = error.get("data")
    if isinstance(data, dict):
        lines += [
            f"  {problem.get('field')}: {problem.get('message')}"
            for problem in data.get("errors") or ()
            if str(problem.get("message")) not in message
        ]
        lines += [_candidate(candidate) for candidate in data.get("candidates") or ()]
        if data.get("hint"):
            lines.append(str(data["hint"]))
    if error.get("code") == -32603:
        lines.append("The daemon's log says more.")
    return text.printable("\n".join(lines))


def _errors(error: object) -> list[dict[str, str]]:
    """Field and message of each param that cannot be as it is."""
    data = error.get("data") if isinstance(error, dict) else None
    errors = data.get("errors") if isinstance(data, dict) else None
    return [
        {"field": str(each.get("field")), "message": text.printable(str(each.get("message")))}
        for each in errors or ()
        if each.get("field")
    ]


def _candidate(candidate: dict[str, object]) -> str:
    """One of several that a reference may mean: its id, its name and, where known, its job."""
    line = f"  {candidate.get('id')}  {text.line(str(candidate.get('name') or ''))}".rstrip()
    job = candidate.get("job_name")
    return f"{line}  (job {text.line(str(job))})" if job else line
