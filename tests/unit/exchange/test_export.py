"""The export document: what it holds, in what order, and what it must never hold."""

import json
from datetime import UTC, datetime

from scheduler_daemon import __version__
from scheduler_daemon.exchange.export import document
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.model.task import Task

NOW = datetime(2031, 5, 17, 22, 30, tzinfo=UTC)


def job(name: str, **fields: object) -> Job:
    return Job.model_validate({"name": name, "working_directory": JobWorkingDirectory(path="/srv"), **fields})


def task(of: Job, name: str, **fields: object) -> Task:
    return Task.model_validate({"job_id": of.id, "name": name, "command": "x", **fields})


def test_it_says_what_it_is() -> None:
    """Version, instant and writer stand at the head of an empty document as of any other."""
    assert document([], [], [], NOW) == {
        "version": "2.0",
        "exported_at": "2031-05-17T22:30:00.000000Z",
        "exported_by": f"ccsched {__version__}",
        "jobs": [],
        "tasks": [],
        "profiles": [],
    }


def test_the_tasks_stand_in_the_order_of_their_jobs() -> None:
    """Jobs as they are given; each one's tasks in its order, those it does not name last; no other job's tasks."""
    first, second, other = job("first"), job("second"), job("other")
    late, early, odd = task(first, "late"), task(first, "early"), task(first, "odd")
    first = first.model_copy(update={"task_order": [early.id, late.id]})
    alone = task(second, "alone")
    made = document([second, first], [odd, late, early, alone, task(other, "not asked for")], [], NOW)
    assert [each["name"] for each in made["jobs"]] == ["second", "first"]
    assert [each["name"] for each in made["tasks"]] == ["alone", "early", "late", "odd"]


def test_jobs_and_tasks_are_whole() -> None:
    """They are written as everywhere else."""
    only = job("only")
    its = task(only, "its")
    made = document([only], [its], [], NOW)
    assert (made["jobs"], made["tasks"]) == ([only.to_dict()], [its.to_dict()])


def test_of_profiles_only_id_and_name_of_those_in_use() -> None:
    """A variable never leaves, and a profile that nobody refers to is nobody's business."""
    secret = [EnvVar(name="KEY", value="s3cr3t")]
    of_job, of_task, unused = (Profile(name=name, env_vars=secret) for name in ("of job", "of task", "unused"))
    owner = job("owner", profile=of_job.id)
    made = document([owner], [task(owner, "t", profile=of_task.id)], [unused, of_task, of_job], NOW)
    assert made["profiles"] == [{"id": str(each.id), "name": each.name} for each in (of_task, of_job)]
    assert "s3cr3t" not in json.dumps(made)
