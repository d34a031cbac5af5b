"""Which time zone is meant: a name a person wrote, or the machine's own zone."""

import difflib
import functools
import os
import re
import zoneinfo
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler_daemon.schedule.error import ScheduleError, shown
from scheduler_daemon.schedule.zone_file import ZoneDamaged, read_zone, show_the_same

FIELD = "schedule.timezone"

_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
"""Files that lie in a zone database and name no zone of their own."""

_DATABASE_PATH = re.compile(r"/zoneinfo[^/]*/(?:(?:posix|right)/)?(?P<name>.+)")
"""A path into a zone database, wherever a system keeps it: ``/usr/share/zoneinfo/Europe/Berlin``,
``/var/db/timezone/zoneinfo/Europe/Berlin``, ``…/zoneinfo.default/…``."""


def find_zone(name: str | None) -> ZoneInfo:
    """The zone of an IANA name, or the machine's own zone for None.

    Raises:
        ScheduleError: when there is no such zone; the message names the zones that are spelt most like it.
    """
    return machine_zone(os.environ) if name is None else _named(name)


def forget_zones() -> None:
    """Read each zone anew when it is next asked for: the data have changed that those in use were read from."""
    _named.cache_clear()
    _copied.cache_clear()
    ZoneInfo.clear_cache()


def machine_zone(environment: Mapping[str, str], etc: Path = Path("/etc")) -> ZoneInfo:
    """The zone of this machine: ``TZ``, else ``etc/localtime``, else ``etc/timezone``, else UTC.

    It is looked up each time, for a laptop travels. A link is followed to the zone's name; a plain copy of a
    zone's file has none, so it gets that in ``etc/timezone`` if that zone's clocks show the same.

    Raises:
        ScheduleError: when ``TZ`` is set to something that is no zone. Going on to the next source would
            run every job at hours that no clock on this machine shows.
    """
    setting = environment.get("TZ")
    if setting is not None:
        return _of_setting(setting)
    linked = _of_link(etc / "localtime")
    if linked:
        return linked
    named = _of_text(etc / "timezone")
    return _of_copy(etc / "localtime", named) or named or ZoneInfo("UTC")


def _of_setting(setting: str) -> ZoneInfo:
    # tzset(3): a leading colon is allowed before a name or a path; an empty value means UTC.
    name = setting.removeprefix(":")
    if not name:
        return ZoneInfo("UTC")
    if name.startswith("/"):
        zone = _of_link(Path(name)) or _of_copy(Path(name))
        if zone is not None:
            return zone
    try:
        return _named(name)
    except ScheduleError as error:
        raise ScheduleError(
            FIELD,
            f"the variable TZ is {shown(setting)}, which is no IANA time zone; set TZ to a name such as "
            "Europe/Berlin, or give the schedule a timezone",
        ) from error


def _of_link(path: Path) -> ZoneInfo | None:
    found = _DATABASE_PATH.search(os.path.realpath(path))
    return _if_named(found["name"]) if found else None


def _of_text(path: Path) -> ZoneInfo | None:
    try:
        return _if_named(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return None


def _of_copy(path: Path, named: ZoneInfo | None = None) -> ZoneInfo | None:
    try:
        return _copied(path.read_bytes(), str(path), named)
    except (OSError, ZoneDamaged):
        return None


@functools.lru_cache(maxsize=8)
def _copied(data: bytes, path: str, named: ZoneInfo | None) -> ZoneInfo:
    # In a container, localtime may be the host's and the name that of the image: the clock on the wall decides.
    zone = read_zone(data, path)
    return named if named and show_the_same(zone, named) else zone


def _if_named(name: str) -> ZoneInfo | None:
    try:
        return _named(name)
    except ScheduleError:
        return None


@functools.lru_cache(maxsize=64)
def _named(name: str) -> ZoneInfo:
    # The list decides, not whether ZoneInfo can open such a file: that also takes "right/UTC" (which counts
    # leap seconds) and, on a file system without case, "europe/berlin". Listing takes milliseconds, so the
    # zones that were found are kept.
    known = zoneinfo.available_timezones() - _NO_PLACES
    if name in known:
        try:
            read_zone(_data_of(name), name)
            return ZoneInfo(name)
        except (OSError, ImportError, ZoneDamaged) as error:
            raise ScheduleError(
                FIELD,
                f"the time zone {shown(name)} cannot be read, for its file is damaged; "
                "install the system's time zone data anew, or use another zone",
            ) from error
    likely = _spelt_like(name[:60], known)
    advice = f"did you mean {' or '.join(likely)}?" if likely else "use an IANA name such as Europe/Berlin or UTC"
    raise ScheduleError(FIELD, f"there is no time zone {shown(name)}; {advice}")


def _data_of(name: str) -> bytes:
    """The data from which ZoneInfo makes the zone: PEP 615, "Sources for time zone data"."""
    for folder in zoneinfo.TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    return files("tzdata").joinpath("zoneinfo", name).read_bytes()


def _spelt_like(name: str, known: set[str]) -> list[str]:
    wanted = name.strip().strip("/").replace(" ", "_").casefold()
    by_whole = {zone.casefold(): zone for zone in sorted(known)}
    if wanted in by_whole:
        return [by_whole[wanted]]
    by_city = {zone.rpartition("/")[2].casefold(): zone for zone in sorted(known)}
    if wanted in by_city:
        return [by_city[wanted]]
    return [by_whole[near] for near in difflib.get_close_matches(wanted, by_whole, n=3, cutoff=0.7)]
