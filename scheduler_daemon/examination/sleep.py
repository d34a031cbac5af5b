"""Will the machine stay awake? What it misses asleep is made up for when it wakes, if that is not too late."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.examination.finding import Check, Finding, ok, warning

GROUP = "machine"
_LIMIT = 3.0
"""Seconds that a program may take to say how it is set."""
_TARGETS = ("sleep.target", "suspend.target", "hibernate.target", "hybrid-sleep.target")
_ASLEEP = frozenset({"suspend", "hibernate", "hybrid-sleep", "suspend-then-hibernate", "sleep"})
_GNOME = "org.gnome.settings-daemon.plugins.power"


@dataclass(frozen=True)
class Cause:
    """Something that may send the machine to sleep, and what keeps it from doing so."""

    why: str
    fix: str | None


def of_sleep() -> Check:
    """The check of what may send the machine to sleep."""
    return Check(GROUP, "sleep", lambda: _findings(_of_darwin() if sys.platform == "darwin" else _of_linux()))


def _findings(causes: list[Cause]) -> list[Finding]:
    detail = "What comes due while it sleeps is made up for when it wakes."
    return [warning(cause.why, cause.fix, detail) for cause in causes] or [ok("nothing known sends it to sleep")]


# Linux


def _of_linux() -> list[Cause]:
    if not _can_sleep() or _masked(_said("systemctl", "is-enabled", *_TARGETS)):
        return []
    logind = _pairs(_said("loginctl", "show-session", "-p", "IdleAction", "-p", "HandleLidSwitch"))
    has_lid = Path("/proc/acpi/button/lid").exists()
    causes = [*by_logind(logind, has_lid)]
    if "DBUS_SESSION_BUS_ADDRESS" in os.environ and shutil.which("gsettings"):
        causes += by_gnome(_said("gsettings", "get", _GNOME, "sleep-inactive-ac-type"))
    return causes + on_battery(_power_supplies(Path("/sys/class/power_supply")))


def _can_sleep() -> bool:
    try:
        return bool(Path("/sys/power/state").read_text().strip())
    except OSError:
        return False  # as in a container


def _masked(said: str) -> bool:
    return said.split() == ["masked"] * len(_TARGETS)


def by_logind(settings: Mapping[str, str], has_lid: bool) -> list[Cause]:
    """What logind does when nobody is there, and when the lid is closed (logind.conf(5))."""
    causes = []
    if settings.get("IdleAction") in _ASLEEP:
        fix = f"sudo systemctl mask {' '.join(_TARGETS)}"
        causes.append(Cause(f"it sleeps when nobody uses it (logind's IdleAction={settings['IdleAction']})", fix))
    if has_lid and settings.get("HandleLidSwitch") in _ASLEEP:
        hold = "systemd-inhibit --what=handle-lid-switch:sleep --why=ccsched sleep 12h"
        causes.append(Cause("it sleeps when its lid is closed", hold))
    return causes


def by_gnome(said: str) -> list[Cause]:
    """What GNOME does when nobody is there, on mains."""
    if said.strip("'\n ") not in _ASLEEP:
        return []
    return [
        Cause("GNOME lets it sleep when nobody uses it", f"gsettings set {_GNOME} sleep-inactive-ac-type nothing")
    ]


def _power_supplies(folder: Path) -> list[tuple[str, str]]:
    """Type and status of each battery and mains adapter; see the kernel's sysfs-class-power."""

    def word(path: Path) -> str:
        try:
            return path.read_text().strip()
        except OSError:
            return ""

    # Those of a mouse or a keyboard are of scope Device.
    return [
        (word(supply / "type"), word(supply / "status"))
        for supply in (folder.glob("*") if folder.is_dir() else ())
        if word(supply / "scope") != "Device"
    ]


def on_battery(supplies: list[tuple[str, str]]) -> list[Cause]:
    """Whether it runs down."""
    draining = ("Battery", "Discharging") in supplies
    return [Cause("it runs on its battery; plug it in for the night", None)] if draining else []


# macOS


def _of_darwin() -> list[Cause]:
    return by_pmset(_said("pmset", "-g"), _said("pmset", "-g", "batt"))


def by_pmset(settings: str, battery: str) -> list[Cause]:
    """What ``pmset -g`` and ``pmset -g batt`` tell (pmset(1)): `` sleep  1 (sleep prevented by caffeinate)``."""
    causes = []
    found = re.search(r"^\s*sleep\s+(\d+)(.*)$", settings, re.MULTILINE)
    if found and found[1] != "0" and "prevented" not in found[2]:
        minutes = "minute" if found[1] == "1" else "minutes"
        causes.append(Cause(f"it sleeps after {found[1]} {minutes} without use", "sudo pmset -c sleep 0"))
    if "'Battery Power'" in battery:
        causes.append(
            Cause(
                "it runs on its battery, and sleeps when its lid is closed; plug it in, and leave it open",
                "caffeinate -i -t 43200",
            )
        )
    return causes


def _pairs(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in text.splitlines())}


def _said(*command: str) -> str:
    """What a program says, or nothing if it is not there or does not say it in time."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")
