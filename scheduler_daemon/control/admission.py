"""May this be saved? What a job or a task says must be possible here and now, or it is refused before the night."""

from scheduler_daemon.engine.watching import watch_of
from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.due import check as check_schedule
from scheduler_daemon.watch import WatchRefused
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.git import GitError
from scheduler_daemon.workspace.place import check as check_directory
from scheduler_daemon.workspace.place import existing_directory


class Inadmissible(ValueError):
    """An object that could never run; ``field`` is the dotted path of what to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def admit_job(job: Job) -> None:
    """Let a job be saved; asks git about its directory, which may take its time.

    Raises:
        Inadmissible: when the directory, the repository or the branch is not to be had.
    """
    try:
        check_directory(job.working_directory, job.name)
    except (WorkspaceRefused, GitError) as error:
        raise Inadmissible("working_directory", str(error)) from error


def admit_task(task: Task) -> None:
    """Let a task be saved.

    Raises:
        Inadmissible: when its cron expression, its time zone or what it watches cannot be.
    """
    try:
        check_schedule(task.schedule)
        if task.schedule.type is ScheduleType.FILE_WATCH:
            watch_of(task.id, task.schedule)
    except ScheduleError as error:
        raise Inadmissible(error.field, str(error)) from error
    except WatchRefused as error:
        raise Inadmissible(f"schedule.watch_{error.field}", str(error)) from error


def admit_edit(thing: Job | Task | Profile | Settings) -> None:
    """Let an object be saved that a person has edited by hand, without asking git: nothing else may wait for it.

    Raises:
        Inadmissible: when its directory, cron expression or time zone cannot be.
    """
    if isinstance(thing, Job):
        try:
            existing_directory(thing.working_directory)
        except WorkspaceRefused as error:
            raise Inadmissible("working_directory.path", str(error)) from error
    elif isinstance(thing, Task):
        admit_task(thing)
