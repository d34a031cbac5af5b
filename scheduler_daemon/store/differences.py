"""One edited file against the objects of its kind: which are new, which are changed, which are gone."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from pydantic import JsonValue, ValidationError

from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import Record, instant_text, now
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.documents import Document, Path
from scheduler_daemon.store.three_way import Base, Fields, changed, closest, in_short, maybe_unseen, merged, same

Check = Callable[[Job | Task | Profile | Settings], None]
"""Raises ValueError for an object that cannot work; its ``field``, if it has one, says where."""

OWNED = frozenset({"status", "last_run_status", "created_at"})
"""What the daemon alone knows. A value made up by hand is refused, one from an older copy of the file is
left out, and so is what a new object has there: it may be a copy of another."""
STAMPED = OWNED | {"updated_at"}
"""``updated_at`` is set for every change, so that what a person wrote there does not matter."""

R = TypeVar("R", bound=Record)
N = TypeVar("N", Job, Task, Profile, Run)


@dataclass
class Difference(Generic[N]):
    """What a person wants of the objects of one kind."""

    document: Document | None = None
    created: dict[UUID, N] = field(default_factory=dict)
    changed: dict[UUID, N] = field(default_factory=dict)
    deleted: set[UUID] = field(default_factory=set)
    doubtful: set[UUID] = field(default_factory=set)
    """Objects that are missing, and may never have been in the copy that the person edited."""
    places: dict[UUID, int] = field(default_factory=dict)
    """Where in the file each object stands."""
    base: Base = field(default_factory=dict)
    """What the person's file holds: what their next edit starts from."""
    started_from: Base = field(default_factory=dict)

    @property
    def wanted(self) -> dict[UUID, N]:
        """The objects that the person made or changed."""
        return self.created | self.changed

    def after(self, current: dict[UUID, N]) -> dict[UUID, N]:
        """The objects as they will be."""
        kept = {id_: record for id_, record in current.items() if id_ not in self.deleted}
        return kept | self.wanted

    def refuse(self, id_: UUID, path: Path, message: str) -> Exception:
        """The reason why an object of this file cannot be taken."""
        assert self.document is not None
        return self.document.refuse((self.places[id_], *path), message)


def _plain(error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    first, *more = error.errors()
    match first["type"]:
        case "extra_forbidden":
            message = "there is no field of this name"
        case "missing":
            message = "this field is missing"
        case "json_invalid":
            message = "a text in it is no valid Unicode"
        case "value_error":
            message = str(first["ctx"]["error"])
        case _:
            message = first["msg"][:1].lower() + first["msg"][1:]
    return first["loc"], message + (f" (and {len(more)} more)" if more else "")


def validated(kind: type[R], fields: Fields, document: Document, place: Path) -> R:
    """The object with these fields, or the reason why there can be none."""
    try:
        # As JSON and strictly: 5 is a number, "5" is not.
        return kind.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        path, message = _plain(error)
        raise document.refuse((*place, *path), message) from error


def checked(check: Check, record: Job | Task | Profile | Settings, document: Document, place: Path) -> None:
    """Ask whether the object can work."""
    try:
        check(record)
    except ValueError as error:
        named = getattr(error, "field", None)
        path = tuple(str(named).split(".")) if named else ()
        raise document.refuse((*place, *path), str(error)) from error


def merge(
    document: Document, place: Path, written: Fields, base: JsonValue, known: list[JsonValue], current: R
) -> tuple[R | None, JsonValue]:
    """An object with a person's changes, or None if nothing changes; and, in short, what they wrote.

    ``base`` is what they started from, if it was in the file; ``known`` is all that the file has said.
    """
    kind = type(current)
    now_: Fields = current.to_dict()
    stamped = {name: now_[name] for name in STAMPED if name in now_}
    whole: Fields = {**stamped, **written}
    mine = validated(kind, whole, document, place).to_dict()
    short = in_short(mine)
    paths: list[tuple[str, ...]] = []
    for path in changed(in_short(now_) if base is None else base, short):
        if path[0] not in STAMPED:
            paths.append(path)
        elif path[0] in OWNED and path[0] in written and base is not None:
            said = [version.get(path[0]) for version in [now_, *known] if isinstance(version, dict)]
            if mine[path[0]] not in said:
                raise document.refuse((*place, *path), "only the daemon sets this field")
    result = merged(now_, mine, paths)
    if same(result, now_):
        return None, short
    if "updated_at" in now_:
        result["updated_at"] = instant_text(now())
    return validated(kind, result, document, place), short


def _rows(document: Document) -> list[tuple[UUID, Fields]]:
    if not isinstance(document.value, list):
        raise document.refuse((), "a list of objects, [ ... ], is wanted here")
    rows: list[tuple[UUID, Fields]] = []
    places: dict[UUID, int] = {}
    for place, row in enumerate(document.value):
        if not isinstance(row, dict):
            raise document.refuse((place,), "an object, { ... }, is wanted here")
        given = row.get("id")
        try:
            id_ = uuid4() if given is None else UUID(str(given))
        except ValueError as error:
            message = "this is no UUID; leave the id out of a new object, and one is made"
            raise document.refuse((place, "id"), message) from error
        if id_ in places:
            other = document.line((places[id_],))
            raise document.refuse((place, "id"), f"the object in line {other} has the same id")
        places[id_] = place
        rows.append((id_, {**row, "id": str(id_)}))
    return rows


def compare(document: Document, current: dict[UUID, N], bases: list[Base], kind: type[N]) -> Difference[N]:
    """What an edited file asks for.

    ``bases`` are the contents the person may have started from, the newest first. An object of the record
    that the file has not shown at all was made meanwhile, and stays; one that it has shown and the edit misses
    is either deleted or, if the person may not have seen it, ``doubtful``.

    Raises:
        Unacceptable: when an object cannot be taken.
    """
    rows = _rows(document)
    mine: Base = {str(id_): in_short(row) for id_, row in rows}
    base = closest(bases, mine)
    difference = Difference[N](document, started_from=base)
    for place, (id_, row) in enumerate(rows):
        difference.places[id_] = place
        known, record = base.get(str(id_)), current.get(id_)
        short = in_short(row)
        if known is not None and same(short, known):
            pass
        elif record is not None:
            versions = [older[str(id_)] for older in bases if str(id_) in older]
            merger, short = merge(document, (place,), row, known, versions, record)
            if merger is not None:
                difference.changed[id_] = merger
        elif known is not None:
            message = "this was deleted meanwhile; delete it here too, or take its id out to make it anew"
            raise document.refuse((place,), message)
        else:
            fresh = {name: value for name, value in row.items() if name not in STAMPED}
            made = validated(kind, fresh, document, (place,))
            difference.created[id_] = made
            short = in_short({**made.to_dict(), **{name: row[name] for name in STAMPED if name in row}})
        difference.base[str(id_)] = short
    gone = {id_ for id_ in current if id_ not in difference.places and (str(id_) in base or str(id_) in bases[0])}
    unseen = maybe_unseen(bases[0], mine)
    difference.doubtful = {id_ for id_ in gone if str(id_) not in base or str(id_) in unseen}
    difference.deleted = gone - difference.doubtful
    return difference


def read_whole(document: Document, kind: type[N]) -> Difference[N]:
    """A file that nothing is known of yet: all its objects, exactly as they are written.

    Raises:
        Unacceptable: when an object cannot be taken.
    """
    difference = Difference[N](document)
    for place, (id_, row) in enumerate(_rows(document)):
        difference.places[id_] = place
        difference.created[id_] = validated(kind, row, document, (place,))
        difference.base[str(id_)] = in_short(difference.created[id_].to_dict())
    return difference
