"""What a person changed: their copy of an object against the copy they started from. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from pydantic import JsonValue

Fields: TypeAlias = dict[str, JsonValue]
Base: TypeAlias = dict[str, JsonValue]
"""The objects of one file by their id, in short; the settings under an id of ``""``."""

Shown: TypeAlias = Mapping[str, str]
"""A base as it is kept: each object as a JSON text, which versions of a file share where it is the same."""

LONGEST_KEPT = 64
"""Characters; a longer text (a prompt may be megabytes) is remembered by its digest alone."""


def in_short(value: JsonValue) -> JsonValue:
    """The value with each long text replaced by its digest: enough to see whether it has changed."""
    if isinstance(value, str) and len(value) > LONGEST_KEPT:
        return "sha256:" + hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()
    if isinstance(value, dict):
        return {key: in_short(member) for key, member in value.items()}
    if isinstance(value, list):
        return [in_short(member) for member in value]
    return value


def kept(base: Base) -> Shown:
    """A base as texts."""
    return {id_: json.dumps(short, separators=(",", ":")) for id_, short in base.items()}


def parsed(shown: Shown) -> Base:
    """The base that ``kept()`` made texts of."""
    return {id_: json.loads(text) for id_, text in shown.items()}


def same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are the same JSON; for Python alone, ``true`` and ``1`` would be."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def changed(base: JsonValue, mine: JsonValue, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The fields of ``mine`` that differ from ``base``, down to those of objects in objects."""
    if isinstance(base, dict) and isinstance(mine, dict):
        for name, value in mine.items():
            if name in base:
                yield from changed(base[name], value, (*path, name))
            else:
                yield (*path, name)
    elif not same(base, mine):
        yield path


def merged(current: Fields, mine: Fields, paths: list[tuple[str, ...]]) -> Fields:
    """The current object with the fields at ``paths`` as they are in ``mine``."""
    result: Fields = json.loads(json.dumps(current))
    for path in paths:
        target, source = result, mine
        for name in path[:-1]:
            inner, wanted = target[name], source[name]
            assert isinstance(inner, dict)
            assert isinstance(wanted, dict)
            target, source = inner, wanted
        target[path[-1]] = source[path[-1]]
    return result


def closest(bases: list[Base], mine: Base) -> Base:
    """The base a person most likely started from, of those the file has held, the newest first.

    An editor may have been open while the file was replaced under it. Its copy then has the fewest
    differences from the older base, and from that alone follows what was touched: against the newest, all
    that has happened meanwhile would be undone. A copy exactly like an older base is something else: it
    was put back on purpose, and differs from the newest. So is one that has none of a base's objects: it was
    written anew.
    """
    distances = [(_distance(base, mine), base) for base in bases if base.keys() & mine.keys()]
    least, nearest = min(distances, key=lambda each: each[0], default=(0, bases[0]))
    return nearest if least else bases[0]


def maybe_unseen(newest: Base, mine: Base) -> set[str]:
    """The objects that are not in a person's copy, and perhaps never were.

    New objects come last in a file, so whoever has an object has seen those before it. Those after the last
    one they have may have come while an editor was open, however long ago: no memory of older contents
    reaches back far enough to exclude that. It is excluded where such an object less is all that is edited
    (an editor left open is saved for some other edit), and where nothing at all is left.
    """
    ids = list(newest)
    seen = max((place + 1 for place, id_ in enumerate(ids) if id_ in mine), default=0)
    others = ids[:-1]
    only_the_last = mine.keys() == set(others) and all(same(newest[id_], mine[id_]) for id_ in others)
    return set() if not mine or only_the_last else set(ids[seen:])


def _distance(base: Base, mine: Base) -> int:
    both = base.keys() & mine.keys()
    fields = (changed(base[id_], mine[id_]) for id_ in both if base[id_] != mine[id_])
    return len(base.keys() ^ mine.keys()) + sum(len(list(names)) for names in fields)
