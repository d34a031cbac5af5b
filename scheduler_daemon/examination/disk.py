"""Is there room on the disks?"""

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from scheduler_daemon.examination.finding import Check, Finding, failed, ok, warning

GROUP = "machine"
TOO_LITTLE = 100_000_000
"""Bytes; with less, a run's log or commit may not be written."""
LITTLE = 1_000_000_000
"""Bytes."""
LITTLE_SHARE = 0.05
"""Of all that a disk, or its table of files, holds."""
TOO_FEW_FILES = 1000

Place = tuple[str, Path]
"""What a folder is called, and where it is."""


def of_disks(places: Callable[[], Sequence[Place]]) -> Check:
    """The check of the disks that some places are on; those that are not there are on the disk of what is above."""
    return Check(GROUP, "disk space", lambda: _disks(places()))


def _disks(places: Sequence[Place]) -> list[Finding]:
    by_device: dict[int, list[Place]] = {}
    for name, path in places:
        there = next(folder for folder in (path, *path.parents) if folder.exists())
        by_device.setdefault(there.stat().st_dev, []).append((name, there))
    return [finding for on_it in by_device.values() for finding in room(on_it, os.statvfs(on_it[0][1]))]


def room(places: Sequence[Place], disk: os.statvfs_result) -> list[Finding]:
    """What is to be said of the disk that places are on."""
    names = ", ".join(dict.fromkeys(name for name, _ in places))
    largest = f"du -xh --max-depth=2 {shlex.quote(str(places[0][1]))} | sort -h | tail"
    free, whole = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    told = f"{_size(free)} free for {names}"
    share = free / whole if whole else 1.0
    if free < TOO_LITTLE:
        findings = [failed(f"only {told}", largest)]
    elif free < LITTLE or share < LITTLE_SHARE:
        findings = [warning(f"only {told} ({share:.0%})", largest)]
    else:
        findings = [ok(told)]
    # File systems that make room for files as they come (btrfs, zfs) tell of none.
    if disk.f_files and disk.f_favail < TOO_FEW_FILES:
        findings.append(failed(f"only {disk.f_favail} more files can be made for {names}", largest, check="inodes"))
    elif disk.f_files and disk.f_favail / disk.f_files < LITTLE_SHARE:
        left = f"{disk.f_favail / disk.f_files:.0%}"
        findings.append(
            warning(f"{left} of the files that the disk of {names} can hold are left", largest, check="inodes")
        )
    return findings


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
