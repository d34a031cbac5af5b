"""From an order to everything the supervisor needs: environment, directory, snapshot, prompt, command line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from scheduler_daemon.agent import prompts
from scheduler_daemon.agent.command_line import ENVIRONMENT, PromptUnreadable, Session, command_line, prompt_of
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import Outcome, SessionMode
from scheduler_daemon.model.run import Run
from scheduler_daemon.profile import Resolved, Unresolved, resolve
from scheduler_daemon.run.delegation import DELEGATED
from scheduler_daemon.run.legs import Leg
from scheduler_daemon.run.order import Order
from scheduler_daemon.run.supervisor import fault
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.git import GitError
from scheduler_daemon.workspace.snapshot import Snapshot, SnapshotData, carried, take
from scheduler_daemon.workspace.worktree import prepare as prepare_directory

NOT_INHERITED = (
    # The daemon's own: a run that inherited them would talk to our service manager, or to this daemon's home.
    *(
        "CCSCHED_HOME",
        "CCSCHED_FAULTS",
        DELEGATED,
        "NOTIFY_SOCKET",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
    ),
    *("INVOCATION_ID", "JOURNAL_STREAM", "MANAGERPID", "SYSTEMD_EXEC_PID"),
    # A daemon started from inside a run: what it starts itself is not of that run.
    "CCSCHED_RUN_ID",
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


def prepare(order: Order, home: Home, inherited: Mapping[str, str], cgroup: Path | None) -> Prepared:
    """Make everything ready that a run needs; may take seconds, so it is called in a thread.

    ``cgroup`` is where its processes are to be, if they may have one of their own.

    Raises:
        NotPrepared: when a variable, the directory, the worktree or the prompt cannot be had.
    """
    task, job, settings = order.task, order.job, order.settings
    try:
        resolved = resolve(order.profile, run_environment(inherited))
        directory = prepare_directory(job.working_directory, job.name, home.workspace_locks)
        snapshot = _snapshot(order, directory)
        session = _session(order, directory)
        goes_on = order.resumes is not None and session.id == order.resumes.session_id
        prompt = _go_on(order.resumes) if goes_on else prompt_of(task, directory)
    except Unresolved as error:
        raise NotPrepared(*error.failures) from error
    except (WorkspaceRefused, GitError, PromptUnreadable) as error:
        raise NotPrepared(str(error)) from error
    except OSError as error:
        raise NotPrepared(f"{error.strerror}: {error.filename}") from error
    orders = {
        **_common(order, home, resolved, cgroup, directory),
        "argv": command_line(settings.agent_command, task, session),
        "prompt": prompt,
        "folder": str(home.run_folder(order.run.id)),
        "time_limit": task.time_limit or settings.time_limit,
    }
    return Prepared(directory, snapshot, session.id, orders)


def prepare_leg(
    order: Order, home: Home, inherited: Mapping[str, str], cgroup: Path | None, directory: Path, leg: Leg
) -> dict[str, Any]:
    """The orders for another process of a run that is under way; may take seconds, so it is called in a thread.

    Raises:
        NotPrepared: when a variable cannot be had any more.
    """
    try:
        resolved = resolve(order.profile, run_environment(inherited))
    except Unresolved as error:
        raise NotPrepared(*error.failures) from error
    return {
        **_common(order, home, resolved, cgroup, directory),
        "argv": leg.argv,
        "prompt": leg.prompt,
        "folder": str(home.run_folder(order.run.id) / str(leg.number)),
        "time_limit": leg.time_limit,
        "mark": leg.mark,
        "header": leg.header,
    }


def _common(order: Order, home: Home, resolved: Resolved, cgroup: Path | None, directory: Path) -> dict[str, Any]:
    """What the orders for all processes of a run share."""
    return {
        "run_id": str(order.run.id),
        "cwd": str(directory),
        "env": {**resolved.environment, RUN_VARIABLE: str(order.run.id)},
        "log": str(home.log(order.run.id)),
        "log_limit": order.settings.log_limit,
        "grace": order.settings.stop_grace,
        "secrets": list(resolved.secrets),
        "cgroup": str(cgroup) if cgroup else None,
        "mark": None,
        "header": None,
        "faults": fault.folder(),
    }


def _snapshot(order: Order, directory: Path) -> Snapshot | None:
    """The work tree as it was before the run, and before those that this one continues."""
    now = take(directory)
    if now is None or order.carried is None:
        return now
    before, left = (Snapshot.from_dict(cast(SnapshotData, order.carried[which])) for which in ("before", "left"))
    return carried(before, left, now)


def _go_on(run: Run | None) -> str:
    """What the agent is told to go on with the session of a run."""
    if run is not None and run.outcome is Outcome.USAGE_LIMIT:
        return prompts.go_on("the account's usage limit was reached, and it has been reset since")
    if run is not None and run.outcome is not None:
        return prompts.go_on(f"it ended as {run.outcome.value.replace('_', ' ')!r}")
    return prompts.go_on("it was interrupted")


def _session(order: Order, directory: Path) -> Session:
    if order.resumes and order.resumes.working_directory == str(directory):
        return Session(SessionMode.RESUME, order.resumes.session_id)
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
