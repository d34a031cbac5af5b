"""A control group that the machines of one run of the tests live in."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

MOUNTS = [
    mount for mount in map(Path, ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")) if (mount / "cgroup.procs").exists()
] + [mount for mount in (Path("/sys/fs/cgroup/systemd"),) if mount.exists()]
"""Where the hierarchies are that systemd keeps its services in: one, or two on a hybrid system."""

PATIENCE = 10.0
"""Seconds that processes which were killed may take to be gone."""


@contextlib.contextmanager
def removed_afterwards() -> Iterator[str]:
    """The name of a new group; nothing of it is left in the end."""
    name = f"ccsched-boot-{os.getpid()}"
    try:
        yield name
    finally:
        deadline = time.monotonic() + PATIENCE
        # Whatever lived in it ends with its namespace, but not in the same instant.
        while not all(_removed(mount / name) for mount in MOUNTS) and time.monotonic() < deadline:
            time.sleep(0.05)


def _removed(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def command_in(name: str) -> list[str]:
    """The beginning of a command line that runs the rest of it in a group of that name."""
    folders = [mount / name for mount in MOUNTS]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    enter = "; ".join(f"echo $$ > '{folder}/cgroup.procs'" for folder in folders)
    return ["sh", "-c", f'{enter}; exec "$@"', "sh"]
