"""Source ``command``: the value is what a shell command writes."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile.source import Found, SourceFailed

_MOST = 128 * 1024
"""Bytes of output; no longer variable can be handed to a process (Linux, MAX_ARG_STRLEN)."""

_KILL_WAIT = 5.0
"""Seconds; a process that SIGKILL does not end in this time (one of another user) is left to itself."""


def find(variable: EnvVar, base: Mapping[str, str], limit: float) -> Found:
    """The command's standard output without the newlines at its end, as ``$(…)`` takes it.

    The command runs through ``/bin/sh`` in the daemon's environment, with nothing on its standard input and
    its standard error thrown away. If it takes longer than ``limit``, its whole process group is killed.
    """
    if not variable.value.strip():
        raise SourceFailed("there is no command; write one as the variable's value")
    output = _run(variable.value, base, limit)
    try:
        return Found(output.decode().rstrip("\n"), secret=True)
    except UnicodeDecodeError:
        # Not chained: the error holds the output.
        raise SourceFailed("the command's output is not UTF-8 text") from None


def _run(command: str, base: Mapping[str, str], limit: float) -> bytes:
    deadline = time.monotonic() + limit
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise SourceFailed(f"/bin/sh could not be started: {error.strerror}") from None
    except ValueError:
        raise SourceFailed("the command holds a character that no command can hold") from None
    assert process.stdout is not None, "it was asked for"
    with process.stdout:
        try:
            output = _read(process.stdout.fileno(), deadline)
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            _kill(process)
            raise SourceFailed(
                f"the command took longer than {limit:g} s; it was given no input, so see that it asks for none"
            ) from None
        except BaseException:
            _kill(process)
            raise
    if status < 0:
        raise SourceFailed(f"the command was ended by signal {-status}")
    if status > 0:
        raise SourceFailed(f"the command ended with exit status {status}; run it in a terminal to see why")
    return output


def _read(descriptor: int, deadline: float) -> bytes:
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if not selector.select(left):
                continue
            chunk = os.read(descriptor, 65536)
            if not chunk:
                return bytes(output)
            output += chunk
            if len(output) > _MOST:
                raise SourceFailed(f"the command wrote more than {_MOST // 1024} KiB")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process group; its leader has not been waited for, so its id is still its own."""
    # Darwin answers EPERM for a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_KILL_WAIT)
