"""Who works in a directory holds its lock, even after the daemon was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler_daemon.workspace.lock import WorkspaceBusy, hold, known


def test_a_held_lock_is_waited_for_and_named(tmp_path: Path) -> None:
    """After the time limit the message names the directory."""
    with hold(tmp_path, "/project"), pytest.raises(WorkspaceBusy, match="/project"), hold(tmp_path, "/project", 0.05):
        pass


def test_locks_of_two_directories_do_not_meet(tmp_path: Path) -> None:
    """Each directory has a lock of its own, and a lock is free again afterwards."""
    with hold(tmp_path, "/a", 0.05), hold(tmp_path, "/b", 0.05):
        pass
    with hold(tmp_path, "/a", 0.05):
        pass


def test_a_process_left_behind_by_a_hook_does_not_hold_it(tmp_path: Path) -> None:
    """The lock is given back when the work is done, whoever still has its descriptor."""
    with hold(tmp_path, "/a") as descriptor:
        left = subprocess.Popen(["sleep", "60"], pass_fds=(descriptor,))
    try:
        with hold(tmp_path, "/a", 0.05):
            pass
    finally:
        left.kill()
        left.wait()


def test_an_orphan_holds_it_until_it_ends(tmp_path: Path) -> None:
    """When the holder is killed, the program it started keeps the lock to its end."""
    script = (
        "import subprocess, sys; from pathlib import Path; from scheduler_daemon.workspace.lock import hold\n"
        "with hold(Path(sys.argv[1]), '/a') as fd:\n"
        "    child = subprocess.Popen(['sleep', '60'], pass_fds=(fd,), stdout=subprocess.DEVNULL)\n"
        "    print(child.pid, flush=True); child.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        orphan = int(holder.stdout.readline())
        holder.kill()
    try:
        with pytest.raises(WorkspaceBusy), hold(tmp_path, "/a", 0.05):
            pass
    finally:
        os.kill(orphan, signal.SIGKILL)
    with hold(tmp_path, "/a", 5.0):
        pass


def test_a_lock_names_its_directory_for_good(tmp_path: Path) -> None:
    """However often it is taken, and whatever bytes are in the name."""
    odd = os.fsdecode(b"/caf\xe9")
    for key in ("/project", odd, "/project"):
        with hold(tmp_path, key):
            pass
    assert known(tmp_path) == sorted(["/project", odd])
