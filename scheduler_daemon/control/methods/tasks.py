"""``tasks.*``: what the agent is told, and when."""

import asyncio
from typing import Annotated

from pydantic import Field

from scheduler_daemon.control import Json
from scheduler_daemon.control.admission import admit_task
from scheduler_daemon.control.methods.logs import remove_logs
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.methods.waiting import until_ended
from scheduler_daemon.control.references import find
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted, Events
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import CommandType, Permissions, SessionMode
from scheduler_daemon.model.job import Name
from scheduler_daemon.model.record import now
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import (
    AgentModel,
    Command,
    NotificationConfig,
    RetryConfig,
    ScheduleConfig,
    Seconds,
    Task,
)
from scheduler_daemon.store.store import Store


class TaskReference(Params):
    """A task by id, unique prefix of an id, or unique name."""

    task: Annotated[str, Field(min_length=1)]


class ListTasks(Params):
    """All tasks, or those of one job."""

    job: str | None = None


class CreateTask(Params):
    """What a new task is made of; what is not given is as the data model's defaults have it."""

    job: Annotated[str, Field(min_length=1)]
    """By id, unique prefix or unique name."""
    name: Name
    command: Command
    command_type: CommandType = CommandType.PROMPT
    model: AgentModel = "sonnet"
    profile: str | None = None
    """By id, unique prefix or unique name."""
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig)
    permissions: Permissions = Permissions.BYPASS
    session_mode: SessionMode = SessionMode.NEW
    allowed_tools: list[str] = Field(default_factory=list)
    disallowed_tools: list[str] = Field(default_factory=list)
    enabled: bool = True
    commit_on_success: bool = True
    time_limit: Seconds | None = None
    retry: RetryConfig = Field(default_factory=RetryConfig)
    notifications: NotificationConfig = Field(default_factory=NotificationConfig)


class TaskMethods:
    """The methods about tasks."""

    def __init__(self, store: Store, engine: Engine, events: Events, home: Home) -> None:
        self._home = home
        self._store = store
        self._engine = engine
        self._events = events

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "tasks.create", CreateTask, self.create, summary="Create a task in a job", result=Task)
        add(registry, "tasks.list", ListTasks, self.list_all, summary="All tasks, or a job's, oldest first")
        add(registry, "tasks.get", TaskReference, self.get, summary="One task", result=Task)
        add(registry, "tasks.delete", TaskReference, self.delete, summary="Delete a task, its runs and their logs")
        add(registry, "tasks.run", TaskReference, self.run, summary="Run a task now", result=Run)
        add(
            registry,
            "tasks.enable",
            TaskReference,
            self.enable,
            summary="Let its schedule start a task",
            result=Task,
        )
        add(
            registry,
            "tasks.disable",
            TaskReference,
            self.disable,
            summary="Let nothing but tasks.run start a task; its upcoming runs are let go",
            result=Task,
        )

    async def create(self, params: CreateTask, caller: Caller) -> Json:
        """Save a task at the end of its job's order."""
        job = find(self._store.jobs, params.job)
        profile = find(self._store.profiles, params.profile) if params.profile else None
        fields = {name: getattr(params, name) for name in type(params).model_fields if name not in ("job", "profile")}
        task = Task(job_id=job.id, profile=profile.id if profile else None, **fields)
        admit_task(task)
        with self._store.transaction():
            self._store.tasks.put(task)
            job = job.model_copy(update={"task_order": [*job.task_order, task.id], "updated_at": now()})
            self._store.jobs.put(job)
            self._engine.planner.plan(task)
        self._events.tell(Changed("task", task), Changed("job", job))
        return task.to_dict()

    async def delete(self, params: TaskReference, caller: Caller) -> Json:
        """Stops what lives first, and answers when all is gone."""
        task = find(self._store.tasks, params.task)
        while unfinished := [run for run in self._store.runs.unfinished() if run.task_id == task.id]:
            for run in unfinished:
                self._engine.stop_run(run)
            await until_ended(self._store, self._events, [run.id for run in unfinished])
        runs = self._store.runs.ids_of_task(task.id)
        task = find(self._store.tasks, str(task.id))  # it may have been moved or deleted in the meantime
        job = self._store.jobs.get(task.job_id)
        with self._store.transaction():
            self._store.tasks.delete(task.id)
            if job:
                order = [each for each in job.task_order if each != task.id]
                job = job.model_copy(update={"task_order": order, "updated_at": now()})
                self._store.jobs.put(job)
        await asyncio.to_thread(remove_logs, [self._home.log(run_id) for run_id in runs])
        self._events.tell(Deleted("task", task.id), *([Changed("job", job)] if job else []))
        return {"task_id": str(task.id), "runs": len(runs)}

    async def list_all(self, params: ListTasks, caller: Caller) -> Json:
        """Every task of every job, or of one."""
        tasks = (
            self._store.tasks.of_job(find(self._store.jobs, params.job).id) if params.job else self._store.tasks.all()
        )
        return {"tasks": [task.to_dict() for task in tasks]}

    async def get(self, params: TaskReference, caller: Caller) -> Json:
        """One task."""
        return find(self._store.tasks, params.task).to_dict()

    async def run(self, params: TaskReference, caller: Caller) -> Json:
        """Ask for one run; it starts as soon as it may."""
        return self._engine.run_task(find(self._store.tasks, params.task)).to_dict()

    async def enable(self, params: TaskReference, caller: Caller) -> Json:
        """Its schedule counts from now."""
        return self._set_enabled(find(self._store.tasks, params.task), True).to_dict()

    async def disable(self, params: TaskReference, caller: Caller) -> Json:
        """A live run of it goes on."""
        return self._set_enabled(find(self._store.tasks, params.task), False).to_dict()

    def _set_enabled(self, task: Task, enabled: bool) -> Task:
        if task.enabled is enabled:
            return task
        task = task.model_copy(update={"enabled": enabled, "updated_at": now()})
        with self._store.transaction():
            self._store.tasks.put(task)
            self._engine.planner.plan(task)
        self._events.tell(Changed("task", task))
        if not enabled:
            self._engine.release(task)
        return task
