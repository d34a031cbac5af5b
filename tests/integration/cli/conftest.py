"""A fake daemon in a temporary home, and ``ccsched`` as a process: piped, or on a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.cli.fake_daemon import FakeDaemon

CCSCHED = [sys.executable, "-c", "import sys; from scheduler_daemon.cli.main import main; sys.exit(main())"]
Completed = subprocess.CompletedProcess[str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def daemon(home: Path) -> Iterator[FakeDaemon]:
    """A fake daemon that serves the home."""
    fake = FakeDaemon(home / "daemon.sock")
    yield fake
    fake.close()


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The environment of a person whose daemon's home is the temporary one."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "CCSCHED_HOME": str(home), "HOME": str(home), "TZ": "UTC", "LC_ALL": "C.UTF-8", "TERM": "xterm"}


@pytest.fixture
def ccsched(environment: dict[str, str]) -> Callable[..., Completed]:
    """Runs ``ccsched`` with its output piped."""

    def run(*arguments: str, stdin: str | None = None, cwd: Path | None = None, **more: str) -> Completed:
        return subprocess.run(
            [*CCSCHED, *arguments],
            env={**environment, **more},
            cwd=cwd,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def terminal(environment: dict[str, str]) -> Callable[..., tuple[int, str]]:
    """Runs ``ccsched`` on a terminal and gives its exit code and what the terminal got, line ends as ``\\n``."""

    def run(*arguments: str, typed: str = "", columns: int = 100, **more: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, columns, 0, 0))
        process = subprocess.Popen(
            [*CCSCHED, *arguments], env={**environment, **more}, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = bytearray()
        try:
            while chunk := os.read(ours, 1 << 16):
                shown += chunk
        except OSError:
            pass  # Linux says EIO when the last process has closed the terminal
        finally:
            os.close(ours)
        return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")

    return run
