"""Which directories the system is asked about, and on whose behalf: each only once."""

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scheduler_daemon.watch.native import Hints, Native, OpenNative

if TYPE_CHECKING:
    from scheduler_daemon.watch.ground import Ground


@dataclass
class _Interest:
    """Who wants to hear of one directory."""

    everything: "set[Ground]" = field(default_factory=set)
    entries: "dict[str, set[Ground]]" = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str] | None:
        return None if self.everything else frozenset(self.entries)

    def __bool__(self) -> bool:
        return bool(self.everything or self.entries)


class Coverage:
    """What the system tells us of. It is asked for nothing as long as nothing is watched."""

    def __init__(self, open_native: OpenNative, hints: Hints) -> None:
        self._open_native = open_native
        self._hints = hints
        self._native: Native | None = None
        self._interests: dict[str, _Interest] = {}

    @property
    def native(self) -> Native:
        """What this system has.

        Raises:
            OSError: it gives us no more of it.
        """
        if self._native is None:
            self._native = self._open_native(self._hints)
        return self._native

    def cover(self, ground: "Ground", directory: str, name: str | None = None) -> None:
        """Hear of changes in a directory, or only of those to the entry ``name``; again, to start anew.

        Raises:
            OSError: the system does not tell of them.
        """
        native = self.native
        interest = self._interests.get(directory, _Interest())
        holders = interest.everything if name is None else interest.entries.setdefault(name, set())
        new = ground not in holders
        holders.add(ground)
        try:
            if self._is_asked_for(interest):
                native.watch(directory, interest.names)
        except OSError:
            if new:
                self._drop(interest, ground, name)
            raise
        self._interests[directory] = interest

    def release(self, ground: "Ground", directory: str, name: str | None) -> None:
        """Hear of it no more on behalf of this one."""
        interest = self._interests.get(directory)
        if interest is None:
            return
        self._drop(interest, ground, name)
        if not interest:
            del self._interests[directory]
        if not self._is_asked_for(interest):
            self.native.forget(directory)
        elif name is None and not interest.everything:
            # Heard less of from now on; if that cannot be had, too much is heard of, which does no harm.
            with contextlib.suppress(OSError):
                self.native.watch(directory, interest.names)

    def close_if_idle(self) -> None:
        """Give everything back to the system if nobody wants to hear of anything."""
        if self._native is not None and not self._interests:
            self.close()

    def close(self) -> None:
        """Give everything back to the system."""
        native, self._native = self._native, None
        self._interests.clear()
        if native is not None:
            native.close()

    def of_everything(self, directory: str) -> "set[Ground]":
        """Who has files in this directory."""
        interest = self._interests.get(directory)
        return interest.everything if interest else set()

    def of_entry(self, directory: str, name: str) -> "set[Ground]":
        """Whose path this entry is, or is on the way to; ``""`` is any entry."""
        interest = self._interests.get(directory)
        if interest is None:
            return set()
        return interest.entries.get(name, set()) if name else set().union(*interest.entries.values())

    def _is_asked_for(self, interest: _Interest) -> bool:
        return bool(interest.everything or (interest.entries and self.native.single_entries))

    def _drop(self, interest: _Interest, ground: "Ground", name: str | None) -> None:
        if name is None:
            interest.everything.discard(ground)
            return
        holders = interest.entries.get(name, set())
        holders.discard(ground)
        if not holders:
            interest.entries.pop(name, None)
