"""Runs git, alone in its session, and says in plain words what it refused."""

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from scheduler_daemon import umask
from scheduler_daemon.workspace.printable import printable

TIME_LIMIT = 600.0
"""Seconds one git command may take, its hooks included."""
LOCK_WAIT = 10.0
"""Seconds to wait for another git to let go of a lock file."""
_GRACE = 5.0
_OUTPUT_TAIL = 2000

# Kept of the variables that steer git: who the person is and where their configuration lies. The others
# name a repository, an index or a trace that belongs to whoever started the daemon, not to the run.
_KEPT = frozenset(
    {
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "GIT_TEMPLATE_DIR",
    }
)
# Nothing may stay behind when a command ends: a collection or a file monitor in the background would
# go on working in the tree, and would keep the lock it inherited.
_CONFIG = {"gc.auto": "0", "maintenance.auto": "false", "core.fsmonitor": "false"}
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class GitError(Exception):
    """A git command failed.

    Attributes:
        said: the end of what git and its hooks wrote, without colours.
    """

    def __init__(self, command: str, directory: Path, said: str) -> None:
        super().__init__(printable(f"git {command} failed in {directory}: {said}"))
        self.said = printable(said)

    @property
    def locked(self) -> bool:
        """Whether another git held a lock file."""
        return ".lock" in self.said and "File exists" in self.said


@dataclass(frozen=True)
class Git:
    """How git is called in one directory.

    ``lock_fds`` stay open in git, so that a lock of ours lasts until an orphaned git is done. ``index``
    is used in place of the work tree's own. Only with ``search_above`` may git find the repository in a
    folder above: without it, git does not go on to another one where the directory's own is gone or broken.
    """

    directory: Path
    lock_fds: Sequence[int] = ()
    index: Path | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    search_above: bool = False

    def out(self, *arguments: str, stdin: bytes = b"", accept: Collection[int] = (0,)) -> bytes:
        """What the command writes to its standard output.

        Raises:
            GitError: its exit status is not one of ``accept``.
        """
        return self._run(arguments, stdin, accept)[1]

    def text(self, *arguments: str, stdin: bytes = b"") -> str:
        """The same as text, without the newline at its end; names that are not UTF-8 survive."""
        return os.fsdecode(self.out(*arguments, stdin=stdin)).removesuffix("\n")

    def says_yes(self, *arguments: str) -> bool:
        """Whether the command ends with exit status 0 (yes) and not 1 (no)."""
        return self._run(arguments, b"", (0, 1))[0] == 0

    def change(self, *arguments: str, stdin: bytes = b"", accept: Collection[int] = (0,)) -> bytes:
        """As `out`, for a command that takes a lock file: waits ``LOCK_WAIT`` seconds for others."""
        deadline, pause = time.monotonic() + LOCK_WAIT, 0.02
        while True:
            try:
                return self.out(*arguments, stdin=stdin, accept=accept)
            except GitError as error:
                if not error.locked or time.monotonic() + pause > deadline:
                    raise
            # A lock file that goes away tells nobody.
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _run(self, arguments: Sequence[str], stdin: bytes, accept: Collection[int]) -> tuple[int, bytes]:
        # Files and not pipes: if this process is killed, git still has all of its input and nowhere a
        # broken pipe, and ends what it began; and a hook's forgotten child cannot keep us waiting.
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            if stdin:
                given.write(stdin)
                given.seek(0)
            status, timed_out = self._wait(arguments, given, out, err)
            out.seek(0)
            answer = out.read()
            if status in accept:
                return status, answer
            err.seek(0)
            said = _plain(err.read() + (answer if status == 1 else b""))
        if timed_out:
            said = f"not done after {TIME_LIMIT:.0f} seconds and ended. {said}"
        raise GitError(arguments[0], self.directory, said or f"exit status {status}")

    def _wait(self, arguments: Sequence[str], given: IO[bytes], out: IO[bytes], err: IO[bytes]) -> tuple[int, bool]:
        settings = {**_CONFIG, **self.config}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        command = ["git", "-C", str(self.directory), *options, *arguments]
        try:
            process = subprocess.Popen(
                command,
                stdin=given,
                stdout=out,
                stderr=err,
                env=self._environment(),
                pass_fds=self.lock_fds,
                umask=umask.persons(),
                start_new_session=True,  # no terminal to ask for a password on
            )
        except FileNotFoundError:
            raise GitError(
                arguments[0], self.directory, "git is not on the PATH; install git 2.30 or newer"
            ) from None
        except OSError as error:
            raise GitError(arguments[0], self.directory, f"git cannot be started: {error.strerror}") from error
        except ValueError as error:
            raise GitError(arguments[0], self.directory, f"git cannot be given such a name: {error}") from error
        ended = threading.Event()
        timed_out = threading.Event()
        watch = threading.Timer(TIME_LIMIT, _end, (process.pid, ended, timed_out))
        watch.daemon = True
        watch.start()
        try:
            status = process.wait()
        finally:
            ended.set()
            watch.cancel()
        return status, timed_out.is_set()

    def _environment(self) -> dict[str, str]:
        environment = _inherited()
        if self.index is not None:
            environment["GIT_INDEX_FILE"] = str(self.index)
        if not self.search_above:
            environment["GIT_CEILING_DIRECTORIES"] = str(self.directory.parent)
        return environment


def _end(group: int, ended: threading.Event, timed_out: threading.Event) -> None:
    """End git and its hooks; SIGTERM first, on which git removes its lock files."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if ended.is_set():
            return
        timed_out.set()
        os.killpg(group, number)
        ended.wait(_GRACE)


def _inherited() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith("GIT_") or name in _KEPT) and name not in ("LC_ALL", "LANGUAGE")
    }
    # Messages are read by this program, so they are in English; but not LC_ALL, for hooks get this
    # environment too and need the person's character set.
    if everything := os.environ.get("LC_ALL"):
        kept["LC_CTYPE"] = everything
    return kept | {"LC_MESSAGES": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_EDITOR": ":"}


def _plain(output: bytes) -> str:
    text = _COLOUR.sub("", output.decode("utf-8", "backslashreplace")).strip()
    return text[-_OUTPUT_TAIL:].removeprefix("fatal: ").removeprefix("error: ")
