"""What another user of the same machine tries. It is started as root and becomes that user before it does anything.

python intruder.py < ORDERS, prints what came of it, as JSON
"""

import contextlib
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Become the user of the orders, and try all of them."""
    orders = json.load(sys.stdin)
    os.setgroups([])
    os.setresgid(orders["user"], orders["user"], orders["user"])
    os.setresuid(orders["user"], orders["user"], orders["user"])
    json.dump(
        {
            "answer": asked(orders["socket"]),
            "opened": [path for path in orders["paths"] if is_open(path)],
            "processes": {pid: look(Path(pid)) for pid in map(str, Path("/proc").glob("[0-9]*"))},
        },
        sys.stdout,
    )


def asked(path: str) -> str:
    """What the daemon says, or why it cannot be asked."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        try:
            connection.connect(path)
            connection.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "runs.list", "params": {}}\n')
        except BrokenPipeError:
            pass  # turned away before it could ask
        except OSError as error:
            return str(error.strerror)
        with contextlib.suppress(ConnectionError):
            return connection.makefile().read()
        return "hung up"


def is_open(path: str) -> bool:
    """Whether a file can be read, or a folder listed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    os.close(descriptor)
    return True


def look(process: Path) -> dict[str, Any]:
    """What can be seen of a process."""
    seen: dict[str, Any] = {}
    for name in ("cmdline", "environ"):
        with contextlib.suppress(OSError):
            seen[name] = (process / name).read_bytes().decode(errors="replace")
    with contextlib.suppress(OSError):
        seen["open files"] = [os.readlink(each) for each in (process / "fd").iterdir()]  # noqa: PTH115
    return seen


if __name__ == "__main__":
    main()
