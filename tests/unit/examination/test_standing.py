"""How the daemon's runs stand, and what of them the agent would refuse."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler_daemon.examination.finding import Finding
from scheduler_daemon.examination.standing import of_standing
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import EnvVarSource, Permissions, RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.process import identity

NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)
JOB = Job(name="job", working_directory=JobWorkingDirectory(path="/srv"))


def subject(*tasks: Task, profile: Profile | None = None, **fields: object) -> Subject:
    """A record with one job."""
    of_record = {
        "home": Home(Path("/nowhere")),
        "now": NOW,
        "settings": Settings(),
        "jobs": {JOB.id: JOB},
        "tasks": {task.id: task for task in tasks},
        "profiles": {profile.id: profile} if profile else {},
        "running": {},
        "attended": frozenset(),
        "limits": {},
        "watches": {},
    }
    return Subject(**(of_record | fields))  # type: ignore[arg-type]


def found(of: Subject, name: str) -> list[Finding]:
    """What one of the checks finds."""
    (check,) = [check for check in of_standing(of, []) if check.name == name]
    return list(check.look())


def run(execution_pid: int, execution_identity: str, **fields: object) -> tuple[Run, Execution]:
    """A run that is running on record."""
    task = Task(job_id=JOB.id, name="t", command="x")
    made = Run(
        task_id=task.id, task_name="t", job_id=JOB.id, job_name="job", status=RunStatus.RUNNING, scheduled_time=NOW
    ).model_copy(update=fields)
    return made, Execution(supervisor_pid=execution_pid, supervisor_identity=execution_identity, directory="/srv")


def test_a_run_of_which_nothing_lives_is_red() -> None:
    """One that the daemon sees through is well, between two of its processes as well; a silent one is yellow."""
    own = identity(os.getpid())
    assert own is not None
    alive, attended, silent, dead = (
        run(os.getpid(), own),
        run(os.getpid(), "another"),
        run(os.getpid(), own, stalled_at=NOW),
        run(os.getpid(), "another"),
    )
    runs = {each[0].id: each for each in (alive, attended, silent, dead)}
    told = found(subject(running=runs, attended=frozenset({attended[0].id})), "live runs")
    assert [(each.status, str(dead[0].id)[:8] in each.summary) for each in told] == [
        ("warning", False),
        ("failed", True),
    ]


def test_root_is_refused_what_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bypass of permissions, unless the agent is told that it is contained, as a profile may say or take back."""
    bypass = Task(job_id=JOB.id, name="t", command="x")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("IS_SANDBOX", raising=False)
    monkeypatch.delenv("CLAUDE_CODE_BUBBLEWRAP", raising=False)

    def status(task: Task, *variables: EnvVar) -> str:
        profile = Profile(name="p", env_vars=list(variables))
        (finding,) = found(subject(task.model_copy(update={"profile": profile.id}), profile=profile), "permissions")
        return finding.status

    assert status(bypass) == "failed"
    assert status(bypass.model_copy(update={"enabled": False})) == "ok"
    assert status(bypass.model_copy(update={"permissions": Permissions.ACCEPT_EDITS})) == "ok"
    assert status(bypass, EnvVar(name="IS_SANDBOX", value="1")) == "ok"
    assert status(bypass, EnvVar(name="IS_SANDBOX", value="true")) == "failed"
    monkeypatch.setenv("IS_SANDBOX", "1")
    assert status(bypass) == "ok"
    assert status(bypass, EnvVar(name="IS_SANDBOX", source=EnvVarSource.UNSET)) == "failed"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert status(bypass) == "skipped"
