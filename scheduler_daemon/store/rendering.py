"""The record as the texts of the JSON files that show it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import Record
from scheduler_daemon.model.task import Task
from scheduler_daemon.store import files
from scheduler_daemon.store.store import Store
from scheduler_daemon.store.three_way import Base, in_short


@dataclass(frozen=True)
class Rendered:
    """A file's content, as the pieces it is written in."""

    chunks: tuple[bytes, ...]
    digest: str
    base: str


def _rendered(chunks: Iterable[bytes], base: Base) -> Rendered:
    pieces = tuple(chunks)
    return Rendered(pieces, files.digest_of(pieces), json.dumps(base, separators=(",", ":")))


def _list(items: list[bytes]) -> Iterable[bytes]:
    if not items:
        return [b"[]\n"]
    last = len(items) - 1
    # Piece by piece: joined, a prompt of megabytes would be held once more.
    pieces = [b"[\n"]
    for position, item in enumerate(items):
        pieces += [item, b",\n" if position < last else b"\n"]
    return [*pieces, b"]\n"]


def _indented(record: Record, margin: str = "") -> bytes:
    # The same text as json.dumps(..., indent=2), and many times faster.
    text = record.model_dump_json(indent=2)
    return (margin + text.replace("\n", f"\n{margin}") if margin else text).encode()


def _objects(records: Iterable[Job | Task | Profile]) -> Rendered:
    items: list[bytes] = []
    base: Base = {}
    for record in records:
        items.append(_indented(record, "  "))
        base[str(record.id)] = in_short(record.to_dict())
    return _rendered(_list(items), base)


def _runs(store: Store) -> Rendered:
    documents = store.runs.newest_documents(store.settings().runs_in_json)
    return _rendered(_list([document.encode() for document in documents]), {})


def _settings(store: Store) -> Rendered:
    settings = store.settings()
    return _rendered([_indented(settings) + b"\n"], {"": in_short(settings.to_dict())})


RENDERERS: dict[str, Callable[[Store], Rendered]] = {
    "jobs.json": lambda store: _objects(store.jobs.each()),
    "tasks.json": lambda store: _objects(store.tasks.each()),
    "profiles.json": lambda store: _objects(store.profiles.each()),
    "runs.json": _runs,
    "settings.json": _settings,
}
"""How each file is made."""

SHOWN_IN = {
    "jobs": ("jobs.json",),
    "tasks": ("tasks.json",),
    "profiles": ("profiles.json",),
    "runs": ("runs.json",),
    "settings": ("settings.json", "runs.json"),
}
"""The files that show a table; a setting says how many runs ``runs.json`` holds."""
