"""Time zones by name, and the machine's own."""

import shutil
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler_daemon.schedule import ScheduleError, find_zone
from scheduler_daemon.schedule.zone import machine_zone

_SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
_WINTER = datetime(2026, 1, 1, tzinfo=UTC)


def _zone_file(tmp_path: Path, name: str) -> Path:
    """A zone's file in a small zone database of our own."""
    target = tmp_path / "share" / "zoneinfo" / name
    target.parent.mkdir(parents=True)
    target.write_bytes(files("tzdata").joinpath("zoneinfo", name).read_bytes())
    return target


def _etc(tmp_path: Path) -> Path:
    etc = tmp_path / "etc"
    etc.mkdir()
    return etc


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
