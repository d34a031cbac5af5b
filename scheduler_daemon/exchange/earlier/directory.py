"""A whole data directory of the earlier application, as records that keep their ids."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from scheduler_daemon.exchange.earlier import job, profile, run, settings, shapes
from scheduler_daemon.exchange.earlier.takeover import Present, Takeover
from scheduler_daemon.exchange.found import Place
from scheduler_daemon.home import DEFAULT_HOME
from scheduler_daemon.store import files
from scheduler_daemon.store.differences import validated
from scheduler_daemon.store.documents import Document, Unacceptable

FILES = ("profiles.json", "jobs.json", "tasks.json", "runs.json", "settings.json")

S = TypeVar("S", shapes.Profile, shapes.Job, shapes.Task, shapes.Run)


def migrate(directory: Path, present: Present) -> Takeover:
    """The records of a data directory that are not here yet.

    Raises:
        Unacceptable: when it is no such directory, or a file or a field in it is broken.
    """
    documents = _documents(directory)
    takeover = Takeover()
    profiles = profile.take(_rows(documents, "profiles.json", shapes.Profile), present, takeover)
    job.take(
        _rows(documents, "jobs.json", shapes.Job),
        _rows(documents, "tasks.json", shapes.Task),
        present,
        takeover,
        profiles,
        # The same each time, so that what is here already is known again.
        strays=uuid5(NAMESPACE_URL, directory.absolute().as_uri()),
    )
    log_folders = [directory / "logs", Path(DEFAULT_HOME).expanduser() / "logs"]
    run.take(_rows(documents, "runs.json", shapes.Run), present, takeover, log_folders)
    settings.take(documents.get("settings.json"), present, takeover)
    takeover.lines.sort(key=lambda line: FILES.index(line.file))
    return takeover


def _documents(directory: Path) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for name in FILES:
        try:
            # Missing files are as good as empty ones.
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                documents[name] = Document.parse(name, files.read(directory / name)[0])
        except OSError as error:
            raise Unacceptable(name, f"this cannot be read: {error}") from error
    if not documents:
        raise Unacceptable(
            str(directory),
            f"there is no {', '.join(FILES[:-1])} or {FILES[-1]} in this directory; name the one in which the "
            "earlier application kept its data, such as ~/.config/claude-code-scheduler",
        )
    return documents


def _rows(documents: Mapping[str, Document], name: str, kind: type[S]) -> list[tuple[S, Place]]:
    """The objects of a file, and where each stands."""
    if name not in documents:
        return []
    document = documents[name]
    if not isinstance(document.value, list):
        raise document.refuse((), "a list of objects, [ ... ], is wanted here")
    rows: dict[UUID, tuple[S, Place]] = {}
    for at, row in enumerate(document.value):
        if not isinstance(row, dict):
            raise document.refuse((at,), "an object, { ... }, is wanted here")
        given = validated(kind, row, document, (at,))
        if given.id in rows:
            line = document.line(rows[given.id][1].path)
            raise document.refuse((at, "id"), f"the object in line {line} has the same id")
        rows[given.id] = (given, Place(document, (at,)))
    return list(rows.values())
