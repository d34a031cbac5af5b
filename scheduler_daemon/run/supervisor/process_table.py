"""The system's processes as it tells of them: from /proc on Linux, from ``ps`` elsewhere."""

import os

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


def processes_from_ps() -> list[Process]:
    """The process table of macOS, and of every other system that has ``ps``."""
    reader, writer = os.pipe()
    pid = os.posix_spawn(
        "/bin/ps",
        ["ps", "-axwwo", "pid=,ppid=,pgid=,stat=,lstart=,command="],
        {"LC_ALL": "C"},
        file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)],
        setsigmask=(),
    )
    os.close(writer)
    table = b""
    while block := os.read(reader, BLOCK):
        table += block
    os.close(reader)
    os.waitpid(pid, 0)
    found = []
    for line in table.splitlines():
        # The start is five words, as in "Sat Nov 21 22:50:00 2026".
        fields = line.split(None, 9)
        if len(fields) == 10 and not fields[3].startswith(b"Z") and int(fields[0]) != pid:
            start = b" ".join(fields[4:9])
            found.append(Process(int(fields[0]), int(fields[1]), int(fields[2]), start, fields[9]))
    return found
