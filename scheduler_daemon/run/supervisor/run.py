"""One run: the agent, from its start to the end of the last process it leaves behind."""

import os
import resource
import select
import sys
import time

from . import fault
from .agent import Agent, NotStarted, start
from .cgroup import Cgroup
from .descendants import RUN_VARIABLE, Descendants, Ending
from .leftovers import Leftovers
from .log import Log
from .mask import Mask, needles
from .orders import Orders
from .output import Output, Stream
from .record import instant
from .signals import Signals

VERSION = 1
LEFTOVER_GRACE = 2.0
"""Seconds in which what the agent left behind may end by itself, at most."""
LONGEST_WAIT = 86400.0
"""Seconds; a system need not take more at once."""


class Run:
    """What happens in a run, and what there is to tell of it."""

    def __init__(self, orders: Orders, signals: Signals, descendants: Descendants) -> None:
        self._orders = orders
        self._signals = signals
        self._descendants = descendants
        descendants.cgroup = Cgroup(orders.cgroup)
        self._leftovers = Leftovers()
        self._ending = Ending(descendants, self._leftovers)
        self._log = Log(orders.log, orders.log_limit)
        self._streams: list[Stream] = []
        self._needles: list[bytes] = []
        self._started = self._ended = 0.0
        self._started_at: str | None = None
        self._ended_at: str | None = None
        self._ended_by: str | None = None
        self._not_started: str | None = None
        self._status: int | None = None
        self._is_alone = False
        """Whether the agent has ended, and those it has left behind are known."""
        self._childless = False

    def go(self, folder: int) -> None:
        """Start the agent, and see to it until nothing of it runs and all that it said is in the log."""
        if self._signals.stop:
            self._ended_by = "stop"
        else:
            self._started, self._started_at = time.monotonic(), instant()
            try:
                agent = start(self._orders, folder, self._signals, self._descendants.cgroup)
            except NotStarted as problem:
                self._needles = needles(self._orders.secrets)
                self._not_started = _text(self._masked(str(problem).encode()))
                self._started_at = None
            else:
                # The agent is under way, and what it says waits in the pipes.
                self._needles = self._leftovers.needles = needles(self._orders.secrets)
                self._see_through(agent)
        self._ended_at = self._ended_at or instant()
        self._descendants.cgroup.remove()
        self._log.finish()

    def _masked(self, text: bytes) -> bytes:
        return Mask(self._needles).feed(text, last=True)

    def _see_through(self, agent: Agent) -> None:
        fault.step("agent-started")
        self._descendants.agent = agent.pid
        self._descendants.run = self._orders.env.get(RUN_VARIABLE, b"")
        if self._orders.header is not None:
            self._log.note(self._masked(self._orders.header))
        mark = self._orders.mark
        self._streams = [
            Stream(agent.stdout, mark or b"", self._needles),
            Stream(agent.stderr, mark or b"stderr| ", self._needles),
        ]
        output = Output(self._log, self._streams)
        now = time.monotonic()
        while True:
            output.flush(now)
            if self._status is None:
                self._watch(now)
            elif self._all_gone(now):
                break
            ready = select.select((self._signals.fd, *output.readable(now)), (), (), self._wait(output, now))[0]
            if self._signals.fd in ready:
                self._signals.clear()
                self._reap()
            now = time.monotonic()
            for stream in self._streams:
                if stream.fd in ready:
                    stream.read(now)
        output.drain()

    @property
    def _limit_at(self) -> float | None:
        limit = self._orders.time_limit
        return None if limit is None else self._started + limit

    def _wait(self, output: Output, now: float) -> float | None:
        """Seconds until there is something to do although nothing has happened."""
        look_at = self._limit_at if self._ending.look_at is None else self._ending.look_at
        times = [at for at in (look_at, output.next_flush(now)) if at is not None]
        return max(0.0, min(min(times) - time.monotonic(), LONGEST_WAIT)) if times else None

    def _reap(self) -> None:
        """Take note of every child that has ended; orphans of the agent's are children too."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._descendants.agent:
                    self._status, self._ended, self._ended_at = status, time.monotonic(), instant()
                    fault.step("agent-ended")
        except ChildProcessError:
            self._childless = True

    def _watch(self, now: float) -> None:
        """Stop an agent that runs when it is time to, and kill it when that was not enough."""
        if self._ending.look_at is None:
            limit_at = self._limit_at
            if self._signals.stop:
                self._ended_by = "stop"
            elif limit_at is not None and now >= limit_at:
                self._ended_by = "time_limit"
            else:
                return
            self._ending.begin(self._descendants.running(), now, self._orders.grace)
        elif now >= self._ending.look_at:
            self._ending.go_on(now)

    def _all_gone(self, now: float) -> bool:
        """End what is left after the agent; True when nothing is, or nothing more can be done about it."""
        if self._childless and self._descendants.adopts:
            return True
        if not self._is_alone:
            self._is_alone = True
            left = self._descendants.running()
            if self._ended_by is None:
                self._leftovers.add(left, "SIGTERM")
            self._ending.begin(left, now, min(self._orders.grace, LEFTOVER_GRACE))
            self._ending.look_soon(now)
        elif self._ending.look_at is not None and now < self._ending.look_at:
            return False
        else:
            left = self._ending.go_on(now)
        if self._ending.is_in_vain(now):
            return True
        return not left and self._descendants.seen and not self._descendants.adopts

    def record(self) -> dict[str, object]:
        """What came of the run: times in UTC and seconds, sizes in bytes."""
        outcome = None if self._status is None else os.waitstatus_to_exitcode(self._status)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        stdout_bytes, stderr_bytes = [stream.total for stream in self._streams] or [0, 0]
        return {
            "version": VERSION,
            "run_id": self._orders.run_id,
            "exit_code": outcome if outcome is not None and outcome >= 0 else None,
            "signal": -outcome if outcome is not None and outcome < 0 else None,
            "started_at": self._started_at,
            "ended_at": self._ended_at,
            "duration": max(self._ended - self._started, 0.0) if self._started_at else 0.0,
            "user_seconds": usage.ru_utime,
            "system_seconds": usage.ru_stime,
            "max_rss_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "stdout_bytes": stdout_bytes,
            "stderr_bytes": stderr_bytes,
            "log_lost_bytes": self._log.lost,
            "log_error": self._log.error,
            "log_cut_bytes": self._log.left_out,
            "leftovers": self._leftovers.named,
            "leftovers_total": self._leftovers.total,
            "ended_by": self._ended_by,
            "not_started": self._not_started,
        }


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace")
