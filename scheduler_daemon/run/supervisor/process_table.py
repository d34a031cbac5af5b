"""The system's processes as it tells of them: from /proc on Linux, from ``ps`` elsewhere."""

import os
import sys

BLOCK = 64 * 1024
"""Bytes read at once."""


class Process:
    """One row of the process table."""

    def __init__(self, pid: int, parent: int, group: int, start: bytes, command: bytes = b"") -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.start = start
        """Tells it from a later process of the same pid."""
        self._command = command

    def command(self) -> bytes:
        """Its command line; nothing if it has ended."""
        return self._command or _contents(f"/proc/{self.pid}/cmdline").replace(b"\0", b" ").rstrip()


def _contents(path: str) -> bytes:
    """The contents of a small file of /proc; nothing if its process is gone."""
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            return os.read(fd, BLOCK)
        finally:
            os.close(fd)
    except OSError:
        return b""


def process_from_proc(pid: int) -> Process | None:
    """A process that runs; None if it has ended, reaped or not."""
    # The name, in parentheses, may hold spaces and parentheses itself; state, parent, group follow it.
    fields = _contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if not fields or fields[0] in b"ZX":
        return None
    return Process(pid, int(fields[1]), int(fields[2]), fields[19])


def processes_from_proc() -> list[Process]:
    """The process table of Linux."""
    names = os.listdir("/proc")  # noqa: PTH208 - pathlib takes long to import
    return [row for name in names if name.isdecimal() and (row := process_from_proc(int(name)))]


def children_from_proc() -> list[int]:
    """The pids of our own children, ended ones among them, as fast as they can be had; none where that is not."""
    try:
        fd = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY)
    except OSError:
        return []
    pids = b""
    while block := os.read(fd, BLOCK):
        pids += block
    os.close(fd)
    return [int(pid) for pid in pids.split()]


def processes_from_ps() -> list[Process]:
    """The process table of macOS, and of every other system that has ``ps``."""
    found = []
    for line in _ps("-axwwo", "pid=,ppid=,pgid=,stat=,lstart=,command="):
        # The start is five words, as in "Sat Nov 21 22:50:00 2026".
        fields = line.split(None, 9)
        if len(fields) == 10 and not fields[3].startswith(b"Z"):
            start = b" ".join(fields[4:9])
            found.append(Process(int(fields[0]), int(fields[1]), int(fields[2]), start, fields[9]))
    return found


def with_variable_from_ps(table: list[Process], variable: bytes) -> list[Process]:
    """Those of a table from ``ps`` that have ``NAME=value`` in the environment that they were started with."""
    # It is shown behind the command line, which may well hold the same text.
    environments = {}
    for line in _ps("-axwwEo" if sys.platform == "darwin" else "axwweo", "pid=,command="):
        pid, _, rest = line.strip().partition(b" ")
        environments[int(pid)] = rest.strip()
    found = []
    for row in table:
        command, shown = row.command(), environments.get(row.pid, b"")
        if shown.startswith(command) and variable in shown[len(command) :].split(b" "):
            found.append(row)
    return found


def _ps(*arguments: str) -> list[bytes]:
    """The lines that ``ps`` writes, without its own.

    Raises:
        OSError: no process or descriptor can be had.
    """
    reader, writer = os.pipe()
    try:
        pid = os.posix_spawn(
            "/bin/ps",
            ["ps", *arguments],
            {"LC_ALL": "C"},
            file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)],
            setsigmask=(),
        )
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    table = b""
    while block := os.read(reader, BLOCK):
        table += block
    os.close(reader)
    os.waitpid(pid, 0)
    return [line for line in table.splitlines() if line.split(None, 1)[:1] != [b"%d" % pid]]
