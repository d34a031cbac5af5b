"""What somebody else has put where the daemon keeps its things is neither followed nor used; the message says so."""

import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.security.conftest import STRANGER
from tests.support.house import PATIENCE, House, house
from tests.support.needed import need_root

Planted = Callable[[Path], None]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    """A house whose home is yet to be made."""
    with house(tmp_path) as made:
        (made.home.path / "settings.json").unlink()
        made.home.path.rmdir()
        yield made


def _theirs(path: Path) -> None:
    need_root("to give a file away")
    os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


def _their_link(home: Path) -> None:
    """To a folder that is ours, today."""
    (home.parent / "ours").mkdir(0o700)
    home.symlink_to("ours")
    _theirs(home)


def _our_link_to_their_folder(home: Path) -> None:
    (home.parent / "theirs").mkdir(0o700)
    _theirs(home.parent / "theirs")
    home.symlink_to("theirs")


def _link_that_leads_nowhere(home: Path) -> None:
    home.symlink_to("gone")


def _their_folder(home: Path) -> None:
    home.mkdir(0o777)
    _theirs(home)


def _pipe(home: Path) -> None:
    os.mkfifo(home)


def _folder_for_everybody(home: Path) -> None:
    home.mkdir()
    home.chmod(0o1777)


def _folder_with_other_things(home: Path) -> None:
    home.mkdir(0o755)
    (home / "thesis.tex").write_text("precious\n")


def _folder_that_once_was_open(home: Path) -> None:
    """In which somebody has left a job of theirs."""
    home.mkdir(0o700)
    (home / "jobs.json").write_text("[]")
    _theirs(home / "jobs.json")


def _their_record(home: Path) -> None:
    home.mkdir(0o700)
    (home / "state.db").touch()
    _theirs(home / "state.db")


def _logs_at_theirs(home: Path) -> None:
    home.mkdir(0o700)
    (home.parent / "theirs").mkdir()
    _theirs(home.parent / "theirs")
    (home / "logs").symlink_to(home.parent / "theirs")


def _lock_that_is_a_link(home: Path) -> None:
    home.mkdir(0o700)
    (home.parent / "precious").write_text("precious\n")
    (home / "daemon.lock").symlink_to(home.parent / "precious")


def _lock_that_is_a_pipe(home: Path) -> None:
    home.mkdir(0o700)
    os.mkfifo(home / "daemon.lock")


def _record_that_is_a_pipe(home: Path) -> None:
    home.mkdir(0o700)
    os.mkfifo(home / "state.db")


def _socket_that_is_a_link(home: Path) -> None:
    home.mkdir(0o700)
    (home / "daemon.sock").symlink_to(home.parent / "elsewhere")


def _socket_that_is_a_pipe(home: Path) -> None:
    home.mkdir(0o700)
    os.mkfifo(home / "daemon.sock")


def _their_socket(home: Path) -> None:
    home.mkdir(0o700)
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(home / "daemon.sock"))
    _theirs(home / "daemon.sock")


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (_their_link, f"is a symbolic link of user {STRANGER}"),
        (_our_link_to_their_folder, f"belongs to user {STRANGER} and not to you"),
        (_link_that_leads_nowhere, "which is not there; make it, or remove the link"),
        (_their_folder, f"belongs to user {STRANGER} and not to you"),
        (_pipe, "is no folder; move it away"),
        (_folder_for_everybody, "is a folder for everybody"),
        (_folder_with_other_things, "run: chmod 700"),
        (_folder_that_once_was_open, f"jobs.json belongs to user {STRANGER} and not to you"),
        (_their_record, f"state.db belongs to user {STRANGER} and not to you"),
        (_logs_at_theirs, f"logs belongs to user {STRANGER} and not to you"),
        (_lock_that_is_a_link, "daemon.lock is in the way: it is a symbolic link"),
        (_lock_that_is_a_pipe, "daemon.lock is in the way: it is not a regular file"),
        (_record_that_is_a_pipe, "state.db"),
        (_socket_that_is_a_link, "daemon.sock is in the way: it is not a socket"),
        (_socket_that_is_a_pipe, "daemon.sock is in the way: it is not a socket"),
        (_their_socket, f"daemon.sock belongs to user {STRANGER} and not to you"),
    ],
)
def test_what_is_planted_is_refused(made: House, plant: Planted, told: str) -> None:
    """The daemon does not start, names what is in its way, and leaves that as it was."""
    plant(made.home.path)
    before = _all_below(made.home.path.parent)
    assert told in _refusal(made)
    after = _all_below(made.home.path.parent)
    assert before.items() <= after.items()


def _refusal(made: House) -> str:
    daemon = made.spawn()
    try:
        assert daemon.wait(PATIENCE) in (1, os.EX_CONFIG), made.log.read_text()
    finally:
        daemon.kill()
        daemon.wait()
    return made.log.read_text()


def _all_below(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Type and mode, owner and content of everything but what the test itself writes."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        content = os.fsencode(path.readlink()) if path.is_symlink() else content
        if path.name != "daemon.log":
            found[str(path)] = (status.st_mode, status.st_uid, content)
    return found


def test_the_folder_of_a_socket_apart_may_not_be_somebody_elses(made: House, commons: Path) -> None:
    """A socket with no room in the home is in the runtime directory; nobody else may have made its folder there."""
    (commons / "ccsched").mkdir(0o700)
    _theirs(commons / "ccsched")
    made.environment["XDG_RUNTIME_DIR"] = str(commons)
    made.home.path.mkdir(0o700)
    long = House(made.home.path / ("x" * 90), made.environment)
    assert f"belongs to user {STRANGER} and not to you" in _refusal(long)
    assert list((commons / "ccsched").iterdir()) == []
    done = long.ccsched("health", "--home", long.home.path)
    assert done.returncode == 3
    assert "belongs to another user" in done.stderr


def test_a_home_of_ones_own_on_another_disk_is_used(made: House) -> None:
    """A link of the user's to a folder of the user's is as good as a folder, and what was open is closed."""
    disk = made.home.path.parent / "disk"
    disk.mkdir()
    (disk / "settings.json").write_text("{}")
    disk.chmod(0o777)
    made.home.path.symlink_to(disk)
    made.start()
    assert stat.S_IMODE(disk.stat().st_mode) == 0o700
    assert made.end() == 0


@pytest.mark.parametrize("mode", [0o755, 0o500], ids=oct)
def test_an_empty_home_is_mended(made: House, mode: int) -> None:
    """Whatever its modes are, in the end they let the user in, and nobody else."""
    made.home.path.mkdir()
    made.home.path.chmod(mode)
    made.start()
    assert stat.S_IMODE(made.home.path.stat().st_mode) == 0o700
    assert subprocess.run(["stat", "-c", "%a", made.home.socket()], capture_output=True).stdout == b"600\n"
    assert made.end() == 0
