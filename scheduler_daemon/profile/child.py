"""Runs a program that may hang, or never stop writing, within a time and a size."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_KILL_WAIT = 5.0
"""Seconds; a process that SIGKILL does not end in this time (one of another user) is left to itself."""


class Killed(Exception):
    """The program went too far and was killed, with its process group. The text form shows no output."""

    def __init__(self, output: bytes) -> None:
        super().__init__()
        self.output = output
        """What it had written until then."""


class TookLonger(Killed):
    """It had not ended in time."""


class WroteMore(Killed):
    """It wrote more than it may."""


@dataclass(frozen=True)
class Ended:
    """A program that has ended."""

    output: bytes = field(repr=False)
    status: int
    """The exit status, or the negative number of the signal that ended it."""


def run(argv: Sequence[str], base: Mapping[str, str], *, given: bytes = b"", limit: float, most: int) -> Ended:
    """Run a program in the environment ``base``, ``given`` on its standard input, and take its standard output.

    Its standard error is thrown away: it might tell a secret. It has ``limit`` seconds, and may write ``most`` bytes.

    Raises:
        TookLonger, WroteMore: then it has been killed.
        OSError: it could not be started.
        ValueError: the environment or an argument holds what none can hold.
    """
    deadline = time.monotonic() + limit
    process = subprocess.Popen(
        argv,
        env=base,
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )
    try:
        output = _exchange(process, given, deadline, most)
        try:
            return Ended(output, process.wait(max(0.0, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            raise TookLonger(output) from None
    except BaseException:
        _kill(process)
        raise


def _exchange(process: subprocess.Popen[bytes], given: bytes, deadline: float, most: int) -> bytes:
    """Write and read until the program closes its output; both pipes are closed in the end."""
    output = bytearray()
    with contextlib.ExitStack() as open_here:
        selector = open_here.enter_context(selectors.DefaultSelector())
        for pipe, event in ((process.stdin, selectors.EVENT_WRITE), (process.stdout, selectors.EVENT_READ)):
            if pipe:
                open_here.enter_context(pipe)
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, event, pipe)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TookLonger(bytes(output))
            for key, _ in selector.select(left):
                if key.fileobj is process.stdout:
                    chunk = os.read(key.fd, 65536)
                    if not chunk:
                        return bytes(output)
                    output += chunk
                    if len(output) > most:
                        raise WroteMore(bytes(output))
                else:
                    given = given[_write(key.fd, given) :]
                    if not given:
                        selector.unregister(key.fileobj)
                        key.data.close()


def _write(descriptor: int, data: bytes) -> int:
    """How much of the data is done with: what was written, or all of it where nobody reads any more."""
    try:
        return os.write(descriptor, data)
    except BrokenPipeError:
        return len(data)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process group; its leader has not been waited for, so its id is still its own."""
    # Darwin answers EPERM for a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_WAIT)
