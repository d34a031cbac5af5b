"""What is made of what a machine says of itself."""

import os
from pathlib import Path

import pytest

from scheduler_daemon.examination import clock, sleep
from scheduler_daemon.examination.disk import room
from scheduler_daemon.examination.finding import Status
from scheduler_daemon.examination.home_directory import of_home
from scheduler_daemon.examination.watched import room as watch_room
from scheduler_daemon.home import Home

GB = 10**9


def disk(free: int, whole: int, files: int = 1000_000, files_free: int = 900_000) -> os.statvfs_result:
    """What statvfs says of a disk, in blocks of a byte."""
    return os.statvfs_result((1, 1, whole, free, free, files, files_free, files_free, 0, 255))


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (disk(50 * GB, 100 * GB), ["ok"]),
        (disk(4 * GB, 100 * GB), ["warning"]),
        (disk(GB // 2, 2 * GB), ["warning"]),
        (disk(GB // 20, 2 * GB), ["failed"]),
        (disk(50 * GB, 100 * GB, files_free=10), ["ok", "failed"]),
        (disk(50 * GB, 100 * GB, files_free=20_000), ["ok", "warning"]),
        (disk(50 * GB, 100 * GB, files=0, files_free=0), ["ok"]),
    ],
    ids=["room", "a small share", "little", "too little", "no files left", "few files", "files as they come"],
)
def test_room_on_a_disk(said: os.statvfs_result, status: list[str]) -> None:
    """Red below 100 MB, yellow below 1 GB or a twentieth; and likewise its files, where they are counted."""
    findings = room([("logs", Path("/srv/it's here"))], said)
    assert [finding.status for finding in findings] == status
    assert all((finding.fix is None) is (finding.status is Status.OK) for finding in findings)
    assert all("'/srv/it'\"'\"'s here'" in finding.fix for finding in findings if finding.fix)


def test_room_for_watches() -> None:
    """Each of the two limits is told of from four fifths on, with the command that raises it."""
    allowed = {"max_user_watches": 100, "max_user_instances": 10}
    (well,) = watch_room({"max_user_watches": 80, "max_user_instances": 8}, allowed)
    assert well.status is Status.OK
    (full,) = watch_room({"max_user_watches": 81, "max_user_instances": 8}, allowed)
    assert full.status is Status.WARNING
    assert full.fix == "sudo sysctl fs.inotify.max_user_watches=1048576"


@pytest.mark.parametrize(
    ("said", "status"), [("yes", "ok"), ("no", "warning"), (None, "ok or warning")], ids=["yes", "no", "no systemd"]
)
@pytest.mark.skipif(not Path("/proc").exists(), reason="Linux tells it so")
def test_the_clock_is_in_step(said: str | None, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As timedatectl says; without it the kernel is asked. In a container there is nothing to be typed."""
    program = tmp_path / "timedatectl"
    program.write_text("#!/bin/sh\n" + (f"echo {said}\n" if said else "exit 1\n"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(clock, "_SYSTEMD", tmp_path)
    (finding,) = clock.of_clock()[0].look()
    assert finding.status in status.split(" or ")
    assert (finding.fix is None) is (finding.status is Status.OK)
    monkeypatch.setattr(clock, "_SYSTEMD", tmp_path / "none")
    (finding,) = clock.of_clock()[0].look()
    assert finding.status in status.split(" or ")
    assert finding.fix is None


def test_the_zone_of_the_daemon_is_the_machines(tmp_path: Path) -> None:
    """TZ that says another is told of, and one that is none is red."""
    assert clock.zone({}).status is Status.OK
    other = clock.zone({"TZ": "Pacific/Kiritimati"})
    assert other.status is Status.WARNING
    assert "Pacific/Kiritimati" in other.summary
    assert clock.zone({"TZ": "Mars/Olympus"}).status is Status.FAILED


def test_what_may_send_a_machine_to_sleep() -> None:
    """Each cause comes with what keeps it from doing so, and what cannot happen here is none."""
    assert sleep.by_logind({"IdleAction": "ignore", "HandleLidSwitch": "suspend"}, has_lid=False) == []
    idle, lid = sleep.by_logind({"IdleAction": "suspend", "HandleLidSwitch": "suspend"}, has_lid=True)
    assert str(idle.fix).startswith("sudo systemctl mask sleep.target")
    assert str(lid.fix).startswith("systemd-inhibit --what=handle-lid-switch")
    assert sleep.by_gnome("'nothing'\n") == []
    assert "sleep-inactive-ac-type nothing" in str(sleep.by_gnome("'suspend'\n")[0].fix)
    assert sleep.on_battery([("Mains", ""), ("Battery", "Charging")]) == []
    assert sleep.on_battery([("Mains", ""), ("Battery", "Discharging")])


PMSET = """System-wide power settings:
Currently in use:
 standby              1
 Sleep On Power Button 1
 sleep                {sleep}
 displaysleep         10
"""


@pytest.mark.parametrize(
    ("setting", "battery", "fixes"),
    [
        ("0", "Now drawing from 'AC Power'", []),
        ("10", "Now drawing from 'AC Power'", ["sudo pmset -c sleep 0"]),
        ("1 (sleep prevented by caffeinate)", "Now drawing from 'AC Power'", []),
        ("0", "Now drawing from 'Battery Power'", ["caffeinate -i -t 43200"]),
    ],
)
def test_what_may_send_a_mac_to_sleep(setting: str, battery: str, fixes: list[str]) -> None:
    """As pmset says."""
    assert [cause.fix for cause in sleep.by_pmset(PMSET.format(sleep=setting), battery)] == fixes


def test_a_home_that_others_may_look_into_is_red(tmp_path: Path) -> None:
    """A file in it that they could read but for that is yellow, and so is an edit that was rejected."""
    home = Home(tmp_path / "my home")
    directory, _, edited = of_home(home)
    assert directory.look()[0].status is Status.SKIPPED
    home.path.mkdir(mode=0o700)
    assert directory.look()[0].status is Status.OK
    (home.path / "tasks.json").touch(mode=0o644)
    (finding,) = directory.look()
    assert (finding.status, finding.fix) == (Status.WARNING, f"chmod -R go= '{home.path}'")
    home.path.chmod(0o750)
    (finding,) = directory.look()
    assert (finding.status, finding.fix) == (Status.FAILED, f"chmod -R go= '{home.path}'")
    assert edited.look()[0].status is Status.OK
    (home.path / "tasks.json.rejected").touch(mode=0o600)
    (finding,) = edited.look()
    assert finding.status is Status.WARNING
    assert finding.fix == f"diff '{home.path}/tasks.json' '{home.path}/tasks.json.rejected'"
    home.path.chmod(0o700)
    link = Home(tmp_path / "link")
    link.path.symlink_to(home.path)
    (home.path / "tasks.json").chmod(0o600)
    assert of_home(link)[0].look()[0].status is Status.OK
