"""From an order to everything the supervisor needs: environment, directory, snapshot, prompt, command line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scheduler_daemon.agent.command_line import ENVIRONMENT, PromptUnreadable, Session, command_line, prompt_of
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import SessionMode
from scheduler_daemon.profile import Unresolved, resolve
from scheduler_daemon.run.order import Order
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.git import GitError
from scheduler_daemon.workspace.snapshot import Snapshot, take
from scheduler_daemon.workspace.worktree import prepare as prepare_directory

NOT_INHERITED = (
    # The daemon's own: a run that inherited them would talk to our service manager, or to this daemon's home.
    *("CCSCHED_HOME", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"),
    *("INVOCATION_ID", "JOURNAL_STREAM", "MANAGERPID", "SYSTEMD_EXEC_PID"),
    # A daemon started from inside an agent's session: the agent would take the run for a part of that session.
    *("CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_SSE_PORT"),
    # A daemon started from a git hook: every git the agent calls would work in that repository.
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"),
)
RUN_VARIABLE = "CCSCHED_RUN_ID"
"""Set in every process of a run, so that one that was left behind can be told from others."""


class NotPrepared(Exception):
    """A run cannot start; each argument is a reason in plain words."""


@dataclass(frozen=True)
class Prepared:
    """A run that can start."""

    directory: Path
    snapshot: Snapshot | None
    session_id: str | None
    orders: dict[str, Any]


def prepare(order: Order, home: Home, inherited: Mapping[str, str]) -> Prepared:
    """Make everything ready that a run needs; may take seconds, so it is called in a thread.

    Raises:
        NotPrepared: when a variable, the directory, the worktree or the prompt cannot be had.
    """
    run, task, job, settings = order.run, order.task, order.job, order.settings
    try:
        resolved = resolve(order.profile, run_environment(inherited))
        directory = prepare_directory(job.working_directory, job.name, home.workspace_locks)
        snapshot = take(directory)
        prompt = prompt_of(task, directory)
    except Unresolved as error:
        raise NotPrepared(*error.failures) from error
    except (WorkspaceRefused, GitError, PromptUnreadable) as error:
        raise NotPrepared(str(error)) from error
    except OSError as error:
        raise NotPrepared(f"{error.strerror}: {error.filename}") from error
    session = _session(order, directory)
    orders = {
        "run_id": str(run.id),
        "argv": command_line(settings.agent_command, task, session),
        "cwd": str(directory),
        "env": {**resolved.environment, RUN_VARIABLE: str(run.id)},
        "prompt": prompt,
        "log": str(home.log(run.id)),
        "folder": str(home.run_folder(run.id)),
        "time_limit": task.time_limit or settings.time_limit,
        "grace": settings.stop_grace,
        "secrets": list(resolved.secrets),
    }
    return Prepared(directory, snapshot, session.id, orders)


def _session(order: Order, directory: Path) -> Session:
    mode, last = order.task.session_mode, order.last_session
    # A conversation is about the files of its directory; where the job has another by now, one begins anew.
    if mode is SessionMode.RESUME and last and last.working_directory == str(directory):
        return Session(mode, last.session_id)
    if mode is SessionMode.CONTINUE:
        return Session(mode, None)
    # The run's own id: it is known before the agent says a word, and no other session can have it.
    return Session(SessionMode.NEW, str(order.run.id))


def run_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """What every run's environment is made on, of what the daemon has inherited."""
    return {**{name: value for name, value in inherited.items() if name not in NOT_INHERITED}, **ENVIRONMENT}


def inherited_environment() -> dict[str, str]:
    """The environment that runs start from: the daemon's own."""
    return dict(os.environ)
