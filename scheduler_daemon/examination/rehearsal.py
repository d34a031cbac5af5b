"""Would a task that is to come run? All is looked at that can be without running anything."""

import os
import shlex
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from scheduler_daemon.agent.command_line import PromptUnreadable, prompt_of
from scheduler_daemon.engine.due import clash, in_the_way, policy
from scheduler_daemon.engine.eligibility import Hold
from scheduler_daemon.examination.coming import Coming, Night
from scheduler_daemon.examination.finding import Check, Finding, failed, ok, warning
from scheduler_daemon.examination.permissions import of_permissions
from scheduler_daemon.examination.shell_command import missing
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.model.enums import CommandType
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.preparation import inherited_environment, run_environment
from scheduler_daemon.schedule.local import local_text
from scheduler_daemon.workspace import WorkspaceRefused, place
from scheduler_daemon.workspace.git import Git, GitError

GROUP = "tonight"
_CLOSE = timedelta(hours=1)
"""Two that are due this close together may well meet."""
_LIMIT = 20.0


def of_night(subject: Subject, night: Night, environments: Mapping[UUID | None, Mapping[str, str]]) -> list[Check]:
    """A check of each task that is to come, in their order: of what no check of its job or profile looks at."""
    neighbours = _neighbours(night)

    def looking_at(position: int) -> Check:
        coming = night.coming[position]

        def look() -> list[Finding]:
            environment = environments.get(subject.profile_of(coming.task))
            # Where the profile has no environment to give, that is told already.
            found = [
                *_prompt(coming.job, coming.task),
                *_verify(coming.job, coming.task, environment or run_environment(inherited_environment())),
                *of_permissions(coming.task),
                *_held(coming),
                *_before(subject, coming),
                *_beside(subject, coming, neighbours[position]),
            ]
            return found or [ok("nothing stands in its way")]

        return Check(GROUP, subject.named(coming.task), look, limit=_LIMIT, about=position)

    return [looking_at(position) for position in range(len(night.coming))]


def _prompt(job: Job, task: Task) -> Iterator[Finding]:
    """Whether there is a prompt: of a worktree that is yet to be made, in the commit that it is made from."""
    fix = f"ccsched tasks get {str(task.id)[:8]}"
    try:
        directory = place.directory_of(job.working_directory, job.name)
        if directory.is_dir() or task.command_type is not CommandType.FILE or Path(task.command).is_absolute():
            prompt_of(task, directory)
        elif not _committed(job, task.command):
            here = place.expanded(job.working_directory)
            told = f"the prompt file {task.command} is not committed on {job.working_directory.worktree_branch!r}"
            if (here / task.command).is_file():
                name = shlex.quote(task.command)
                fix = f"cd {shlex.quote(str(here))} && git add {name} && git commit -m 'Add a prompt' {name}"
            yield failed(f"{told}, so a worktree of it has none", fix, check="prompt")
    except (PromptUnreadable, OSError) as error:
        yield failed(str(error), fix, check="prompt")
    except (WorkspaceRefused, GitError):
        return  # that is told of its job


def _committed(job: Job, name: str) -> bool:
    config = job.working_directory
    tree = place.repository_of(config)
    below = Path(os.path.realpath(place.expanded(config))).relative_to(tree.top)
    path = os.path.normpath(below / name)
    return Git(tree.top).out("cat-file", "-t", f"{config.worktree_branch}:{path}", accept=(0, 128)) == b"blob\n"


def _verify(job: Job, task: Task, environment: Mapping[str, str]) -> Iterator[Finding]:
    if task.verify.command is None:
        return
    try:
        directory = place.directory_of(job.working_directory, job.name)
        if not directory.is_dir():
            directory = place.expanded(job.working_directory)
    except (WorkspaceRefused, OSError):
        return  # that is told of its job
    if word := missing(task.verify.command, environment, directory):
        yield failed(
            f"the verify command starts {word!r}, which is not found",
            f"ccsched tasks update {str(task.id)[:8]} --verify COMMAND",
            f"PATH is {environment.get('PATH', '')}",
            check="verify",
        )


def _held(coming: Coming) -> Iterator[Finding]:
    """What puts it off, each with when that ends."""
    short = str(coming.task.id)[:8]
    for held in coming.holds:
        until = local_text(held.until) if held.until else ""
        match held.by:
            case Hold.HOURS:
                yield ok(f"it waits for its running hours, which begin at {until}", check="running hours")
            case Hold.TIME:
                yield ok(f"it waits for {held.detail}, at {until}", check="next try")
            case Hold.LIMIT if held.hopeless:
                told = f"the usage limit of {held.detail} is reached until {until}, longer than the task waits"
                yield failed(told, f"ccsched tasks update {short} --max-limit-wait 1d", check="usage limit")
            case Hold.LIMIT:
                told = f"the usage limit of {held.detail} is reached; it starts at {until}"
                yield warning(told, "ccsched state", check="usage limit")
            case Hold.RESERVE:
                told = f"scheduled runs leave a reserve ({held.detail}); it starts at {until}"
                yield warning(told, "ccsched settings get reserve", check="reserve")
            case _:
                told = f"{held.detail} have cost what they may in a day; it starts at {until}"
                yield warning(told, "ccsched state", check="spending")


def _before(subject: Subject, coming: Coming) -> Iterator[Finding]:
    """Whether a run of it is under way, for whose sake there may be none."""
    if coming.run is not None:
        return
    runs = [run for run, _ in subject.running.values()]
    clashing = clash([coming.task], runs, ())
    overlap = policy(coming.task, coming.job)
    if clashing and (other := in_the_way(overlap, clashing)):
        short = str(other.id)[:8]
        told = f"run {short} is under way; if it is still at {local_text(coming.due)}, this one is skipped"
        yield warning(told, f"ccsched runs logs {short}", check="overlap")


def _beside(subject: Subject, coming: Coming, other: Coming | None) -> Iterator[Finding]:
    """Whether it may meet the one before it in the same directory."""
    if other is None or coming.starts - other.starts >= _CLOSE:
        return
    yield warning(
        f"{subject.named(other.task)}, due at {local_text(other.due)}, works in the same directory; "
        "one waits for the other",
        f"ccsched jobs update {str(coming.job.id)[:8]} --use-worktree",
        check="same directory",
    )


def _neighbours(night: Night) -> list[Coming | None]:
    """For each task, the one before it in the same directory, of another sequence; None for what follows another."""
    last: dict[str, Coming] = {}
    found: list[Coming | None] = []
    for coming in night.coming:
        directory = place.exclusion_key(coming.job.working_directory, coming.job.name)
        other = last.get(directory)
        found.append(other if other and other.sequence != coming.sequence and coming.follows is None else None)
        last[directory] = coming
    return found
