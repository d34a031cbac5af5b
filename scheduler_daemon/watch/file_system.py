"""On which kind of file system a path is, and whether the system hears of everything that changes there."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scheduler_daemon.watch.snapshot import below

_OTHERS_WRITE = frozenset(
    {
        "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fakeowner", "ftp", "fuse", "gfs2",
        "gpfs", "grpcfuse", "hgfs", "lustre", "macfuse", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "osxfuse",
        "prl_fs", "pvfs2", "smb", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav",
    }
)  # fmt: skip
"""Those that other machines write to, or a program of its own accord, which this system does not hear of."""

_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNT = re.compile(r"^.+? on (?P<place>/.*) \((?P<kind>[^,)]+)[^()]*\)$", re.MULTILINE)


def silent_file_system(path: str) -> str | None:
    """The kind of the file system a path is on, if it does not tell of all changes; ``path`` holds no links."""
    mounts = _mounts_of_linux(_mountinfo()) if sys.platform == "linux" else _mounts_of_darwin(_mount())
    return silent_kind(path, mounts)


def silent_kind(path: str, mounts: Iterator[tuple[str, str]]) -> str | None:
    """The same for a list of mount points and kinds, in the order they were mounted."""
    nearest, kind = "", ""
    for place, mounted in mounts:
        # A later mount at the same place hides the earlier one.
        if len(place) >= len(nearest) and below(path, place) is not None:
            nearest, kind = place, mounted
    return kind if kind.partition(".")[0] in _OTHERS_WRITE else None


def _mounts_of_linux(mountinfo: str) -> Iterator[tuple[str, str]]:
    """See proc_pid_mountinfo(5): the mount point is field 5, the kind comes after a lone hyphen."""
    for line in filter(None, mountinfo.split("\n")):
        fields, _, rest = line.partition(" - ")
        place = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields.split(" ")[4])
        yield place, rest.partition(" ")[0]


def _mounts_of_darwin(mount: str) -> Iterator[tuple[str, str]]:
    """See mount(8): ``//ada@server/share on /Volumes/share (smbfs, nodev, nosuid, mounted by ada)``."""
    for found in _MOUNT.finditer(mount):
        yield found["place"], found["kind"]


def _mountinfo() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return ""


def _mount() -> str:
    try:
        done = subprocess.run(["/sbin/mount"], stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="surrogateescape")
