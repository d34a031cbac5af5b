"""Watches files in a thread of its own and tells of changes."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from uuid import UUID

import structlog

from scheduler_daemon.watch.inbox import Command, Inbox, News
from scheduler_daemon.watch.lookout import LOOK_EVERY, Lookout
from scheduler_daemon.watch.native import OpenNative, open_native
from scheduler_daemon.watch.snapshot import Snapshot
from scheduler_daemon.watch.watch import NOT_SEEN_YET, Changes, Status, Watch

log = structlog.get_logger()

_PATIENCE = 5.0
"""Seconds that the end of the thread is waited for: a file system that does not answer must not keep the daemon."""


def _at_once(work: Callable[[], None]) -> None:
    work()


class Watcher:
    """Tells of changes to watched files.

    It has a thread and descriptors only while something is watched. No method waits for the file system, except
    ``close()``.
    """

    def __init__(
        self,
        fired: Callable[[UUID, Changes], object],
        call: Callable[[Callable[[], None]], object] = _at_once,
        *,
        native: OpenNative = open_native,
        look_every: float = LOOK_EVERY,
    ) -> None:
        """``fired`` is given the key of each watch with changes to tell, once for all changes so far.

        It is called by ``call``, and that in the watcher's thread; ``loop.call_soon_threadsafe`` hands it on to the
        thread of a loop. ``look_every``: the seconds between two looks at what the system does not tell of.
        """
        self._fired = fired
        self._call = call
        self._inbox = Inbox()
        self._lookout = Lookout(native, self._inbox, look_every)
        self._keys: set[UUID] = set()
        self._thread: threading.Thread | None = None
        self._threads = threading.Lock()

    def add(self, watch: Watch, snapshot: Snapshot | None = None, *, running: bool = False) -> None:
        """Watch something; in place of what the key had watched, if it had.

        With the snapshot of an earlier time, changes since then are told. Without one, or if it is of another path or
        other patterns, what is there now is the beginning. With ``running``, a run of the task goes on since before.
        """
        self._keys.add(watch.key)
        self._post(partial(self._lookout.add, watch, snapshot, running, time.monotonic()))

    def remove(self, key: UUID) -> None:
        """Watch it no more. Nothing is told of it from now on."""
        if key in self._keys:
            self._keys.discard(key)
            self._post(partial(self._lookout.remove, key))

    def run_began(self, key: UUID) -> None:
        """A run of the task begins. What has changed so far is its matter and is told no more.

        What changes until it has ended is told after it.
        """
        if key in self._keys:
            self._post(partial(self._lookout.run_began, key))

    def run_ended(self, key: UUID, by_run: Callable[[str], bool]) -> None:
        """A run of the task has ended. What has changed meanwhile, and not by the run, is told.

        ``by_run`` is asked for each changed file whether the run changed it, by the path that the file has below the
        watched one. It is asked in the watcher's thread, some moments later, and may look at the file, which may be
        gone.
        """
        if key in self._keys:
            self._post(partial(self._lookout.run_ended, key, by_run, time.monotonic()))

    def status(self, key: UUID) -> Status:
        """How well the watch sees what changes.

        Raises:
            KeyError: there is no such watch.
        """
        if key not in self._keys:
            raise KeyError(key)
        return self._lookout.status(key) or NOT_SEEN_YET

    def snapshot(self, key: UUID) -> "Future[Snapshot]":
        """What the watch knows of, for the next daemon: to be kept after each firing and each end of a run.

        The future has a KeyError if there is no such watch.
        """
        answer: Future[Snapshot] = Future()
        if key not in self._keys:
            answer.set_exception(KeyError(key))
            return answer
        self._post(partial(_answer, answer, partial(self._lookout.snapshot, key)))
        return answer

    def close(self) -> None:
        """Watch nothing any more, and wait for the end of the thread, at most some seconds."""
        self._keys.clear()
        with self._threads:
            thread = self._thread
            if thread is not None:
                self._inbox.post(self._lookout.clear)
        if thread is not None and thread is not threading.current_thread():
            thread.join(_PATIENCE)

    def _post(self, command: Command) -> None:
        with self._threads:
            self._inbox.post(command)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="watch", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            pause = self._lookout.rest()
            if self._ended():
                return
            for letter in self._inbox.take(pause):
                self._do(partial(self._lookout.heed, letter) if isinstance(letter, News) else letter)
            self._do(self._lookout.look)
            self._do(self._tell)

    def _tell(self) -> None:
        for key, changes in self._lookout.due():
            self._do(partial(self._call, partial(self._hand_over, key, changes)))

    def _hand_over(self, key: UUID, changes: Changes) -> None:
        if key in self._keys:
            self._fired(key, changes)

    def _ended(self) -> bool:
        """Whether there is nothing to do any more; then the thread has ended for whoever asks."""
        with self._threads:
            if self._lookout.empty and not self._inbox.asked():
                self._thread = None
                return True
            return False

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            # Of all the watches, one that cannot be kept must not end the others.
            log.exception("a watch could not be looked after")


def _answer(answer: "Future[Snapshot]", question: Callable[[], Snapshot]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(question())
    except Exception as error:
        answer.set_exception(error)
