"""Jobs with their tasks as one document, for a backup or for another machine."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from scheduler_daemon import __version__
from scheduler_daemon.engine.sequence import ordered
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.model.task import Task

VERSION = "2.0"
"""The version of the document; 1.0 and before are those of the earlier desktop application."""


def document(
    jobs: Sequence[Job], tasks: Sequence[Task], profiles: Sequence[Profile], now: datetime
) -> dict[str, Any]:
    """The export document of the jobs, as JSON values.

    Of the tasks those of the jobs are in it, in each job's order; of the profiles those that are referred to, by id
    and name alone: never a variable, for a document travels further than a secret should.
    """
    of_job: dict[UUID, list[Task]] = {job.id: [] for job in jobs}
    for task in tasks:
        if task.job_id in of_job:
            of_job[task.job_id].append(task)
    sequence = [task for job in jobs for task in ordered(job, of_job[job.id])]
    used = {job.profile for job in jobs} | {task.profile for task in sequence}
    return {
        "version": VERSION,
        "exported_at": instant_text(now),
        "exported_by": f"ccsched {__version__}",
        "jobs": [job.to_dict() for job in jobs],
        "tasks": [task.to_dict() for task in sequence],
        "profiles": [{"id": str(profile.id), "name": profile.name} for profile in profiles if profile.id in used],
    }
