"""Does what a task may do fit a run that nobody watches?"""

import os
from collections.abc import Iterator, Mapping

from scheduler_daemon.examination.finding import Finding, warning
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.model.enums import EnvVarSource, Permissions
from scheduler_daemon.model.task import Task

_CONTAINED = ("IS_SANDBOX", "CLAUDE_CODE_BUBBLEWRAP")
"""What tells the agent (2.1.330) that root may bypass permissions; of the first, only the value 1 does."""
_ASKS = (Permissions.DEFAULT, Permissions.DONT_ASK)


def refused_to_root(subject: Subject, task: Task) -> bool:
    """Whether the agent will not start, for it is root and is to bypass permissions."""
    if os.geteuid() != 0 or task.permissions is not Permissions.BYPASS:
        return False
    environment: dict[str, str] = {name: os.environ[name] for name in _CONTAINED if name in os.environ}
    profile = subject.profiles.get(subject.profile_of(task) or task.id)
    for variable in profile.env_vars if profile else ():
        if variable.name in _CONTAINED and variable.source is EnvVarSource.STATIC:
            environment[variable.name] = variable.value
        elif variable.name in _CONTAINED and variable.source is EnvVarSource.UNSET:
            environment.pop(variable.name, None)
    return not _contained(environment)


def _contained(environment: Mapping[str, str]) -> bool:
    return environment.get(_CONTAINED[0]) == "1" or bool(environment.get(_CONTAINED[1]))


def of_permissions(task: Task) -> Iterator[Finding]:
    """What is to be said of a task's permissions, whoever the daemon is; nothing if they fit."""
    update = f"ccsched tasks update {str(task.id)[:8]}"
    if task.permissions is Permissions.PLAN:
        told = "in the mode plan the agent changes nothing, and only says what it would do"
        yield warning(told, f"{update} --permissions acceptEdits", check="permissions")
    elif task.permissions in _ASKS and not task.allowed_tools:
        told = f"in the mode {task.permissions.value}, and with no tool allowed, nobody is there to allow one"
        yield warning(
            told, f"{update} --allowed-tool Edit --allowed-tool Write --allowed-tool Bash", check="permissions"
        )
