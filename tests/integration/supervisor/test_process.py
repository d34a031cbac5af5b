"""Who a process is, and when it has ended."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scheduler_daemon.run import process
from scheduler_daemon.run.process import ExitWatch, NoExitWatch, ProcessGone, identity, wait_gone
from tests.support.house import until


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs until the test is over."""
    with subprocess.Popen(["sleep", "1000"]) as child:
        yield child
        child.kill()


@pytest.fixture(params=["descriptor", "polling"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's own means, and without them."""
    if request.param == "polling":

        def refuse(pid: int, flags: int = 0) -> int:
            raise OSError(errno.ENOSYS, "not here")

        monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)


def _open_files() -> int:
    return psutil.Process().num_fds()


def _known(pid: int) -> str:
    known = identity(pid)
    assert known
    return known


def test_an_identity_stays_the_same(sleeper: "subprocess.Popen[bytes]") -> None:
    """The same process has the same identity each time, and no other has it."""
    assert identity(sleeper.pid) == _known(sleeper.pid)
    assert identity(sleeper.pid) != identity(os.getpid())


def test_who_has_ended_has_no_identity() -> None:
    """Neither a zombie nor a reaped process is anybody."""
    child = subprocess.Popen(["true"])
    until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE, "it has ended")
    assert identity(child.pid) is None
    child.wait()
    assert identity(child.pid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc has names in it")
def test_a_name_cannot_forge_an_identity(tmp_path: Path) -> None:
    """Parentheses and spaces in a program's name do not shift the fields."""
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "1000"]) as child:
        known = _known(child.pid)
        assert known.endswith(f":{int(Path(f'/proc/{child.pid}/stat').read_bytes().rpartition(b')')[2].split()[19])}")
        child.kill()


def test_ps_tells_the_same_processes_apart(sleeper: "subprocess.Popen[bytes]") -> None:
    """Where there is no /proc, ps names the start, and nothing for who has ended."""
    known = process._identity_from_ps(sleeper.pid)
    assert known
    assert process._identity_from_ps(sleeper.pid) == known
    sleeper.kill()
    until(lambda: psutil.Process(sleeper.pid).status() == psutil.STATUS_ZOMBIE, "it has ended")
    assert process._identity_from_ps(sleeper.pid) is None
    sleeper.wait()
    assert process._identity_from_ps(sleeper.pid) is None


@pytest.mark.usefixtures("either_way")
def test_the_end_of_a_process_is_noticed(sleeper: "subprocess.Popen[bytes]") -> None:
    """wait_gone returns after the end and not before, and leaves the child to its parent."""

    async def follow() -> None:
        waiting = asyncio.create_task(wait_gone(sleeper.pid, _known(sleeper.pid)))
        done, _ = await asyncio.wait({waiting}, timeout=0.5)
        assert not done
        sleeper.send_signal(signal.SIGTERM)
        await asyncio.wait_for(waiting, 10)

    before = _open_files()
    asyncio.run(follow())
    assert sleeper.wait() == -signal.SIGTERM
    assert _open_files() == before


@pytest.mark.usefixtures("either_way")
def test_who_is_gone_is_not_waited_for(sleeper: "subprocess.Popen[bytes]") -> None:
    """A pid without a process, or with another one, counts as ended."""
    with subprocess.Popen(["true"]) as child:
        child.wait()
    before = _open_files()
    asyncio.run(asyncio.wait_for(wait_gone(child.pid, "whoever"), 5))
    asyncio.run(asyncio.wait_for(wait_gone(sleeper.pid, "another"), 5))
    assert _open_files() == before


@pytest.mark.usefixtures("either_way")
def test_waiting_can_be_cancelled(sleeper: "subprocess.Popen[bytes]") -> None:
    """A cancelled wait leaves no descriptor and no reader behind."""

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait_gone(sleeper.pid, _known(sleeper.pid)), 0.05)

    before = _open_files()
    asyncio.run(give_up())
    assert _open_files() == before


def test_a_watch_says_what_it_cannot_do(sleeper: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch) -> None:
    """Gone and not supported are told apart."""
    with pytest.raises(ProcessGone):
        ExitWatch(sleeper.pid, "another")
    if sys.platform == "linux":
        monkeypatch.delattr(os, "pidfd_open")
        with pytest.raises(NoExitWatch):
            ExitWatch(sleeper.pid, _known(sleeper.pid))


def test_a_watch_can_be_closed_twice(sleeper: "subprocess.Popen[bytes]") -> None:
    """Closing is safe to repeat."""
    watch = ExitWatch(sleeper.pid, _known(sleeper.pid))
    assert watch.fileno() >= 0
    watch.close()
    watch.close()
