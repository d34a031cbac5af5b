"""Whose a home is: everything in it is one user's alone, or no daemon works there.

Whoever can write in it decides what the agents do, and with which secrets. Standard library only.
"""

import os
import shlex
import stat
from pathlib import Path

from scheduler_daemon.home import Home

_LINKS = 40
"""As many symbolic links as Linux follows."""
_OURS = {"daemon.lock", "state.db", "jobs.json", "tasks.json", "profiles.json", "settings.json", "runs.json"}
"""What tells a home from a folder that is in use for other things."""


class NotOurs(Exception):
    """Somebody else could read or write in the home; the message says what is wrong and what to do."""


def take(home: Home) -> None:
    """Make the home's folders where they are missing, and close them to others.

    A symbolic link to a folder elsewhere is fine, as long as link and folder are this user's.

    Raises:
        NotOurs: when it, or something in it, is somebody else's; or when it is in use for other things.
        OSError: when the system refuses.
    """
    path = home.path
    if not os.path.lexists(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _follow(path)
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotOurs(f"{path} is no folder; move it away, or choose another with --home")
    if found.st_uid != os.geteuid():
        raise NotOurs(
            f"{path} belongs to user {found.st_uid} and not to you; start the daemon as that user, "
            "or choose another folder with --home"
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        _close_to_others(home, stat.S_IMODE(found.st_mode))
    for entry in os.scandir(path):
        _check_owner(Path(entry.path), path)
    for folder in (home.logs, home.workspace_locks):
        folder.mkdir(mode=0o700, exist_ok=True)


def open_lock(home: Home) -> int:
    """The home's lock file, open for reading and writing, and made if it is missing.

    Raises:
        NotOurs: when something else is in its place.
        OSError: when the system refuses.
    """
    if home.lock.is_symlink():
        raise NotOurs(f"{home.lock} is in the way: it is a symbolic link; remove it and start again")
    # A named pipe must not stop the daemon.
    lock = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    if not stat.S_ISREG(os.fstat(lock).st_mode):
        os.close(lock)
        raise NotOurs(f"{home.lock} is in the way: it is not a regular file; remove it and start again")
    return lock


def _follow(path: Path) -> None:
    """See that nobody else can turn a link on the way from the home's name to its folder."""
    for _ in range(_LINKS):
        found = path.lstat()
        if not stat.S_ISLNK(found.st_mode):
            return
        if found.st_uid not in (os.geteuid(), 0):
            raise NotOurs(
                f"{path} is a symbolic link of user {found.st_uid}, who could turn it elsewhere; "
                "name the folder itself with --home, or make the link yourself"
            )
        target = path.parent / path.readlink()
        if not os.path.lexists(target):
            raise NotOurs(f"{path} is a symbolic link to {target}, which is not there; make it, or remove the link")
        path = target


def _close_to_others(home: Home, mode: int) -> None:
    path = home.path
    if mode & stat.S_ISVTX:
        raise NotOurs(f"{path} is a folder for everybody; choose one of its own with --home")
    names = {entry.name for entry in os.scandir(path)} if mode & stat.S_IRUSR else set()
    if mode & 0o077 and names and names.isdisjoint(_OURS):
        raise NotOurs(
            f"{path} holds other things and is open to others; choose a folder of its own with --home, "
            f"or, if this one is meant, run: chmod 700 {shlex.quote(str(path))}"
        )
    path.chmod(0o700)
    if path.stat().st_mode & 0o077:
        raise NotOurs(f"others may look into {path}, and its file system keeps no modes; choose another with --home")


def _check_owner(entry: Path, home: Path) -> None:
    """Pass if what is there, and what it points to if it is a link, is this user's or root's."""
    for status in (entry.lstat, entry.stat):
        try:
            owner = status().st_uid
        except FileNotFoundError:  # a daemon that ends removes its files; a link may lead nowhere
            return
        if owner not in (os.geteuid(), 0):
            raise NotOurs(f"{entry} belongs to user {owner} and not to you; look at it, then move it out of {home}")
