"""The jobs, tasks and settings as people believe them to be."""

from dataclasses import dataclass, field
from uuid import UUID

from scheduler_daemon.model.enums import Overlap, ScheduleType
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task


@dataclass
class Known:
    """What was last put on record by hand."""

    jobs: dict[UUID, Job] = field(default_factory=dict)
    tasks: dict[UUID, Task] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)

    def policy(self, task_id: UUID) -> Overlap:
        """What is to become of a due time of a task that comes before its last run has ended."""
        task = self.tasks[task_id]
        return task.overlap or self.jobs[task.job_id].overlap

    def in_order(self, job_id: UUID) -> list[Task]:
        """A job's tasks."""
        return [self.tasks[task_id] for task_id in self.jobs[job_id].task_order if task_id in self.tasks]

    def following(self, task_id: UUID) -> list[UUID]:
        """What a due task starts, itself first."""
        tasks = self.in_order(self.tasks[task_id].job_id)
        found = [task_id]
        for task in tasks[[each.id for each in tasks].index(task_id) + 1 :]:
            if task.enabled and task.schedule.type is not ScheduleType.SEQUENTIAL:
                break
            if task.enabled:
                found.append(task.id)
        return found
