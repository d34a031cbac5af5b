"""Which file systems do not tell of all that changes."""

import pytest

from scheduler_daemon.watch.file_system import _mounts_of_darwin, _mounts_of_linux, silent_file_system, silent_kind

MOUNTINFO = """\
22 28 0:20 / /proc rw,nosuid shared:5 - proc proc rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
40 28 0:35 / /home/ada/nas rw shared:20 - nfs4 nas:/export rw,vers=4.2
41 28 0:36 / /mnt/with\\040blank\\134x rw - cifs //server/share rw
42 28 0:37 / /home/ada/sshfs rw master:2 propagate_from:1 - fuse.sshfs ada@host: rw,user_id=1000
43 28 8:1 / /media/stick rw - fuseblk /dev/sdb1 rw
44 28 0:38 / /mnt/c rw - 9p C: rw
45 28 0:39 / /srv rw - nfs nas:/srv rw
46 45 254:1 / /srv rw - xfs /dev/vdb rw
47 28 0:40 / /home/ada/nas/local rw - tmpfs tmpfs rw
"""

MOUNT = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect)
//ada@server._smb._tcp.local/share on /Volumes/share (smbfs, nodev, nosuid, mounted by ada)
nas:/export on /Volumes/a (b) on c (nfs, nodev, nosuid)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", None),
        ("/home/ada/project", None),
        ("/home/ada/nas", "nfs4"),
        ("/home/ada/nas/project/file", "nfs4"),
        ("/home/ada/nasal", None),
        ("/home/ada/nas/local/file", None),
        ("/mnt/with blank\\x/file", "cifs"),
        ("/home/ada/sshfs/file", "fuse.sshfs"),
        ("/media/stick/file", None),
        ("/mnt/c/Users", "9p"),
        ("/srv/file", None),
    ],
)
def test_the_mount_a_path_is_on_decides_on_linux(path: str, kind: str | None) -> None:
    """The nearest mount point above a path counts, and of several at one place the last."""
    assert silent_kind(path, _mounts_of_linux(MOUNTINFO)) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/Users/ada/project", None),
        ("/System/Volumes/Data/Users/ada", None),
        ("/Volumes/share/project", "smbfs"),
        ("/Volumes/a (b) on c/file", "nfs"),
    ],
)
def test_the_mount_a_path_is_on_decides_on_macos(path: str, kind: str | None) -> None:
    """The same from what ``mount`` prints there."""
    assert silent_kind(path, _mounts_of_darwin(MOUNT)) == kind


def test_this_machine_can_be_asked() -> None:
    """Devices are told of by the machine they belong to."""
    assert silent_file_system("/dev") is None
