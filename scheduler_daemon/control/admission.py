"""May this be saved? What a job or a task says must be possible here and now, or it is refused before the night."""

from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.due import check as check_schedule
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.git import GitError
from scheduler_daemon.workspace.place import check as check_directory


class Inadmissible(ValueError):
    """An object that could never run; ``field`` is the dotted path of what to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def admit(thing: Job | Task | Profile | Settings) -> None:
    """Let a job, task, profile or settings be saved; asks git about a job's directory, so it may take a moment.

    Raises:
        Inadmissible: when a directory, branch, cron expression or time zone is not to be had.
    """
    if isinstance(thing, Job):
        try:
            check_directory(thing.working_directory, thing.name)
        except (WorkspaceRefused, GitError) as error:
            raise Inadmissible("working_directory", str(error)) from error
    if isinstance(thing, Task):
        try:
            check_schedule(thing.schedule)
        except ScheduleError as error:
            raise Inadmissible(error.field, str(error)) from error
