"""What a new login in the person's own shell has as its environment."""

import os
import pwd
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_LATEST_EXTRA = 2.0
"""Seconds that a shell which is not interactive may take, after one that is was silent."""
_PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PASSED_ON = ("HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK")
"""What a login has before its shell starts. The agent's socket is there lest the shell start another ssh-agent."""

_PYTHON, _PROGRAM, _MARK = "CCSCHED_PYTHON", "CCSCHED_PROGRAM", "CCSCHED_MARK"
# Passed by variables, for in those all shells agree, and in quoting they do not.
_COMMAND = f'exec "${_PYTHON}" -I -S -c "${_PROGRAM}"'
_TELL = (
    "import os,sys;"
    f"e=os.environb;m=e.pop(b'{_MARK}');"
    "sys.stdout.buffer.write(m+b'\\0'.join(k+b'='+v for k,v in e.items())+m);"
    "sys.stdout.flush()"
)


class ShellSilent(Exception):
    """The login shell did not tell its environment; the message says why."""


def of_login_shell(limit: float = 10.0) -> dict[str, str]:
    """The environment of a new login in an interactive shell of this person.

    Interactive, for much that sets PATH is in the files that only such a shell reads; where that comes to nothing,
    as where these files start something else, the shell is asked once more as one that is not.

    Args:
        limit: seconds that the shell may take.

    Raises:
        ShellSilent: the shell did not tell, or not in time.
    """
    shell = _shell()
    deadline = time.monotonic() + limit
    try:
        return _ask(shell, True, deadline)
    except ShellSilent:
        return _ask(shell, False, max(deadline, time.monotonic() + _LATEST_EXTRA))


def _shell() -> str:
    for shell in (os.environ.get("SHELL", ""), pwd.getpwuid(os.getuid()).pw_shell):
        if shell.startswith("/") and os.access(shell, os.X_OK):
            return shell
    return "/bin/sh"


def _ask(shell: str, interactive: bool, deadline: float) -> dict[str, str]:
    mark = os.urandom(16).hex()
    given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment = {
        **given,
        "PATH": _PLAIN_PATH,
        "SHELL": shell,
        # No editor, multiplexer or prompt with an answer to wait for is to start.
        "TERM": "dumb",
        _PYTHON: sys.executable,
        _PROGRAM: _TELL,
        _MARK: mark,
    }
    output = _run(_arguments(shell, interactive), shell, environment, mark.encode(), deadline)
    _, *told = output.split(mark.encode())
    if len(told) < 2:
        raise ShellSilent(f"{shell} ended before it told its environment")
    variables = (os.fsdecode(variable).partition("=") for variable in told[0].split(b"\0"))
    ours = (_PYTHON, _PROGRAM, _MARK)
    return {name: value for name, _, value in variables if name not in ours}


def _arguments(shell: str, interactive: bool) -> list[str]:
    if Path(shell).name in ("csh", "tcsh"):
        # Their -l goes with no other option; a name with a dash says the same.
        return [f"-{Path(shell).name}", "-c", _COMMAND]
    return [shell, "-l", *(["-i"] if interactive else []), "-c", _COMMAND]


def _run(arguments: Sequence[str], shell: str, environment: Mapping[str, str], mark: bytes, deadline: float) -> bytes:
    """What the shell writes until it has written the mark twice, or has ended."""
    try:
        # A session of its own has no terminal that the shell could wait for, or take.
        process = subprocess.Popen(
            arguments,
            executable=shell,
            env=environment,
            cwd=environment.get("HOME", "/"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise ShellSilent(f"{shell} cannot be started: {error.strerror}") from error
    output = b""
    assert process.stdout
    try:
        while output.count(mark) < 2:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise ShellSilent(f"{shell} took too long to tell its environment")
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                break
            output += chunk
            if mark not in output:
                output = output[-len(mark) :]  # chatter, of which there may be no end
    finally:
        # Whatever the person's files have left in this session.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    return output
