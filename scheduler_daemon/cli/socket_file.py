"""Whose is the daemon's socket, and who may use it?"""

import os
import shlex
import stat
from pathlib import Path

from scheduler_daemon.examination.finding import Finding, failed, ok, skipped
from scheduler_daemon.home import Home, NoSocketPath


def of_socket(home: Home, served: bool) -> list[Finding]:
    """What is to be said of the socket of a home; ``served`` is whether a daemon lives that listens there."""
    try:
        path = home.socket()
        info = path.lstat()
    except NoSocketPath as error:
        return [failed(str(error), "export CCSCHED_HOME=/a/shorter/path")]
    except (FileNotFoundError, NotADirectoryError):
        return [skipped("there is none, for there is no daemon")]
    quoted = shlex.quote(str(path))
    if stat.S_ISLNK(info.st_mode) or not stat.S_ISSOCK(info.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(info.st_mode) else "no socket"
        return [failed(f"{path} is {what}", f"rm {quoted}")]
    if info.st_uid != os.getuid():
        return [failed(f"{path} belongs to user {info.st_uid}", "ccsched daemon status")]
    if info.st_mode & 0o177:
        return [failed(f"{path} is open to others (mode {info.st_mode & 0o777:o})", f"chmod 600 {quoted}")]
    if path.parent != home.path and (bad := _of_folder(path.parent)):
        return [bad]
    return [ok(f"{path}, for you alone" if served else f"{path}, left by a daemon that is no more")]


def _of_folder(folder: Path) -> Finding | None:
    """What is wrong with the folder of a socket that is not in the home."""
    info, quoted = folder.lstat(), shlex.quote(str(folder))
    if stat.S_ISLNK(info.st_mode) or info.st_uid != os.getuid():
        what = "a symbolic link" if stat.S_ISLNK(info.st_mode) else f"user {info.st_uid}'s"
        return failed(f"the folder of the socket, {folder}, is {what}", "export CCSCHED_HOME=/a/shorter/path")
    if info.st_mode & 0o077:
        told = f"the folder of the socket, {folder}, is open to others (mode {info.st_mode & 0o777:o})"
        return failed(told, f"chmod 700 {quoted}")
    return None
