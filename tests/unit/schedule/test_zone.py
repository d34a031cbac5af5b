"""Time zones by name, and the machine's own."""

import random
import shutil
import struct
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler_daemon.schedule import ScheduleError, find_zone
from scheduler_daemon.schedule.zone import forget_zones, machine_zone
from scheduler_daemon.schedule.zone_file import ZoneDamaged, read_zone

_SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
_WINTER = datetime(2026, 1, 1, tzinfo=UTC)


def _zone_file(tmp_path: Path, name: str) -> Path:
    """A zone's file in a small zone database of our own."""
    target = tmp_path / "share" / "zoneinfo" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(files("tzdata").joinpath("zoneinfo", name).read_bytes())
    return target


def _etc(tmp_path: Path) -> Path:
    etc = tmp_path / "etc"
    etc.mkdir()
    return etc


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """The zone database of this process: one file, of a zone that no other test has asked for."""
    file = _zone_file(tmp_path, "Europe/Vaduz")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([file.parents[1]])
    forget_zones()
    yield file
    zoneinfo.reset_tzpath(before)
    forget_zones()


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "EST5EDT"])
def test_a_name_is_a_zone(name: str) -> None:
    """IANA names, short and long, are found, each as a zone that knows its changes."""
    assert find_zone(name) == ZoneInfo(name)


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "/", "../etc/passwd", "/etc/passwd", "/etc/localtime", "Europe/", "Europe", "Europe//Berlin",
     "Europe/Berlin ", "europe/berlin", "EUROPE/BERLIN", "posix/Europe/Berlin", "right/UTC", "localtime", "Factory",
     "zone.tab", "UTC+2", "+02:00", "CEST", "a\0b", "\ud800", "x" * 9000, "Zürich", "Mars/Olympus"],
)  # fmt: skip
def test_what_is_no_name_is_refused(name: str) -> None:
    """Anything but an IANA name is refused in one short line, whatever lies on the disk under it."""
    with pytest.raises(ScheduleError) as refusal:
        find_zone(name)
    assert refusal.value.field == "schedule.timezone"
    assert len(str(refusal.value)) < 250
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
        ("US/Pacfic", "US/Pacific"),
        ("Europe/London/", "Europe/London"),
    ],
)
def test_a_near_miss_is_told_what_was_meant(name: str, meant: str) -> None:
    """The refusal suggests the zone whose name is spelt most like it."""
    with pytest.raises(ScheduleError, match=f"did you mean {meant}"):
        find_zone(name)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),
        (":/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_tz_comes_first(tmp_path: Path, setting: str, name: str) -> None:
    """The variable TZ, in each form tzset(3) gives it, is the machine's zone whatever its files say."""
    etc = _etc(tmp_path)
    (etc / "timezone").write_text("Europe/Berlin\n")
    assert machine_zone({"TZ": setting}, etc).key == name


@pytest.mark.parametrize("setting", ["CET-1CEST", "Nowhere", "/nowhere/at/all"])
def test_a_tz_that_is_no_zone_is_refused(tmp_path: Path, setting: str) -> None:
    """No other zone is taken in place of a TZ that cannot be read."""
    with pytest.raises(ScheduleError, match="the variable TZ is"):
        machine_zone({"TZ": setting}, _etc(tmp_path))


def test_a_link_gives_the_name(tmp_path: Path) -> None:
    """A link into a zone database names the zone, through a second link as well."""
    etc, file = _etc(tmp_path), _zone_file(tmp_path, "Asia/Tokyo")
    (etc / "static").symlink_to(file)
    (etc / "localtime").symlink_to("static")
    (etc / "timezone").write_text("Europe/Berlin\n")
    assert machine_zone({}, etc).key == "Asia/Tokyo"


def test_a_copy_is_named_by_the_timezone_file(tmp_path: Path) -> None:
    """Where localtime is a copy, the name is in etc/timezone."""
    etc = _etc(tmp_path)
    shutil.copyfile(_zone_file(tmp_path, "Europe/Berlin"), etc / "localtime")
    (etc / "timezone").write_text("Europe/Berlin\n")
    assert machine_zone({}, etc).key == "Europe/Berlin"


def test_the_clock_on_the_wall_is_right(tmp_path: Path) -> None:
    """Where localtime is a copy of another zone than the one named, as in a container with its host's, it counts."""
    etc = _etc(tmp_path)
    shutil.copyfile(_zone_file(tmp_path, "Europe/Berlin"), etc / "localtime")
    (etc / "timezone").write_text("Etc/UTC\n")
    zone = machine_zone({}, etc)
    assert _SUMMER.astimezone(zone).utcoffset() == timedelta(hours=2)
    assert _WINTER.astimezone(zone).utcoffset() == timedelta(hours=1)


def test_a_link_that_is_turned_counts_at_once(tmp_path: Path) -> None:
    """The zone is another one the next time it is asked for, and the first again when the link is turned back."""
    etc = _etc(tmp_path)
    zones = [(_zone_file(tmp_path, name), name) for name in ("Asia/Tokyo", "Europe/Berlin")]
    for file, name in [*zones, zones[0]]:
        (etc / "localtime").unlink(missing_ok=True)
        (etc / "localtime").symlink_to(file)
        assert machine_zone({}, etc).key == name


def test_a_copy_that_is_replaced_counts_at_once(tmp_path: Path) -> None:
    """The clocks are those of the new copy; while it stays the same, so does the zone."""
    etc = _etc(tmp_path)
    for name, hours in (("Europe/Berlin", 1), ("Asia/Kolkata", 5.5), ("Asia/Tokyo", 9)):
        shutil.copyfile(_zone_file(tmp_path, name), etc / "localtime")
        assert _WINTER.astimezone(machine_zone({}, etc)).utcoffset() == timedelta(hours=hours)
        assert machine_zone({}, etc) is machine_zone({}, etc)


def test_a_name_that_is_replaced_counts_at_once(tmp_path: Path) -> None:
    """Where there is only etc/timezone, the name in it is read each time."""
    etc = _etc(tmp_path)
    for name in ("Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo"):
        (etc / "timezone").write_text(f"{name}\n")
        assert machine_zone({}, etc).key == name


def test_a_copy_without_a_name_still_changes_its_clocks(tmp_path: Path) -> None:
    """A nameless copy is read as it is, with summer and winter time."""
    etc = _etc(tmp_path)
    shutil.copyfile(_zone_file(tmp_path, "Europe/Berlin"), etc / "localtime")
    zone = machine_zone({}, etc)
    assert _SUMMER.astimezone(zone).utcoffset() == timedelta(hours=2)
    assert _WINTER.astimezone(zone).utcoffset() == timedelta(hours=1)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("end", [0, 3, 10, 60, -3, -1])
def test_half_a_zone_file_is_none(tmp_path: Path, end: int) -> None:
    """A localtime that was cut off is passed over, wherever the cut is."""
    etc = _etc(tmp_path)
    whole = _zone_file(tmp_path, "Europe/Berlin").read_bytes()
    (etc / "localtime").write_bytes(whole[:end])
    assert machine_zone({}, etc).key == "UTC"


@pytest.mark.parametrize("content", [b"", b"Mars/Olympus\n", b"\xff\xfe"])
def test_the_last_resort_is_utc(tmp_path: Path, content: bytes) -> None:
    """A machine that says nothing that can be read of its zone is in UTC."""
    etc = _etc(tmp_path)
    (etc / "timezone").write_bytes(content)
    assert machine_zone({}, etc).key == "UTC"


def test_none_is_the_machine_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name means the machine's zone, looked up each time it is asked for."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert find_zone(None).key == "Asia/Tokyo"
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert find_zone(None).key == "Europe/Berlin"


def _refused_as_damaged() -> bool:
    """Whether the zone of the database is refused; any other failure than the right one is passed on."""
    try:
        find_zone("Europe/Vaduz")
    except ScheduleError as refusal:
        assert refusal.field == "schedule.timezone"
        assert "'Europe/Vaduz' cannot be read" in str(refusal)
        return True
    return False


@pytest.mark.timeout(60)
def test_a_zone_cut_off_anywhere_is_refused(database: Path) -> None:
    """Wherever the cut is, the refusal names the zone; no cut makes ZoneInfo read for ever."""
    whole = database.read_bytes()
    # Shorter than its first four bytes, it is not even listed as a zone.
    for end in range(4, len(whole)):
        database.write_bytes(whole[:end])
        assert _refused_as_damaged(), f"cut off at {end}"
    database.write_bytes(whole)
    assert not _refused_as_damaged()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "data",
    [b"TZif", b"TZif2" + b"\xff" * 100, b"TZif2" + b"\x7f" * 100, b"TZif2" + bytes(100), b"TZif3" + b"\n" * 200],
)
def test_a_zone_of_other_data_is_refused(database: Path, data: bytes) -> None:
    """Data that only begins as a zone's does is none."""
    database.write_bytes(data)
    assert _refused_as_damaged()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["Europe/Vaduz", "Europe/Lisbon", "America/St_Johns"])
def test_a_zone_with_a_changed_byte_is_refused_or_can_be_used(name: str) -> None:
    """What is taken gives a time of day for every month there is to plan, and nothing crashes the process."""
    whole = files("tzdata").joinpath("zoneinfo", name).read_bytes()
    chance = random.Random(1)
    refused = 0
    for place in range(4, len(whole)):
        try:
            taken = read_zone(whole[:place] + chance.randbytes(1) + whole[place + 1 :], name)
        except ZoneDamaged:
            refused += 1
        else:
            assert all(datetime(2027, month, 15, tzinfo=UTC).astimezone(taken).tzname() for month in range(1, 13))
    assert 0 < refused < len(whole) - 4


def _zone_data(types: list[tuple[int, int]], indices: list[int]) -> bytes:
    """A zone's data: types as (offset, summer), changes a year apart."""
    header = b"TZif2" + bytes(15)
    first = struct.pack(">6l", 0, 0, 0, 0, 0, 0)
    second = struct.pack(">6l", 0, 0, 0, len(indices), len(types), 4)
    times = b"".join(struct.pack(">q", 31_536_000 * number) for number in range(len(indices)))
    kinds = b"".join(struct.pack(">lBB", offset, summer, 0) for offset, summer in types)
    return header + first + header + second + times + bytes(indices) + kinds + b"ABC\0\nABC0\n"


@pytest.mark.parametrize(
    ("types", "indices"),
    [
        ([(0, 0)], [0, 1]),
        ([(0, 0), (3600, 0)], [0, 255, 1]),
        ([(0, 0), (3600, 255)], [0, 1, 0]),
        ([(3600, 0), (3600, 1), (0, 0)], [2, 0, 1]),
        ([], []),
    ],
    ids=["type beyond", "type far beyond", "no boolean", "summer time without an end", "no types"],
)
def test_data_that_leads_beyond_itself_is_refused(types: list[tuple[int, int]], indices: list[int]) -> None:
    """What would crash ZoneInfo is seen before it is given to it."""
    assert read_zone(_zone_data([(0, 0), (3600, 1)], [0, 1, 0]), "sound").key == "sound"
    with pytest.raises(ZoneDamaged):
        read_zone(_zone_data(types, indices), "x")


def test_every_zone_there_is_can_be_read() -> None:
    """None of the world's zones is taken for damaged, in the compact form or in the long one."""
    compact = files("tzdata").joinpath("zones").read_text().split()
    for name in sorted(zoneinfo.available_timezones() - {"Factory", "localtime", "posixrules"}):
        assert find_zone(name).key == name
        if name in compact:
            assert read_zone(files("tzdata").joinpath("zoneinfo", name).read_bytes(), name).key == name
