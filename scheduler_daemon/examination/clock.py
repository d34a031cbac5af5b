"""Is the clock right, and is it known in which zone?"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scheduler_daemon.examination.finding import Check, Finding, failed, ok, skipped, warning
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.zone import machine_zone

GROUP = "machine"
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""
_TIMEX = 512
"""Bytes; more than the struct has on any system."""
_SYSTEMD = Path("/run/systemd/system")
"""It is there where systemd is this machine's init: sd_booted(3)."""


def of_clock() -> list[Check]:
    """The checks of the clock and its zone."""
    return [Check(GROUP, "clock", lambda: [_clock()]), Check(GROUP, "time zone", lambda: [zone(os.environ)])]


def _clock() -> Finding:
    if sys.platform != "linux":
        return skipped("whether the clock is in step with a server is not known here")
    if _in_step():
        return ok("it is in step with a time server")
    told = "it is not known to be in step with a time server, so due times may be off"
    if not _SYSTEMD.is_dir():
        return warning(told, detail="In a container the clock is that of the machine around it.")
    return warning(told, "sudo timedatectl set-ntp true")


def _in_step() -> bool:
    try:
        asked = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        said = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        # Without systemd the kernel knows as well; a struct of zeros changes nothing.
        return bool(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX)) != _TIME_ERROR)
    return said.strip() == b"yes"


def zone(environment: Mapping[str, str]) -> Finding:
    """Whether the zone of a process with such an environment is known, and that of the machine."""
    others = {name: value for name, value in environment.items() if name != "TZ"}
    try:
        own = machine_zone(environment)
    except ScheduleError as error:
        return failed(str(error))
    try:
        machines = machine_zone(others)
    except ScheduleError as error:
        return warning(str(error), "sudo timedatectl set-timezone Europe/Berlin")
    if "TZ" in environment and own.key != machines.key:
        return warning(
            f"the daemon's zone is {own.key}, for TZ says so; the machine's is {machines.key}",
            detail="Take TZ out of the environment that the daemon is started with, or give each schedule its zone.",
        )
    return ok(own.key or "one without a name, as /etc/localtime has it")
