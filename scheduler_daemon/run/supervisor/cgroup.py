"""A cgroup for one run, where there may be one: nothing gets out of it, and all that is in it is killed at once."""

import os

NAME = b"run-"
"""What its folder's name begins with; the rest is the run's id."""
_BLOCK = 64 * 1024


class Cgroup:
    """The cgroup at a path of cgroups(7), version 2; with no path, or none that can be made, nothing happens."""

    def __init__(self, path: bytes | None) -> None:
        self._path = path

    def make(self) -> None:
        """Make it, unless it is there; a run goes without one where that cannot be."""
        try:
            if self._path is not None:
                os.mkdir(self._path)  # noqa: PTH102 - pathlib takes long to import
        except FileExistsError:
            pass
        except OSError:
            self._path = None

    def join(self) -> None:
        """Become a member, with all that is started from now on."""
        self._write("cgroup.procs", b"0")

    def members(self) -> list[int]:
        """The pids of its processes, and of those in cgroups below it that they have made themselves."""
        return [pid for path in self._tree() for pid in _members(path)]

    def kill(self) -> None:
        """End every process in it, also one of another user, also one that is being made just now."""
        self._write("cgroup.kill", b"1")

    def remove(self) -> None:
        """Remove it, with those below it. One that has processes stays."""
        for path in reversed(self._tree()):
            _remove(path)

    def _tree(self) -> list[bytes]:
        """It and all below it, each after the one that it is in."""
        found = [] if self._path is None else [self._path]
        for path in found:  # which grows meanwhile: they may be deeper than functions can call themselves
            found += _below(path)
        return found

    def _write(self, name: str, content: bytes) -> None:
        if self._path is None:
            return
        try:
            fd = os.open(os.path.join(self._path, name.encode()), os.O_WRONLY)  # noqa: PTH118
        except OSError:
            return  # it was removed, or the kernel has no such file; there are other ways to do the same
        try:
            os.write(fd, content)
        except OSError:
            return
        finally:
            os.close(fd)


def _members(path: bytes) -> list[int]:
    try:
        fd = os.open(os.path.join(path, b"cgroup.procs"), os.O_RDONLY)  # noqa: PTH118
    except OSError:
        return []
    try:
        text = b""
        while block := os.read(fd, _BLOCK):
            text += block
    except OSError:
        return []
    finally:
        os.close(fd)
    return [int(pid) for pid in text.split()]


def _remove(path: bytes) -> None:
    try:
        os.rmdir(path)  # noqa: PTH106
    except OSError:
        return


def _below(path: bytes) -> list[bytes]:
    try:
        with os.scandir(path) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
