"""The record as the texts of the JSON files that show it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from pydantic_core import from_json, to_json

from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import Record
from scheduler_daemon.model.task import Task
from scheduler_daemon.store import files
from scheduler_daemon.store.store import Store
from scheduler_daemon.store.tables import Table
from scheduler_daemon.store.three_way import Shown, in_short, kept

N = TypeVar("N", Job, Task, Profile)

FILES = ("jobs.json", "profiles.json", "runs.json", "settings.json", "tasks.json")
SHOWN_IN = {
    "jobs": ("jobs.json",),
    "tasks": ("tasks.json",),
    "profiles": ("profiles.json",),
    "runs": ("runs.json",),
    "settings": ("settings.json", "runs.json"),
}
"""The files that show a table; a setting says how many runs ``runs.json`` holds."""

LONGEST_KEPT = 16 * 1024
"""Bytes; the text of a longer object (a prompt may be megabytes) is made anew each time."""
FEW = 50
"""Up to so many objects are asked for one by one."""


@dataclass(frozen=True)
class Rendered:
    """A file's content, as the pieces it is written in."""

    chunks: tuple[bytes, ...]
    digest: str
    shown: Shown = field(default_factory=dict)


def _rendered(chunks: Iterable[bytes], shown: Shown) -> Rendered:
    pieces = tuple(chunks)
    return Rendered(pieces, files.digest_of(pieces), shown)


def _list(items: list[bytes]) -> list[bytes]:
    """The pieces of a list; each item comes with the comma and the line's end behind it."""
    # Piece by piece: joined, a prompt of megabytes would be held once more.
    return [b"[\n", *items[:-1], items[-1].removesuffix(b",\n"), b"\n]\n"] if items else [b"[]\n"]


def _indented(record: Record, margin: str = "") -> bytes:
    # The same text as json.dumps(..., indent=2), and many times faster.
    text = record.model_dump_json(indent=2)
    return (margin + text.replace("\n", f"\n{margin}") if margin else text).encode()


@dataclass(frozen=True, slots=True)
class _Item:
    """One object as a line of its file's list, and in short."""

    text: bytes
    short: str

    @classmethod
    def of(cls, record: Job | Task | Profile) -> "_Item":
        text = _indented(record, "  ")
        return cls(text + b",\n", to_json(in_short(from_json(text))).decode())


class _Objects(Generic[N]):
    """A table as the text of its file. Of thousands of objects, only those that were put since are looked at."""

    def __init__(self, table: Table[N]) -> None:
        self._table: Table[N] = table
        self._items: dict[str, _Item] = {}
        self._order: list[str] = []
        self._extent = (0, 0)
        table.on_put(self._forget)

    def _forget(self, id_: UUID) -> None:
        self._items.pop(str(id_), None)

    def __call__(self) -> Rendered:
        if (extent := self._table.extent()) != self._extent:
            self._order, self._extent = self._table.order(), extent
            self._items = {id_: self._items[id_] for id_ in self._order if id_ in self._items}
        self._items |= {str(record.id): _Item.of(record) for record in self._missing()}
        items = [self._items[id_] for id_ in self._order]
        for id_, item in zip(self._order, items, strict=True):
            if len(item.text) > LONGEST_KEPT:
                del self._items[id_]
        shown = dict(zip(self._order, [item.short for item in items], strict=True))
        return _rendered(_list([item.text for item in items]), shown)

    def _missing(self) -> Iterable[N]:
        missing = [id_ for id_ in self._order if id_ not in self._items]
        if len(missing) > FEW:
            return self._table.each()
        return [record for id_ in missing if (record := self._table.get(UUID(id_)))]


def renderers(store: Store) -> Mapping[str, Callable[[], Rendered]]:
    """How each file is made."""

    def runs() -> Rendered:
        documents = store.runs.newest_documents(store.settings().runs_in_json)
        return _rendered(_list([f"{document},\n".encode() for document in documents]), {})

    def settings() -> Rendered:
        settings = store.settings()
        return _rendered([_indented(settings) + b"\n"], kept({"": in_short(settings.to_dict())}))

    return {
        "jobs.json": _Objects(store.jobs),
        "profiles.json": _Objects(store.profiles),
        "runs.json": runs,
        "settings.json": settings,
        "tasks.json": _Objects(store.tasks),
    }
