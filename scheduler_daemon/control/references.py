"""Which object does a person mean by an id, the beginning of one, or a name?"""

from typing import TypeVar

from scheduler_daemon.control import Json
from scheduler_daemon.control.errors import Ambiguous, NotFound, shortened
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.profile.ready_made import SHORTCUTS
from scheduler_daemon.store.tables import SHORTEST_PREFIX, Table

R = TypeVar("R", Job, Task, Run, Profile)


def find(table: Table[R], reference: str) -> R:
    """The one object that ``reference`` names.

    Raises:
        NotFound: when it names none; ``data.field`` is the noun.
        Ambiguous: when it names several; ``data.candidates`` has their ids and names.
    """
    noun = table.name.removesuffix("s")
    found = table.matching(reference)
    if not found:
        see = f"see them all with: ccsched {table.name} list"
        shortcut = next((name for name, id_ in SHORTCUTS.items() if str(id_) == reference), None)
        if shortcut:
            see = f"it was deleted; make it anew with: ccsched profiles create --{shortcut}"
        if len(reference) < SHORTEST_PREFIX:
            see = f"a prefix of an id needs {SHORTEST_PREFIX} characters; {see}"
        raise NotFound(
            f"no {noun} has the id {'or the name ' if table.has_names else ''}{shortened(reference)!r}",
            field=noun,
            hint=see,
        )
    if len(found) > 1:
        candidates: list[Json] = [{"id": str(each.id), "name": _name(each)} for each in found]
        raise Ambiguous(
            f"{len(found)} {table.name} answer to {shortened(reference)!r}",
            candidates,
            field=noun,
            hint="use the whole id, or more characters of it"
            if all(str(each.id).startswith(reference.strip().lower()) for each in found)
            else "use an id, or its first characters",
        )
    return found[0]


def _name(thing: Job | Task | Run | Profile) -> str:
    if isinstance(thing, Run):
        return f"{thing.task_name} of job {thing.job_name}"
    return thing.name
