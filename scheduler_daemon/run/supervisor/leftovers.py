"""What had to be ended besides the agent itself, and how."""

from .mask import Mask
from .process_table import Process

NAMED_LIMIT = 50
"""Processes that are named; of the others only the number is recorded."""
COMMAND_LENGTH = 200
"""Characters of a command line that are recorded."""


class Leftovers:
    """Processes by name and by number, as the exit record tells of them."""

    def __init__(self) -> None:
        self.needles: list[bytes] = []
        """What is masked in command lines."""
        self.total = 0
        self.named: list[dict[str, object]] = []
        self._entries: dict[int, tuple[bytes, dict[str, object]]] = {}
        """Of those that were there at the last look."""

    def add(self, rows: list[Process], ended_with: str) -> None:
        """Take note of processes that are sent a signal; of several for the same process the last counts."""
        entries = {}
        for row in rows:
            start, entry = self._entries.get(row.pid, (b"", {}))
            if start != row.start:
                entry = self._new(row)
            entry["ended_with"] = ended_with
            entries[row.pid] = (row.start, entry)
        self._entries = entries

    def _new(self, row: Process) -> dict[str, object]:
        entry: dict[str, object] = {}
        self.total += 1
        if self.total <= NAMED_LIMIT:
            command = Mask(self.needles).feed(row.command(), last=True).decode("utf-8", "replace")
            entry |= {"pid": row.pid, "command": command[:COMMAND_LENGTH]}
            self.named.append(entry)
        return entry
