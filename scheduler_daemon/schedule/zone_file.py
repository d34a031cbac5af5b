"""Reads the data of a time zone (TZif, RFC 8536), and refuses what would crash ZoneInfo or never let it end."""

import io
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_HEADER = struct.Struct(">4sc15x6l")
_TYPE = struct.Struct(">lBB")

_TRIED = tuple(datetime(year, month, 1, tzinfo=UTC) for year in range(1970, 2101) for month in range(1, 13))
"""ZoneInfo takes a file with offsets of a day and more, and fails only when such an offset is used."""


class ZoneDamaged(Exception):
    """The data of a zone cannot be read."""


class _Whole(io.BytesIO):
    """Data that must not end early: ZoneInfo looks for a missing last line for ever (cpython#143241)."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if size is not None and len(found) < size:
            raise EOFError
        return found


def read_zone(data: bytes, key: str) -> ZoneInfo:
    """The zone of a file's data.

    Raises:
        ZoneDamaged: the data is cut off, or not what RFC 8536 asks for.
    """
    try:
        _refuse_unsound(data)
        zone = ZoneInfo.from_file(_Whole(data), key=key)
        for instant in _TRIED:
            instant.astimezone(zone)
    except Exception as error:  # ZoneInfo does not say what it raises for which damage
        raise ZoneDamaged from error
    return zone


def show_the_same(one: ZoneInfo, other: ZoneInfo) -> bool:
    """Whether the clocks of two zones show the same on the first of every month from 1970 to 2100."""
    return all(instant.astimezone(one).utcoffset() == instant.astimezone(other).utcoffset() for instant in _TRIED)


def _refuse_unsound(data: bytes) -> None:
    """Refuse numbers by which ZoneInfo reads beyond the end of its tables (cpython#145883)."""
    start, time_size = 0, 4
    _, version, *counts = _HEADER.unpack_from(data)
    if version >= b"2":
        start, time_size = _length(counts, time_size), 8
        _, _, *counts = _HEADER.unpack_from(data, start)
    _, _, _, times, types, _ = counts
    if min(counts) < 0 or types == 0 or start + _length(counts, time_size) > len(data):
        raise ZoneDamaged
    at = start + _HEADER.size + times * time_size
    indices = data[at : at + times]
    kinds = list(_TYPE.iter_unpack(data[at + times : at + times + types * _TYPE.size]))
    if any(index >= types for index in indices) or any(summer > 1 for _, summer, _ in kinds):
        raise ZoneDamaged
    if _looks_beyond_the_last(indices, kinds):
        raise ZoneDamaged


def _length(counts: Sequence[int], time_size: int) -> int:
    """The bytes of a header and what it counts."""
    universal, standard, leaps, times, types, characters = counts
    of_times = times * (time_size + 1) + leaps * (time_size + 4)
    return _HEADER.size + of_times + types * _TYPE.size + characters + standard + universal


def _looks_beyond_the_last(indices: bytes, kinds: Sequence[tuple[int, int, int]]) -> bool:
    """Whether ZoneInfo, to learn how much the last summer time differs, looks for a change after the last."""
    for place, index in enumerate(indices[1:], 1):
        offset, summer, _ = kinds[index]
        if index != indices[-1] or not summer:
            continue
        before, summer_before, _ = kinds[indices[place - 1]]
        if index == len(kinds) - 1 or (not summer_before and before != offset):
            return False
        if place == len(indices) - 1:
            return True
        after, summer_after, _ = kinds[indices[place + 1]]
        if not summer_after and after != offset:
            return False
    return False
