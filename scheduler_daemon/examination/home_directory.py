"""Is the daemon's home its own, closed to others, and on a disk that keeps what is written there?"""

import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from scheduler_daemon.examination.finding import Check, Finding, failed, ok, skipped, warning
from scheduler_daemon.home import Home
from scheduler_daemon.watch.file_system import silent_file_system

GROUP = "home"
_SHOWN = 3


def of_home(home: Home) -> list[Check]:
    """The checks of a home directory."""
    return [
        Check(GROUP, "directory", lambda: _directory(home.path)),
        Check(GROUP, "file system", lambda: _file_system(home.path)),
        Check(GROUP, "edited files", lambda: _rejected(home.path)),
    ]


def _directory(path: Path) -> list[Finding]:
    quoted = shlex.quote(str(path))
    try:
        info = path.lstat()
    except FileNotFoundError:
        return [skipped(f"{path} is not there yet; the daemon makes it at its first start")]
    if stat.S_ISLNK(info.st_mode):
        if info.st_uid not in (os.getuid(), 0):
            told = f"{path} is a symbolic link of user {info.st_uid}, who could let it lead elsewhere"
            return [failed(told, f"export CCSCHED_HOME={shlex.quote(os.path.realpath(path))}")]
        info = path.stat()
    if not stat.S_ISDIR(info.st_mode):
        return [failed(f"{path} is no directory", f"mv {quoted} {quoted}.aside")]
    if info.st_uid != os.getuid():
        return [
            failed(
                f"{path} belongs to user {info.st_uid}, and the daemon is user {os.getuid()}",
                f"sudo chown -R {os.getuid()} {quoted}",
            )
        ]
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return [failed(f"{path} cannot be written", f"chmod u+rwx {quoted}", _mount_options(path))]
    if info.st_mode & 0o077:
        return [failed(f"others may look into {path} (mode {info.st_mode & 0o777:o})", f"chmod -R go= {quoted}")]
    if open_to_others := _open_to_others(path):
        shown = ", ".join(open_to_others[:_SHOWN]) + (", …" if len(open_to_others) > _SHOWN else "")
        told = f"others could read {shown} but for the folder that they are in"
        return [warning(told, f"chmod -R go= {quoted}")]
    return [ok(f"{path}, for you alone")]


def _open_to_others(path: Path) -> list[str]:
    """What in a directory others could get at if they could enter it."""
    with os.scandir(path) as entries:
        modes = {entry.name: entry.stat(follow_symlinks=False).st_mode for entry in entries}
    return [name for name, mode in modes.items() if not stat.S_ISLNK(mode) and mode & 0o077]


def _mount_options(path: Path) -> str:
    read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    return "its file system is mounted read-only" if read_only else ""


def _file_system(path: Path) -> list[Finding]:
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    kind = silent_file_system(os.path.realpath(there))
    if kind is None:
        return [ok("local")]
    return [
        warning(
            f"{path} is on {kind}, where locks may not hold and the record may be damaged",
            "export CCSCHED_HOME=/a/directory/on/a/local/disk",
        )
    ]


def _rejected(path: Path) -> Sequence[Finding]:
    return [*_left(path)] or [ok("no edit of a JSON file was rejected")]


def _left(path: Path) -> Iterator[Finding]:
    for left in sorted(path.glob("*.rejected")):
        edited, taken = shlex.quote(str(left)), shlex.quote(str(left.with_suffix("")))
        yield warning(
            f"an edit of {left.stem} was rejected, and is kept as {left.name}",
            f"diff {taken} {edited}",
            f"The daemon's log says why. When it is no longer needed: rm {edited}",
        )
