"""An export of the earlier application: one job with its tasks."""

from collections.abc import Sequence
from uuid import UUID

from scheduler_daemon.exchange.earlier import shapes
from scheduler_daemon.exchange.earlier.job import job
from scheduler_daemon.exchange.earlier.task import place_of, task
from scheduler_daemon.exchange.found import Found, Place, named
from scheduler_daemon.exchange.notes import Note
from scheduler_daemon.exchange.profiles import Profiles, not_here
from scheduler_daemon.model.enums import JobStatus
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.differences import validated
from scheduler_daemon.store.documents import Document


def read(document: Document, profiles: Sequence[Profile]) -> Found:
    """The job and the tasks of an export, each with a profile that is here.

    Raises:
        Unacceptable: when a field is broken, or a profile is not here.
    """
    assert isinstance(document.value, dict)
    export = validated(shapes.Export, document.value, document, ())
    here = Profiles.of(profiles)
    notes: list[Note] = []
    Place(document, ()).entry("export", notes).left_out_unknown(export)
    tasks: list[Task] = []
    places = {export.job.id: Place(document, ("job",))}
    for at, given in enumerate(export.tasks):
        place = Place(document, ("tasks", at))
        if given.id in places:
            raise place.refuse(("id",), f"the object in line {document.line(places[given.id].path)} has the same id")
        if given.job_id not in (None, export.job.id):
            raise place.refuse(("job_id",), f"there is no job {given.job_id} in this file")
        profile = _profile(given.profile, here, place)
        # What is made anew has no past.
        given = given.model_copy(update={"last_run_status": None, "last_session_id": None})
        tasks.append(task(given, place.entry(named("task", given.name), notes), export.job.id, profile))
        places[given.id] = place_of(given, place)
    profile = _profile(export.job.profile, here, places[export.job.id])
    entry = places[export.job.id].entry(named("job", export.job.name), notes)
    given_job = export.job.model_copy(update={"status": JobStatus.PENDING})
    return Found([job(given_job, entry, tasks, profile)], tasks, places, [str(note) for note in notes])


def _profile(reference: str | None, here: Profiles, place: Place) -> UUID | None:
    if not reference:
        return None
    meant = here.meant(reference)
    if meant is None:
        raise place.refuse(("profile",), not_here(reference, None))
    return meant
