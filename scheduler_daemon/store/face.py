"""The documented face of the record: JSON files that always show it, and that a person may edit.

Two rules keep a person's edit and our own writing apart. What a file is about to hold is recorded before
the file is replaced, so a file is ours if its digest is known. And a file is replaced only while it is
what it was when its next content was made: a person's file is never written over unseen.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from scheduler_daemon.home import Home
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.store import files
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.differences import Check
from scheduler_daemon.store.documents import Document, Unacceptable
from scheduler_daemon.store.files import Stamp
from scheduler_daemon.store.hand_edits import Change, plan, plan_settings
from scheduler_daemon.store.intake import Intake, Rejection
from scheduler_daemon.store.rendering import FILES, SHOWN_IN, Rendered, renderers
from scheduler_daemon.store.restore import FaceUnreadable, restore
from scheduler_daemon.store.seen import Seen
from scheduler_daemon.store.store import Store
from scheduler_daemon.store.three_way import kept, parsed
from scheduler_daemon.store.written import Written

__all__ = ["Change", "Face", "FaceUnreadable", "Intake", "Pending", "Rejection"]

QUIET = 0.3
"""Seconds a file must have been left alone: an editor may still be writing it."""
PATIENCE = 3.0
"""Seconds an edit that cannot be taken may wait for its second half: the rest of it, or another file."""

TOGETHER = (("jobs.json", "tasks.json", "profiles.json"), ("settings.json",), ("runs.json",))
"""Files that refer to one another are one edit."""


@dataclass(frozen=True)
class _Edited:
    stamp: Stamp
    content: bytes
    digest: str
    problem: Unacceptable | None = None
    """Why the file cannot even be read."""


@dataclass
class Pending:
    """Contents that are made and recorded, but not yet in their files."""

    contents: dict[str, Rendered]
    stamps: dict[str, Stamp | None]
    """What each file was when its content was made."""


class Face:
    """The five JSON files of one home.

    All but ``write`` belongs to the thread that uses the store. It hears of every commit by itself.
    """

    def __init__(
        self,
        home: Home,
        store: Store,
        check: Check,
        *,
        ready_made: Sequence[Profile] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``ready_made`` profiles are put into a new record, whatever else there is."""
        self._home = home
        self._store = store
        self._check = check
        self._ready_made = ready_made
        self._clock = clock
        self._renderers = renderers(store)
        self._seen = {name: Seen(None, "", ({},)) for name in FILES}
        self._recorded: dict[str, Written] = {}
        """What is on record of each file."""
        self._dirty: set[str] = set()
        self._unsettled: set[str] = set()
        self._noticed: dict[str, float] = {}
        """When a file was first found edited that still waits to be judged."""
        self._pending: Pending | None = None
        # Guards the fields above; held by ``write`` only from its last look at a file to its rename.
        self._lock = threading.RLock()
        # Two writes at a time would share the temporary files.
        self._one_write = threading.Lock()
        store.on_commit(self.dirty)

    def _path(self, name: str) -> Path:
        return self._home.path / name

    def start(self) -> Intake:
        """Take in what was restored or edited while no daemon lived, then write all files.

        To be called before anything else is put into the record: an empty one is filled from the files.

        Raises:
            FaceUnreadable: when there is no record and the files cannot be read as one.
            StoreUnavailable: when the record cannot be written.
            OSError: when the files cannot be written.
        """
        for name in FILES:
            files.discard(self._path(name))
            files.discard(self._kept(name))
        intake = Intake()
        if self._store.empty():
            restored = restore(self._home, self._store, self._ready_made)
            intake.taken, intake.changes = restored.taken, restored.changes
        self._recall()
        # Nobody has waited for the daemon while it was away: what cannot be taken now is rejected now.
        later = self.take_in(patient=False)
        intake.taken += later.taken
        intake.changes += later.changes
        intake.rejected += later.rejected
        self._dirty |= set(FILES)
        pending = self.render()
        if pending is not None:
            self.write(pending)
        self._settle()
        return intake

    def _kept(self, name: str) -> Path:
        return self._path(f"{name}.rejected")

    def _recall(self) -> None:
        """See each file as the daemon before left it."""
        self._recorded = self._store.written.all()
        for name, written in self._recorded.items():
            if name not in FILES:
                continue
            known = {written.digest: written.shown}
            known.setdefault(written.previous_digest, written.previous_shown)
            path = self._path(name)
            stamp, digest = None, ""
            with suppress(OSError):
                stamp, digest = Stamp.of(path), files.digest(path)
            if digest in known:
                self._seen[name] = Seen(stamp, digest, (known[digest],))
            else:
                # A person's, or missing: what they started from may be either.
                self._seen[name] = Seen(None, "", tuple(known.values()))

    def dirty(self, touched: frozenset[str]) -> None:
        """Remember that these tables have changed, and with them the files that show them."""
        with self._lock:
            for table in touched:
                self._dirty.update(SHOWN_IN.get(table, ()))

    def edited(self) -> bool:
        """Whether a file is not as it was last seen. Costs five ``stat`` calls.

        The first call after a write also records that the files are in place.
        """
        with suppress(StoreUnavailable):
            self._settle()
        with self._lock:
            return any(self._stamp(name) != seen.stamp for name, seen in self._seen.items())

    def _stamp(self, name: str) -> Stamp | None:
        try:
            return Stamp.of(self._path(name))
        except FileNotFoundError:
            return None
        except OSError:
            return self._seen[name].stamp  # a home that cannot be looked into just now says nothing of its files

    def _settle(self) -> None:
        with self._lock:
            if self._unsettled:
                known = {name: self._recorded[name] for name in self._unsettled}
                self._record({name: Written.settled(one.digest, one.shown) for name, one in known.items()})
                self._unsettled.clear()

    def _record(self, written: dict[str, Written], also: Callable[[], None] | None = None) -> None:
        """Put on record what files hold, or are about to; ``also`` does what belongs to it."""
        with self._store.transaction():
            if also:
                also()
            for name, one in written.items():
                self._store.written.put(name, one, self._recorded.get(name))
        self._recorded |= written

    def take_in(self, *, patient: bool = True) -> Intake:
        """Take in or reject the files that a person has edited.

        An edit that cannot be taken yet is left for a later call: while its file still changes, and for
        some seconds after, unless ``patient`` is false. A missing file is no edit; it is written again.
        A rejected file is kept as ``<name>.rejected`` and written again from the record.

        Raises:
            StoreUnavailable: when the record cannot be written; the files are left as they are.
            OSError: when a rejected file cannot be kept; it is left as it is.
        """
        intake = Intake()
        with self._lock:
            found = {name: edited for name in FILES if (edited := self._look(name)) is not None}
            self._noticed = {name: self._noticed.get(name, self._clock()) for name in found}
            for group in TOGETHER:
                try:
                    self._judge({name: found[name] for name in group if name in found}, intake, patient)
                except (StoreUnavailable, OSError):
                    # What has been done must be told; the rest is met again by the next call.
                    if not (intake.taken or intake.rejected):
                        raise
        return intake

    def _look(self, name: str) -> _Edited | None:
        """The file, if a person has edited it."""
        seen, path = self._seen[name], self._path(name)
        stamp = self._stamp(name)
        if stamp is None:
            self._seen[name] = replace(seen, stamp=None, digest="")
            self._dirty.add(name)
            return None
        if stamp == seen.stamp:
            return None
        try:
            content, stamp = files.read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = error.strerror or str(error)
            return _Edited(stamp, b"", "", Unacceptable(name, f"this cannot be read: {reason}"))
        digest = files.digest_of([content])
        if digest == seen.digest:
            self._seen[name] = replace(seen, stamp=stamp)
            return None
        return _Edited(stamp, content, digest)

    def _waited(self, name: str, edited: _Edited) -> tuple[float, float]:
        """Seconds since the file last changed, and since it was first found so."""
        now = self._clock()
        # A clock set back must not make a file wait for it to come round again.
        noticed = self._noticed[name] = min(self._noticed[name], now)
        return now - min(noticed, edited.stamp.mtime_ns / 1e9), now - noticed

    def _judge(self, group: dict[str, _Edited], intake: Intake, patient: bool) -> None:
        """Take a group of edited files, or reject it, or leave it for later."""
        if not group:
            return
        waits = [self._waited(name, edited) for name, edited in group.items()]
        unchanged, noticed = min(wait for wait, _ in waits), max(wait for _, wait in waits)
        hurry = not patient or noticed >= PATIENCE
        if unchanged < QUIET and not hurry:
            return
        try:
            if "runs.json" in group:
                raise Unacceptable("runs.json", "this is the record of what happened; it is not edited")
            intake.changes += self._take(group)
        except Unacceptable as error:
            if unchanged >= PATIENCE or hurry or "runs.json" in group:
                self._reject(group, error, intake)
        else:
            intake.taken += group

    def _take(self, group: dict[str, _Edited]) -> list[Change]:
        for edited in group.values():
            if edited.problem is not None:
                raise edited.problem
        documents = {name: Document.parse(name, edited.content) for name, edited in group.items()}
        bases = {name: [parsed(base) for base in self._seen[name].bases] for name in group}
        if "settings.json" in group:
            name = "settings.json"
            settings, base = plan_settings(self._store, documents[name], bases[name], self._check)
            new_bases = {name: base}
            changes = [Change("settings", "changed", None)] if settings is not None else []
            apply = partial(self._store.put_settings, settings) if settings is not None else None
        else:
            edit = plan(self._store, documents, bases, self._check)
            new_bases, changes = edit.bases(), edit.changes()
            apply = partial(edit.apply, self._store)
        held = {name: kept(base) for name, base in new_bases.items()}
        # In the edit's own transaction: a daemon killed right after it does not take the file twice.
        self._record({name: Written.settled(edited.digest, held[name]) for name, edited in group.items()}, apply)
        for name, edited in group.items():
            self._seen[name] = self._seen[name].holding(edited.stamp, edited.digest, held[name])
        self._done(group)
        return changes

    def _reject(self, group: dict[str, _Edited], error: Unacceptable, intake: Intake) -> None:
        # This comes first and may fail: a person's file that cannot be kept is not written over.
        for name, edited in group.items():
            if edited.problem is None:
                prepared = files.prepare(self._kept(name), [edited.content])
                files.commit(self._kept(name), prepared)
            else:
                self._path(name).rename(self._kept(name))
        files.sync_directory(self._home.path)
        for name, edited in group.items():
            bases = self._seen[name].bases
            self._seen[name] = Seen(edited.stamp if edited.digest else None, edited.digest, bases)
            self._done([name])
            problem = str(error)
            if name != error.file and error.file in group:
                problem = f"{name} was edited together with {error.file}, which cannot be taken: {problem}"
            problem += f". The edit is kept as {self._kept(name).name}; {name} is written again as it was"
            intake.rejected.append(Rejection(name, problem))

    def _done(self, names: Iterable[str]) -> None:
        for name in names:
            self._noticed.pop(name, None)
            self._unsettled.discard(name)
            self._dirty.add(name)

    def render(self) -> Pending | None:
        """Make the contents of the files that must change, and record what they will be.

        A pending that was never written is void from here on; its files are in the new one.

        Raises:
            StoreUnavailable: when the record cannot be written. Render again later.
        """
        with self._lock:
            if self._pending is not None:
                self._dirty |= self._pending.contents.keys()
                self._pending = None
            contents: dict[str, Rendered] = {}
            for name in sorted(self._dirty):
                seen, stamp = self._seen[name], self._stamp(name)
                if stamp is not None and stamp != seen.stamp:
                    # A person's edit that is not judged yet: the file waits for that.
                    continue
                content = self._renderers[name]()
                if stamp is None or content.digest != seen.digest:
                    contents[name] = content
                else:
                    self._dirty.discard(name)
                    self._hold_once(name, content)
            if not contents:
                return None
            self._record(
                {
                    name: Written(content.digest, content.shown, self._seen[name].digest, self._seen[name].bases[0])
                    for name, content in contents.items()
                }
            )
            self._unsettled -= contents.keys()
            self._dirty -= contents.keys()
            self._pending = Pending(contents, {name: self._seen[name].stamp for name in contents})
            return self._pending

    def _hold_once(self, name: str, content: Rendered) -> None:
        """What a file that needs no writing holds is known twice, read from the record and made anew: megabytes."""
        seen, recorded = self._seen[name], self._recorded.get(name)
        self._seen[name] = replace(seen, bases=(content.shown, *seen.bases[1:]))
        if recorded and recorded.digest == recorded.previous_digest == content.digest:
            self._recorded[name] = Written.settled(content.digest, content.shown)

    def write(self, pending: Pending) -> None:
        """Put rendered contents into their files. May run in another thread: it touches files alone.

        A file that a person has edited since is left for ``take_in``. What is not written is in the next
        ``render`` again.

        Raises:
            OSError: when the disk refuses. Render and write again later.
        """
        with self._one_write:
            done: dict[str, Stamp] = {}
            try:
                for name, content in pending.contents.items():
                    if self._pending is not pending:
                        return
                    prepared = files.prepare(self._path(name), content.chunks)
                    stamp = self._replace(pending, name, prepared)
                    if stamp is not None:
                        done[name] = stamp
            finally:
                with self._lock:
                    if self._pending is pending:
                        self._dirty |= pending.contents.keys() - done.keys()
                        self._pending = None
                if done:
                    files.sync_directory(self._home.path)
            with self._lock:
                # Only now is it certain that a power failure does not bring the content before back.
                rendered_again = self._pending.contents.keys() if self._pending else ()
                self._unsettled |= {
                    name
                    for name, stamp in done.items()
                    if self._seen[name].stamp == stamp and name not in rendered_again
                }

    def _replace(self, pending: Pending, name: str, prepared: Stamp) -> Stamp | None:
        content, path = pending.contents[name], self._path(name)
        with self._lock:
            # An edit saved between this look and the rename is lost: some microseconds, which nothing
            # short of a lock that editors do not know could close.
            now = self._stamp(name)
            if self._pending is not pending or (now is not None and now != pending.stamps[name]):
                files.discard(path)
                return None
            stamp = files.commit(path, prepared)
            self._seen[name] = self._seen[name].holding(stamp, content.digest, content.shown)
            return stamp
