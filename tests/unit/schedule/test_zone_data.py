"""What names the state of the zone data: the same as long as nothing changes, another as soon as something does."""

import os
import shutil
import subprocess
import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from scheduler_daemon.schedule import find_zone
from scheduler_daemon.schedule.zone import forget_zones
from scheduler_daemon.schedule.zone_data import zone_data

SUMMER = datetime(2031, 7, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "Africa/Lagos", "America/Argentina/Ushuaia", "Asia/Tokyo", "Etc/UTC")


def put(database: Path, zone: str, of: str | None = None) -> None:
    """Install a zone's file as a package manager does: whole, under another name first."""
    file = database / zone
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(files("tzdata").joinpath("zoneinfo", of or zone).read_bytes())
    new.replace(file)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The zone database of this process, on a machine in Tokyo."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    made = tmp_path / "release" / "zoneinfo"
    for zone in ZONES:
        put(made, zone)
    (made / "tzdata.zi").write_text("# version 2031a\n# This zic input file is in the public domain.\n")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([made])
    forget_zones()
    yield made
    zoneinfo.reset_tzpath(before)
    forget_zones()


def elsewhere(database: Path, **environment: str) -> str:
    """What another process says of the same database."""
    code = "from scheduler_daemon.schedule.zone_data import zone_data; print(zone_data())"
    environment = {**os.environ, "PYTHONTZPATH": str(database), **environment}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_it_stays_as_long_as_nothing_changes(database: Path) -> None:
    """It is the same text each time it is asked for, also after zones were read, and in a process that follows."""
    first = zone_data()
    find_zone("Europe/Berlin")
    forget_zones()
    assert zone_data() == first
    assert elsewhere(database) == first


def test_it_stays_where_the_same_files_are_copied_to(database: Path) -> None:
    """New inodes and new folder times, as a restart or a mount may bring them, do not count."""
    first = zone_data()
    copy = database.with_name("copy")
    shutil.copytree(database, copy)
    shutil.rmtree(database)
    copy.rename(database)
    assert zone_data() == first


def test_a_person_can_read_it(database: Path) -> None:
    """It says the machine's zone and the release of the zone data."""
    assert zone_data().startswith("Asia/Tokyo, zone data 2031a (")


def test_a_replaced_zone_changes_it_and_counts(database: Path) -> None:
    """Once it is asked for again, a zone that was in use goes by the clocks of its new file."""
    assert SUMMER.astimezone(find_zone("Europe/Berlin")).utcoffset() == timedelta(hours=2)
    before = zone_data()
    put(database, "Europe/Berlin", of="Africa/Lagos")
    assert zone_data() != before
    forget_zones()
    assert SUMMER.astimezone(find_zone("Europe/Berlin")).utcoffset() == timedelta(hours=1)


def test_a_replaced_zone_changes_it_however_deep_it_lies(database: Path) -> None:
    """Some are in a folder of a folder."""
    before = zone_data()
    put(database, "America/Argentina/Ushuaia", of="Etc/UTC")
    assert zone_data() != before


def test_what_comes_and_goes_changes_it(database: Path) -> None:
    """A zone more, or in a new folder, or one less: each is another state, and the first one comes back."""
    texts = [zone_data()]
    put(database, "Europe/Oslo")
    texts.append(zone_data())
    put(database, "Pacific/Auckland")
    texts.append(zone_data())
    put(database, "Pacific/Apia")
    texts.append(zone_data())
    assert len(set(texts)) == len(texts)
    shutil.rmtree(database / "Pacific")
    (database / "Europe/Oslo").unlink()
    assert zone_data() == texts[0]


def test_a_turned_link_changes_it(database: Path) -> None:
    """Where each release has a folder of its own and all files have one date, the link to the newest is turned."""
    other = database.parents[1] / "other" / "zoneinfo"
    shutil.copytree(database, other)
    link = database.parents[1] / "link"
    link.symlink_to(database.parent)
    zoneinfo.reset_tzpath([link / "zoneinfo"])
    before = zone_data()
    link.unlink()
    link.symlink_to(other.parent)
    assert zone_data() != before


def test_files_of_one_date_are_told_apart_by_their_release(database: Path) -> None:
    """An image-based system gives all its files the same date, and a changed zone may be as long as it was."""
    file = database / "tzdata.zi"
    was = file.stat()
    before = elsewhere(database)
    file.write_text(file.read_text().replace("2031a", "2031b"))
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    after = elsewhere(database)
    assert "2031a" in before
    assert "2031b" in after
    assert before.rpartition("(")[2] != after.rpartition("(")[2]


def test_a_file_that_is_written_over_is_seen_by_the_next_process(database: Path) -> None:
    """That leaves no trace in its folder, so a process that runs does not see it."""
    before = elsewhere(database)
    shutil.copyfile(database / "Africa/Lagos", database / "Europe/Berlin")
    assert elsewhere(database) != before


def test_the_python_package_counts(database: Path, tmp_path: Path) -> None:
    """What the system lacks is read from it; an update replaces it as a whole."""
    package = tmp_path / "packages" / "tzdata"
    put(package / "zoneinfo", "Asia/Tokyo")
    (package / "__init__.py").touch()
    before = elsewhere(database, PYTHONPATH=str(package.parent))
    put(package / "zoneinfo", "Asia/Tokyo", of="Asia/Manila")
    assert elsewhere(database, PYTHONPATH=str(package.parent)) != before


def test_the_machine_s_zone_counts(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop that travels comes into another state, and back into the first."""
    home = zone_data()
    monkeypatch.setenv("TZ", "Europe/Berlin")
    away = zone_data()
    assert away.startswith("Europe/Berlin, ")
    assert away.partition(",")[2] == home.partition(",")[2]
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert zone_data() == home


def test_a_nameless_copy_counts_by_what_it_holds(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A localtime that is a copy of another zone's file is another zone under the same path, whatever its date."""
    localtime = tmp_path / "localtime"
    monkeypatch.setenv("TZ", f":{localtime}")
    texts = []
    for zone in ("Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo"):
        shutil.copyfile(database / zone, localtime)
        os.utime(localtime, (0, 0))
        texts.append(zone_data())
    assert texts[0] == texts[2] != texts[1]
    assert texts[0].startswith(str(localtime))


def test_a_zone_that_cannot_be_read_is_said_to_be_so(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TZ that is no zone is a state like others, and so is a machine without any zone database."""
    monkeypatch.setenv("TZ", "Nowhere")
    assert zone_data().startswith("a zone that cannot be read, zone data 2031a (")
    zoneinfo.reset_tzpath([database / "missing"])
    assert zone_data() == zone_data()
