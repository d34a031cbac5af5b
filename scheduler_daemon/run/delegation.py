"""Cgroups of runs: systemd gives a service its own cgroup to divide, where its unit says ``Delegate=``."""

import os
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

from scheduler_daemon.run.supervisor.cgroup import NAME, Cgroup

DELEGATED = "CCSCHED_DELEGATED"
"""Set by our own unit files, which say ``Delegate=``: a cgroup that can be written is not always ours to divide."""


class Delegation:
    """The daemon's own cgroup, where the runs' are made; or none."""

    def __init__(self, cgroup: Path | None) -> None:
        self._cgroup = cgroup

    @classmethod
    def found(cls) -> "Delegation":
        """What this process has been given."""
        return cls(own_cgroup() if os.environ.get(DELEGATED) == "1" else None)

    def path(self, run_id: UUID) -> Path | None:
        """Where a run's cgroup is, or would be."""
        return None if self._cgroup is None else self._cgroup / (NAME.decode() + str(run_id))

    def sweep(self, kept: Collection[UUID]) -> None:
        """Remove the cgroups of all other runs that have nothing in them."""
        if self._cgroup is None:
            return
        names = {NAME.decode() + str(run_id) for run_id in kept}
        for found in self._cgroup.glob(NAME.decode() + "*"):
            if found.name not in names:
                Cgroup(os.fsencode(found)).remove()


def own_cgroup(proc: Path = Path("/proc/self")) -> Path | None:
    """The folder of this process's cgroup of version 2, if it is ours; None otherwise."""
    try:
        lines = (proc / "cgroup").read_text().splitlines()
        own = next((line.removeprefix("0::") for line in lines if line.startswith("0::/")), None)
        mounts = [line.split(" ") for line in (proc / "mountinfo").read_text().splitlines()]
    except OSError:
        return None
    for fields in mounts:
        # proc(5): root of the mount, its mount point, and, behind a lone "-", the type of the file system.
        root, point = fields[3], fields[4]
        if own and fields[fields.index("-") + 1] == "cgroup2" and (own + "/").startswith(root.rstrip("/") + "/"):
            folder = Path(point + own.removeprefix(root.rstrip("/")))
            if os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK):
                return folder
    return None
