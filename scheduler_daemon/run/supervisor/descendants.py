"""All that the agent has started: which processes these are, and how they are ended."""

import os
import sys

from .process_table import Process, process_from_proc, processes_from_proc, processes_from_ps
from .signals import signal

FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.1
"""Seconds between two looks whether what was told to end is gone."""


class Descendants:
    """All that the agent has started and that still runs, in whichever session or group."""

    def __init__(self, root: int, adopts: bool) -> None:
        """``adopts``: orphans become children of the root, so that none can get out of sight."""
        self.adopts = adopts
        self.agent = -1
        self._root = root
        self._seen: dict[int, bytes] = {}

    def running(self) -> list[Process]:
        """Those that run now."""
        try:
            table = processes_from_proc() if sys.platform == "linux" else processes_from_ps()
        except OSError:  # no file or process to be had just now; the caller looks again
            return []
        children: dict[int, list[Process]] = {}
        for row in table:
            children.setdefault(row.parent, []).append(row)
        found = {}
        reached = list(children.get(self._root, ()))
        if not self.adopts:
            reached += [row for row in table if row.group == self.agent or self._seen.get(row.pid) == row.start]
        while reached:
            row = reached.pop()
            if row.pid not in found and row.pid != self._root:
                found[row.pid] = row
                reached += children.get(row.pid, ())
        self._seen = {row.pid: row.start for row in found.values()}
        return list(found.values())

    def send(self, rows: list[Process], signum: int) -> None:
        """Signal processes, except where the pid has a new owner by now."""
        for row in rows:
            if sys.platform == "linux":
                now = process_from_proc(row.pid)
                if now is None or now.start != row.start:
                    continue
            try:
                os.kill(row.pid, signum)
                if signum == signal.SIGTERM:
                    os.kill(row.pid, signal.SIGCONT)  # a stopped process would not see it before
            except (ProcessLookupError, PermissionError):
                continue


class Ending:
    """SIGTERM to all that run, and SIGKILL to those that still do when their grace is over."""

    def __init__(self, descendants: Descendants) -> None:
        self.look_at: float | None = None
        """When there is something to do again; None before the beginning."""
        self.kill_at = 0.0
        self._descendants = descendants
        self._pause = FIRST_PAUSE

    def begin(self, rows: list[Process], now: float, grace: float) -> None:
        """Tell processes to end within a grace, in seconds; one that was given before is not made longer."""
        kill_at = now + grace
        self.kill_at = kill_at if self.look_at is None else min(kill_at, self.kill_at)
        self.look_at = self.kill_at
        self._descendants.send(rows, signal.SIGTERM)

    def go_on(self, now: float) -> list[Process]:
        """Kill all that still run, if it is time to; who they are."""
        rows = self._descendants.running()
        if now >= self.kill_at:
            self._descendants.send(rows, signal.SIGKILL)
        self.look_soon(now)
        return rows

    def look_soon(self, now: float) -> None:
        """Go on before the grace is over: what is gone by then need not be waited for."""
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self.look_at = now + self._pause
