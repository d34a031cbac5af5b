"""What is asked of the system, on whose behalf."""

import errno

import pytest

from scheduler_daemon.watch.coverage import Coverage
from scheduler_daemon.watch.ground import Ground
from scheduler_daemon.watch.inbox import Inbox
from scheduler_daemon.watch.native import Hints, Native
from scheduler_daemon.watch.selection import Selection

EVERYTHING = None


class _System:
    """A system that notes what is asked of it."""

    look_again = None

    def __init__(self, single_entries: bool = True) -> None:
        self.single_entries = single_entries
        self.asked: dict[str, frozenset[str] | None] = {}
        self.opened = 0
        self.full = False

    def open(self, hints: Hints) -> Native:
        self.opened += 1
        return self

    def watch(self, directory: str, names: frozenset[str] | None) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "full")
        self.asked[directory] = names

    def forget(self, directory: str) -> None:
        self.asked.pop(directory, None)

    def close(self) -> None:
        self.opened -= 1


def _covering(system: _System) -> tuple[Coverage, Ground, Ground]:
    coverage = Coverage(system.open, Inbox())
    one, other = (Ground(path, True, Selection(()).skips, coverage) for path in ("/one", "/other"))
    return coverage, one, other


def test_no_more_is_asked_for_than_is_wanted() -> None:
    """The system is asked for single entries, for everything while somebody wants it, and for the entries again."""
    system = _System()
    coverage, one, other = _covering(system)
    coverage.cover(one, "/a", "x")
    coverage.cover(other, "/a", "y")
    assert system.asked == {"/a": frozenset({"x", "y"})}
    coverage.cover(other, "/a")
    assert system.asked == {"/a": EVERYTHING}
    coverage.release(other, "/a", None)
    assert system.asked == {"/a": frozenset({"x", "y"})}
    coverage.release(one, "/a", "x")
    coverage.release(other, "/a", "y")
    assert system.asked == {}


def test_who_wants_to_hear_is_known() -> None:
    """News of an entry are for those who named it, and for those who want to hear of all in its directory."""
    coverage, one, other = _covering(_System())
    coverage.cover(one, "/a", "x")
    coverage.cover(other, "/a")
    assert (coverage.of_entry("/a", "x"), coverage.of_entry("/a", "y")) == ({one}, set())
    assert (coverage.of_everything("/a"), coverage.of_everything("/b")) == ({other}, set())
    assert coverage.of_entry("/a", "") == {one}


def test_a_system_without_single_entries_is_not_asked_for_them() -> None:
    """Where to ask for an entry would be to ask for all around it, the entry is only heard of by chance."""
    system = _System(single_entries=False)
    coverage, one, other = _covering(system)
    coverage.cover(one, "/a", "x")
    assert system.asked == {}
    assert coverage.of_entry("/a", "x") == {one}
    coverage.cover(other, "/a")
    coverage.release(other, "/a", None)
    assert system.asked == {}


def test_what_is_refused_is_not_counted_on() -> None:
    """Who was refused is not told; who had it before still is."""
    system = _System()
    coverage, one, other = _covering(system)
    coverage.cover(one, "/a")
    system.full = True
    with pytest.raises(OSError, match="full"):
        coverage.cover(other, "/a")
    with pytest.raises(OSError, match="full"):
        coverage.cover(other, "/b", "x")
    assert coverage.of_everything("/a") == {one}
    assert coverage.of_entry("/b", "x") == set()
    coverage.release(other, "/b", "x")
    assert system.asked == {"/a": EVERYTHING}


def test_the_system_is_left_alone_while_nothing_is_wanted() -> None:
    """It is opened when something is asked for, and closed when nothing is any more."""
    system = _System()
    coverage, one, _ = _covering(system)
    assert system.opened == 0
    coverage.cover(one, "/a")
    coverage.close_if_idle()
    assert system.opened == 1
    coverage.release(one, "/a", None)
    coverage.close_if_idle()
    assert system.opened == 0
