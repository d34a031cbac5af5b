"""Telling a person how a run ended, or that its agent has gone silent: by their own program, or the desktop's."""

import asyncio
import contextlib
import html
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable

import structlog

from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.preparation import inherited_environment, run_environment

log = structlog.get_logger()

TIME_LIMIT = 30.0
"""Seconds that the program may take."""
LAST_MOMENT = 1.0
"""Seconds that programs under way are given when the daemon ends."""
LONGEST = 200
"""Characters of what is told of a run."""


class Notifications:
    """Tells what the tasks say that a person wants to hear; nothing waits for it, and no run is the worse for it."""

    def __init__(self, settings: Callable[[], Settings], time_limit: float = TIME_LIMIT) -> None:
        self._settings = settings
        self._time_limit = time_limit
        self._under_way: set[asyncio.Task[None]] = set()
        self._no_program_is_known = False

    def ended(self, run: Run, task: Task) -> None:
        """A run has come to its last word."""
        wanted = {
            RunStatus.SUCCESS: task.notifications.on_success,
            RunStatus.FAILED: task.notifications.on_failure,
        }
        if wanted.get(run.status):
            self._tell(run, *how_it_ended(run))

    def stalled(self, run: Run, task: Task) -> None:
        """The agent of a live run says nothing any more; who wants to hear of failures hears of that."""
        if task.notifications.on_failure:
            self._tell(run, *that_it_is_silent(run))

    async def close(self) -> None:
        """End what is still under way, after a moment."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=LAST_MOMENT)
        for telling in self._under_way:
            telling.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _tell(self, run: Run, title: str, body: str) -> None:
        command = self._settings().notify_command
        if command:
            arguments = [*command, title, body]
        else:
            arguments = desktop_command(sys.platform, title, body)
            if shutil.which(arguments[0]) is None:
                if not self._no_program_is_known:
                    log.warning(
                        "nobody can be told how runs end: there is no such program; set one with: "
                        "ccsched settings set notify_command PROGRAM",
                        program=arguments[0],
                    )
                self._no_program_is_known = True
                return
        telling = asyncio.get_running_loop().create_task(self._run(run, arguments))
        self._under_way.add(telling)
        telling.add_done_callback(self._under_way.discard)

    async def _run(self, run: Run, arguments: list[str]) -> None:
        problem = await _problem_of(arguments, json.dumps(run.to_dict()).encode(), self._time_limit)
        if problem:
            log.warning("a person could not be told", run_id=str(run.id), program=arguments[0], problem=problem)


async def _problem_of(arguments: list[str], given: bytes, time_limit: float) -> str | None:
    """Run a program to its end, with what it is given on its standard input; what went wrong, if anything did."""
    try:
        program = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=run_environment(inherited_environment()),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        # ValueError: an argument with a zero byte in it.
        return str(error.strerror if isinstance(error, OSError) else error)
    try:
        await asyncio.wait_for(program.communicate(given), time_limit)
    except TimeoutError:
        return f"it took longer than {time_limit:g} seconds"
    finally:
        if program.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            await program.wait()
    return f"it ended with {program.returncode}" if program.returncode else None


def how_it_ended(run: Run) -> tuple[str, str]:
    """A title and a line for a run that has ended."""
    said = run.errors or run.output.splitlines()
    first = next((line for text in said for line in text.splitlines() if line.strip()), "")
    ending = "succeeded" if run.status is RunStatus.SUCCESS else run.status.value
    why = "" if run.outcome in (None, Outcome.DONE) else f" ({run.outcome.value.replace('_', ' ')})"
    return _line(f"{run.job_name} / {run.task_name} {ending}{why}"), _line(first)


def that_it_is_silent(run: Run) -> tuple[str, str]:
    """A title and a line for a run whose agent says nothing any more."""
    title = _line(f"{run.job_name} / {run.task_name} has gone silent")
    return title, f"It goes on without a word. See what it did: ccsched runs logs {str(run.id)[:8]}"


def desktop_command(platform: str, title: str, body: str) -> list[str]:
    """How the desktop of a platform (as ``sys.platform`` calls it) is asked to show a notification."""
    if platform == "darwin":
        return ["osascript", "-e", f"display notification {_applescript(body)} with title {_applescript(title)}"]
    # The body may hold markup (Desktop Notifications Specification), so what is none must not look like it.
    return ["notify-send", "--app-name=ccsched", "--", title, html.escape(body, quote=False)]


def _applescript(text: str) -> str:
    """A text as AppleScript writes one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _line(text: str) -> str:
    """A text as one line of at most ``LONGEST`` characters, all of which can be shown."""
    shown = "".join(character if character.isprintable() else " " for character in text).strip()
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
