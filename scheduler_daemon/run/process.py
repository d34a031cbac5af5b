"""What differs between systems about processes: who one is, when it has ended, how a supervisor is started."""

import asyncio
import contextlib
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

from scheduler_daemon import umask

POLL_INTERVAL = 0.2
"""Seconds between two looks at a process, where the system does not tell of its end."""

_PACKAGE = "supervisor"
_START = """\
import os, sys
sys.path.append(sys.argv[1])
from supervisor.main import main
os._exit(main())
"""
"""Starts the supervisor as a module, because only of a module does Python keep the compiled form.

Its folder comes last on the path, so that nothing in it stands in for the standard library. The process ends without
the interpreter's own ending: nothing is buffered or registered that would need it.
"""


class ProcessGone(Exception):
    """The process has ended, or its pid has a new owner."""


class NoExitWatch(Exception):
    """The system, or the sandbox we run in, has no descriptor that tells of a process's end."""


def identity(pid: int) -> str | None:
    """A text that is equal only for the same incarnation of a process.

    None if there is no such process, or if it has ended and only waits to be reaped.
    """
    return _identity_from_proc(pid) if sys.platform == "linux" else _identity_from_ps(pid)


def _identity_from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc_pid_stat(5): the name, in parentheses, may hold any character; state is field 3, start is field 22.
    fields = stat.rpartition(b")")[2].split()
    if fields[0] in (b"Z", b"X"):
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{fields[19].decode()}"


def _identity_from_ps(pid: int) -> str | None:
    ps = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        # The start is told in local time, and must read the same after the clock or the zone has changed.
        env={"LC_ALL": "C", "TZ": "UTC"},
    )
    state, _, start = ps.stdout.strip().partition(" ")
    return None if not start or state.startswith("Z") else " ".join(start.split())


def _runs(pid: int, known: str) -> bool:
    return identity(pid) == known


class ExitWatch:
    """A descriptor that becomes readable when a process has ended. It does not reap.

    Raises:
        ProcessGone: it had ended before.
        NoExitWatch: there is no such descriptor here.
    """

    def __init__(self, pid: int, identity: str) -> None:
        self._resources = contextlib.ExitStack()
        try:
            self._fd = self._open(pid)
            # Only from here on is it certain whom the descriptor belongs to.
            if not _runs(pid, identity):
                raise ProcessGone(f"process {pid} has ended")
        except ProcessLookupError as error:
            self.close()
            raise ProcessGone(f"process {pid} has ended") from error
        except BaseException:
            self.close()
            raise

    def _open(self, pid: int) -> int:
        if sys.platform == "linux":
            try:
                fd = os.pidfd_open(pid)
            except ProcessLookupError:
                raise
            except (OSError, AttributeError) as error:
                raise NoExitWatch("no pidfd") from error
            self._resources.callback(os.close, fd)
            return fd
        if sys.platform == "darwin":
            queue = select.kqueue()
            self._resources.callback(queue.close)
            event = select.kevent(
                pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD | select.KQ_EV_ENABLE, select.KQ_NOTE_EXIT
            )
            queue.control([event], 0)
            return queue.fileno()
        raise NoExitWatch("neither pidfd nor kqueue")

    def fileno(self) -> int:
        """The descriptor, for selectors and event loops."""
        return self._fd

    def close(self) -> None:
        """Give the descriptor back; a second time does nothing."""
        self._resources.close()


async def wait_gone(pid: int, identity: str) -> None:
    """Return when the process of this identity has ended, at once if it has already. It does not reap."""
    try:
        watch = ExitWatch(pid, identity)
    except ProcessGone:
        return
    except NoExitWatch:
        while _runs(pid, identity):  # noqa: ASYNC110 - no event is to be had
            await asyncio.sleep(POLL_INTERVAL)
        return
    with contextlib.closing(watch):
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(watch.fileno(), ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(watch.fileno())


def keep_supervisor(folder: Path) -> None:
    """Copy what a supervisor runs to a folder of our own: another version may be installed while we live.

    Supervisors that live have loaded all of it, so what they run may be replaced.

    Raises:
        OSError: it cannot be copied.
    """
    fresh, package = folder.with_name(f".{folder.name}.tmp"), Path(__file__).parent / _PACKAGE
    for old in (fresh, folder):  # where there is no room for the new, what is installed is run, and not the old
        shutil.rmtree(old, ignore_errors=True)
    for path in [*package.glob("*.py"), *package.glob(f"__pycache__/*.{sys.implementation.cache_tag}.pyc")]:
        copy = fresh / path.relative_to(package.parent)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        found = path.stat()
        os.utime(copy, ns=(found.st_atime_ns, found.st_mtime_ns))  # by which Python knows the compiled form
    fresh.rename(folder)


def spawn_supervisor(program: Path) -> "subprocess.Popen[bytes]":
    """Start a supervisor that waits for its orders on stdin, in a session of its own.

    It runs what was copied to ``program``, or what is installed where nothing is there.

    Raises:
        OSError: no process could be made.
    """
    kept = (program / _PACKAGE / "main.py").exists()
    # A Python that is not where it was built may need this to find its own library.
    environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return subprocess.Popen(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            _START,
            str(program if kept else Path(__file__).parent),
            "ccsched-supervisor",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        umask=umask.persons(),
        close_fds=True,
        cwd="/",
        env=environment,
    )
