"""A night with one due time and two tasks, in which processes are killed at steps of a test's choosing."""

import contextlib
import errno
import json
import os
import select
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from tests.integration.crash.steps import ALL, DAEMON, Step
from tests.support.house import PATIENCE, House, git, until

FILES = ("jobs", "tasks", "runs", "profiles")
Mishap = Callable[["Night", int], None]
"""What happens to a night; it is told the pid of whoever has come to the step."""
WAIT_HERE = "test ! -p {0} || {{ echo $$ > {0}; read -r _ < {0}.go || true; }}"
"""A shell command that waits as the daemon and the supervisor do at their steps."""


class Ambush:
    """A step at which one of those who come there waits, for the length of a ``with``: the first, or a later one."""

    def __init__(self, folder: Path, name: str, passing: int = 1) -> None:
        self._arrival = folder / name
        self._release = folder / f"{name}.go"
        self._to_come = passing
        self._waits = 0

    def __enter__(self) -> Self:
        os.mkfifo(self._release)
        os.mkfifo(self._arrival)
        self._reader = self._listen()
        return self

    def _listen(self) -> int:
        return os.open(self._arrival, os.O_RDONLY | os.O_NONBLOCK)

    def fileno(self) -> int:
        """Readable once somebody has come."""
        return self._reader

    def comer(self) -> int | None:
        """The pid of whoever has come; nobody else will wait here, for a step is passed more than once in a night.

        None for one who comes earlier than the one who is waited for: that one has gone on.
        """
        told = os.read(self._reader, 20)
        self._to_come -= bool(told)
        if told and not self._to_come:
            self._waits = int(told)
            self._arrival.unlink()
            return self._waits
        # A pipe stays readable, with nothing in it, once all who wrote to it have closed it.
        before, self._reader = self._reader, self._listen()
        os.close(before)
        if told:
            self._waits = int(told)
            self.release()
        return None

    def awaited(self) -> int:
        """The pid of the one who is waited for, once it has come."""
        while select.select([self], [], [], PATIENCE)[0]:
            if (pid := self.comer()) is not None:
                return pid
        raise AssertionError(f"nobody came within {PATIENCE} s to {self._arrival.name}")

    def release(self) -> None:
        """Let the process go on, if it still lives."""
        until(lambda: self._released() or not _lives(self._waits), "whoever waited has gone on")

    def _released(self) -> bool:
        try:
            os.close(os.open(self._release, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return False  # it was killed, or has not come to wait yet
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._reader)
        for pipe in (self._arrival, self._release):
            pipe.unlink(missing_ok=True)


class Night:
    """Two tasks in a repository, one after the other, that are due as soon as a daemon starts."""

    def __init__(self, made: House, repo: Path, mended: bool = False) -> None:
        """``mended``: what the first task's agent has done does not pass, until it has mended it."""
        self.made = made
        self.repo = repo
        self._mended = mended
        self.faults = made.home.path.parent / "faults"
        self.faults.mkdir()
        made.environment["CCSCHED_FAULTS"] = str(self.faults)
        made.start()
        job = made.job(repo, name="night", use_git_worktree=True, worktree_name="night")
        passes = "test -e fixed.txt || { echo 'append fixed.txt: fixed'; exit 1; }" if mended else "test -e first.txt"
        verify = {"command": f"{WAIT_HERE.format(self.faults / 'verifying')}; {passes}"}
        retry = {"max_retries": 3, "retry_delay": 0}
        yearly = {"type": "calendar", "cron_expression": "0 0 1 1 *", "timezone": "UTC"}
        working = WAIT_HERE.format(self.faults / "agent-working")
        first = f"append first.txt: first\nbash {working}"
        task = made.task(job, "first", first, schedule=yearly, verify=verify, retry=retry)
        follows = {"type": "sequential"}
        made.task(job, "second", "append second.txt: second", schedule=follows, retry=retry)
        made.end()
        self._make_due(task)

    def _make_due(self, task: dict[str, Any]) -> None:
        due = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        with contextlib.closing(sqlite3.connect(self.made.home.state_db)) as connection, connection:
            connection.execute(
                "UPDATE schedules SET next_due = ?, fires_at = ?, planned_at = ? WHERE task_id = ?",
                (due, due, due, task["id"]),
            )

    def happens(self, mishaps: Sequence[tuple[Step, Mishap]]) -> None:
        """Let each thing happen just when a step is taken; then all that still live go on.

        There is always a daemon. It is over when all has happened, or the night is.
        """
        with contextlib.ExitStack() as stack:
            ambushes = {
                stack.enter_context(Ambush(self.faults, step.name, step.passing)): mishap for step, mishap in mishaps
            }
            self._daemon_lives()
            deadline = time.monotonic() + PATIENCE
            while ambushes and not self._is_over():
                assert time.monotonic() < deadline, "neither is it over, nor has it happened"
                for ambush in select.select(list(ambushes), [], [], 0.05)[0]:
                    if (waits := ambush.comer()) is None:
                        continue
                    ambushes.pop(ambush)(self, waits)
                    ambush.release()
                    self._daemon_lives()
                    deadline = time.monotonic() + PATIENCE

    def _daemon_lives(self) -> None:
        # Not waited for: it may well be waiting itself, at the next step.
        if self.made.daemon is None or self.made.daemon.poll() is not None:
            self.made.daemon = self.made.spawn()

    def _is_over(self) -> bool:
        # The daemon cannot be asked while it waits at a step.
        with contextlib.closing(sqlite3.connect(self.made.home.state_db)) as connection:
            ((count, unfinished),) = connection.execute(
                "SELECT count(*), total(status IN ('upcoming', 'running')) FROM runs"
            )
        return bool(count) and not unfinished

    def kill(self, victim: str, waits: int) -> None:
        """Kill somebody, with one last instruction taken by none; ``waits`` is who has come to the step."""
        # A daemon that is gone must not see that others are.
        if victim in (DAEMON, ALL):
            self.made.kill()
        for process in self._victims(victim, waits):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _victims(self, victim: str, waits: int) -> list[psutil.Process]:
        processes = [process for process in self.made.processes() if not _is_daemon(process)]
        supervisors = [process for process in processes if _is_supervisor(process)]
        if waits not in (process.pid for process in processes):
            # A supervisor without a claim is known by its parent alone.
            supervisors += [each for each in _children(waits) if _is_supervisor(each)]
        agents = [process for process in processes if not _is_supervisor(process)]
        match victim:
            case "supervisor":
                assert supervisors
                return supervisors
            case "agent":
                assert agents
                return agents
            case "all of them":
                return [*supervisors, *agents]
        return []

    def goes_well(self, interrupted: bool | None = None) -> None:
        """In the end both tasks have succeeded, once each; whoever reads the record can believe it.

        ``interrupted``: whether a try was; None where it may have been.
        """
        runs = self.is_whole()
        last = [run for run in runs if run["continued_by"] is None]
        assert [(run["task_name"], run["status"]) for run in last] == [("first", "success"), ("second", "success")], [
            (run["task_name"], run["status"], run["outcome"], run["errors"]) for run in runs
        ]
        failed = [run for run in runs if run["status"] != "success"]
        assert {run["status"] for run in failed} <= {"failed"}
        if interrupted is not None:
            assert {run["outcome"] for run in failed} <= {"interrupted"}
            assert bool(failed) == interrupted, [(run["task_name"], run["outcome"], run["errors"]) for run in runs]
        self._work_is_there(last, tries=len(runs))

    def is_whole(self) -> list[dict[str, Any]]:
        """All that is on record has ended once, with a word on why; nothing of it lives; all files are sound.

        Returns the runs, in the order of their sequence.
        """
        made = self.made
        until(lambda: made.health(), "the daemon answers")
        runs = sorted(made.all_ended(), key=lambda run: int(run["sequence_position"]))
        assert Counter(run["trigger"] for run in runs if run["continues"] is None) == {"schedule": 1, "sequence": 1}
        assert all(run["errors"] for run in runs if run["status"] != "success")
        (job,) = made.call("jobs.list")["jobs"]
        well = all(run["status"] == "success" for run in runs if run["continued_by"] is None)
        assert job["status"] == ("completed" if well else "failed")
        until(lambda: not list((made.home.path / "live").iterdir()), "the runs' folders are gone")
        until(self._files_are_the_record, "the JSON files say what is on record")
        assert made.end() == 0
        assert made.processes() == []
        with contextlib.closing(sqlite3.connect(made.home.state_db)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return runs

    def _work_is_there(self, last: list[dict[str, Any]], tries: int) -> None:
        """One commit a task, which holds all that its tries did; nothing is left over in the worktree."""
        log = git(self.repo, "log", "--reverse", "--format=%s", "main..night").split("\n")
        assert log == ["task: first", "task: second"]
        for run, name in zip(last, ("first", "second"), strict=True):
            files = set(git(self.repo, "show", "--format=", "--name-only", run["commit"]).split("\n"))
            # The stand-in makes a note when it is asked to mend what nothing is wrong with.
            mended = {"fixed.txt"} if self._mended and name == "first" else set()
            assert files - {"NOTES.md"} == {f"{name}.txt", *mended}
            lines = git(self.repo, "show", f"{run['commit']}:{name}.txt").split("\n")
            assert 1 <= len(lines) <= tries, lines
        worktree = self.repo / ".claude" / "worktrees" / "night"
        assert git(worktree, "status", "--porcelain") == ""

    def _files_are_the_record(self) -> bool:
        for name in FILES:
            file = json.loads((self.made.home.path / f"{name}.json").read_bytes())
            listed = self.made.call(f"{name}.list", **({"limit": 1000} if name == "runs" else {}))[name]
            if {each["id"]: each for each in file} != {each["id"]: each for each in listed}:
                return False
        return True


def _is_daemon(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(word.endswith("ccschedd") for word in process.cmdline())
    return False


def _lives(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def _is_supervisor(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "ccsched-supervisor" in process.cmdline()
    return False


def _children(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children()
    return []
