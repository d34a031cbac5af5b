"""What ``ccsched jobs list`` costs as a whole process, measured against ``python -c "import click"``.

Usage: ``python tests/benchmarks/client_start.py [--home PATH] [--rounds N]``. Without ``--home`` a thread of this
process stands in for the daemon. Exits 1 if the client costs more than 2.5 times the bare import.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

LIMIT = 2.5
ROUNDS = 40
BARE = [sys.executable, "-c", "import click"]
CLIENT = [str(Path(sys.executable).with_name("ccsched")), "jobs", "list"]
# One process that runs both would share their imports: each is a process of its own, as a person's is.


def serve(listener: socket.socket) -> None:
    """Answer one request on each connection with an empty list, until the listener is shut down."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            request = json.loads(lines.readline())
            answer = {"jsonrpc": "2.0", "id": request["id"], "result": {"jobs": []}}
            connection.sendall(json.dumps(answer).encode() + b"\n")


def milliseconds(command: list[str], environment: dict[str, str]) -> float:
    """The time of one whole process, its output piped."""
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} exited {done.returncode}: {done.stderr.decode()}")
    return taken * 1000


def measure(home: Path, rounds: int) -> tuple[float, float]:
    """The medians of both, taken in turns so that a busy moment meets both alike."""
    environment = {**os.environ, "CCSCHED_HOME": str(home)}
    bare, client = [], []
    for _ in range(3):  # fill the file cache and write the byte code
        milliseconds(BARE, environment)
        milliseconds(CLIENT, environment)
    for _ in range(rounds):
        bare.append(milliseconds(BARE, environment))
        client.append(milliseconds(CLIENT, environment))
    return statistics.median(bare), statistics.median(client)


def main() -> bool:
    """Measure, print one line; True if the limit is kept."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/daemon.sock")
        listener.listen()
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        try:
            bare, client = measure(Path(folder), ROUNDS)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()
    ratio = client / bare
    print(  # noqa: T201 - its output is the result
        f"ccsched jobs list {client:.1f} ms, import click {bare:.1f} ms, ratio {ratio:.2f} (limit {LIMIT})"
    )
    return ratio <= LIMIT


if __name__ == "__main__":
    sys.exit(not main())
