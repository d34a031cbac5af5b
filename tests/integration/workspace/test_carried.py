"""A later run has the work of the earlier one that it goes on with, and nothing that a person did in between."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler_daemon.workspace import snapshot as snapshots
from scheduler_daemon.workspace.commit import CommitResult, commit
from scheduler_daemon.workspace.snapshot import Snapshot, carried, changes, take
from scheduler_daemon.workspace.worktree import prepare
from tests.integration.workspace.repository import Repository

Act = Callable[[Repository], object]


def taken(repository: Repository) -> Snapshot:
    """The state of the work tree."""
    found = take(repository.top)
    assert found is not None
    return found


def nothing(_repository: Repository) -> None:
    """Leave everything as it is."""


def wrote(path: str, content: str = "new\n") -> Act:
    """Write a file."""
    return lambda repository: repository.write(path, content)


def removed(path: str) -> Act:
    """Delete a file."""
    return lambda repository: (repository.top / path).unlink()


def in_two_runs(
    repository: Repository, locks: Path, first: Act, between: Act, second: Act, at_first: Act = nothing
) -> CommitResult:
    """What is committed after a run that ended early, something done by a person, and the run that went on."""
    at_first(repository)
    before = taken(repository)
    first(repository)
    left = taken(repository)
    between(repository)
    start = carried(before, left, taken(repository))
    second(repository)
    return commit(repository.top, start, "task: tidy", {"Run": "2"}, locks)


def test_what_both_runs_changed_is_committed_by_the_last(repository: Repository, locks: Path) -> None:
    """New, changed and deleted files of the earlier run, some changed again by the later one; nothing is left."""

    def first(tree: Repository) -> None:
        tree.write("one.txt")
        tree.write("both.txt", "half\n")
        tree.write("notes.txt", "changed\n")
        (tree.top / "readme.txt").unlink()

    def second(tree: Repository) -> None:
        tree.write("two.txt")
        tree.write("both.txt", "whole\n")

    result = in_two_runs(repository, locks, first, nothing, second)
    expected = {"both.txt": "A", "notes.txt": "M", "one.txt": "A", "readme.txt": "D", "two.txt": "A"}
    assert repository.in_commit(result.commit) == expected
    assert (result.left, result.problem) == ([], None)
    assert repository.status() == []


def test_a_later_run_that_does_nothing_commits_the_earlier_ones_work(repository: Repository, locks: Path) -> None:
    """As where the agent finds that all is done."""
    result = in_two_runs(repository, locks, wrote("one.txt"), nothing, nothing)
    assert repository.in_commit(result.commit) == {"one.txt": "A"}


def test_what_was_a_persons_before_both_is_left(repository: Repository, locks: Path) -> None:
    """Untouched it is not told of, changed by either run it is named; none of it is committed."""

    def a_person(tree: Repository) -> None:
        for name in ("mine.txt", "readme.txt", "notes.txt"):
            tree.write(name, "a person's\n")

    result = in_two_runs(
        repository, locks, wrote("readme.txt", "a run's\n"), nothing, wrote("notes.txt", "a run's\n"), a_person
    )
    assert (result.commit, result.left) == (None, ["notes.txt", "readme.txt"])


@pytest.mark.parametrize("second", [nothing, wrote("one.txt", "a run's again\n")], ids=["untouched", "changed again"])
def test_what_a_person_edited_in_between_is_theirs(repository: Repository, locks: Path, second: Act) -> None:
    """A file of the earlier run that they changed is not committed; it is named if the later run changed it."""

    def first(tree: Repository) -> None:
        tree.write("one.txt")
        tree.write("two.txt")

    result = in_two_runs(repository, locks, first, wrote("one.txt", "a person's\n"), second)
    assert repository.in_commit(result.commit) == {"two.txt": "A"}
    assert result.left == ([] if second is nothing else ["one.txt"])
    assert repository.status() == ["?? one.txt"]


def test_what_a_person_made_in_between_is_theirs(repository: Repository, locks: Path) -> None:
    """New files, and files that neither run had changed before."""

    def a_person(tree: Repository) -> None:
        tree.write("mine.txt")
        tree.write("notes.txt", "a person's\n")

    result = in_two_runs(repository, locks, wrote("one.txt"), a_person, wrote("notes.txt", "a run's\n"))
    assert repository.in_commit(result.commit) == {"one.txt": "A"}
    assert result.left == ["notes.txt"]
    assert repository.status() == [" M notes.txt", "?? mine.txt"]


def test_what_a_person_set_back_in_between_is_as_if_new(repository: Repository, locks: Path) -> None:
    """They undid the earlier run's change; what the later one makes of the file is committed."""

    def first(tree: Repository) -> None:
        tree.write("notes.txt", "wrong\n")
        tree.write("one.txt")

    def undone(tree: Repository) -> None:
        tree.git("checkout", "--quiet", "notes.txt")
        (tree.top / "one.txt").unlink()

    result = in_two_runs(repository, locks, first, undone, nothing)
    assert result == CommitResult(None, "main", [], False, None)
    result = in_two_runs(repository, locks, first, undone, wrote("notes.txt", "right\n"))
    assert repository.in_commit(result.commit) == {"notes.txt": "M"}
    assert repository.git("show", "HEAD:notes.txt") == "right"


def test_a_persons_change_that_the_earlier_run_set_back_is_told_of(repository: Repository, locks: Path) -> None:
    """It was dirty before and clean after; the later run tells that it is gone, and does not commit there."""
    at_first, first = wrote("notes.txt", "a person's\n"), wrote("notes.txt", "notes\n")
    assert in_two_runs(repository, locks, first, nothing, nothing, at_first).left == ["notes.txt"]
    result = in_two_runs(repository, locks, first, nothing, wrote("notes.txt", "a run's\n"), at_first)
    assert (result.commit, result.left) == (None, ["notes.txt"])


def test_a_deletion_by_the_earlier_run_is_its_own(repository: Repository, locks: Path) -> None:
    """Unless a person has put the file back."""
    result = in_two_runs(repository, locks, removed("notes.txt"), wrote("notes.txt", "notes\n"), wrote("one.txt"))
    assert repository.in_commit(result.commit) == {"one.txt": "A"}
    result = in_two_runs(repository, locks, removed("notes.txt"), nothing, wrote("two.txt"))
    assert repository.in_commit(result.commit) == {"notes.txt": "D", "two.txt": "A"}


def test_commits_of_the_earlier_run_count_as_made_by_both(repository: Repository, locks: Path) -> None:
    """The agent committed by itself before it ended: the later run's changes are those since the first began."""
    before = taken(repository)
    repository.write("one.txt")
    own = repository.commit_all()
    repository.write("two.txt")
    start = carried(before, taken(repository), taken(repository))
    found = changes(repository.top, start)
    assert (found.commits, found.paths) == ([own], ["two.txt"])
    result = commit(repository.top, start, "task: tidy", {"Run": "2"}, locks)
    assert repository.in_commit(result.commit) == {"two.txt": "A"}


def another_task(tree: Repository) -> None:
    """A task commits its own work, and nothing else."""
    tree.write("other.txt")
    tree.git("add", "other.txt")
    tree.git("commit", "--quiet", "-m", "task: other")


def test_commits_of_others_in_between_take_nothing_from_the_earlier_run(repository: Repository, locks: Path) -> None:
    """Another task at work in the same directory: what the earlier run left is committed by the later one."""

    def first(tree: Repository) -> None:
        tree.write("one.txt")
        tree.write("notes.txt", "changed\n")

    result = in_two_runs(repository, locks, first, another_task, wrote("two.txt"), wrote("mine.txt"))
    assert repository.in_commit(result.commit) == {"notes.txt": "M", "one.txt": "A", "two.txt": "A"}
    assert repository.status() == ["?? mine.txt"]


def test_where_all_was_committed_in_between_nothing_is_left_to_carry(repository: Repository, locks: Path) -> None:
    """What a person has committed is theirs, and so is what they began after it."""

    def commits(tree: Repository) -> None:
        tree.commit_all()
        tree.write("mine.txt")

    result = in_two_runs(repository, locks, wrote("one.txt"), commits, wrote("one.txt", "more\n"))
    assert repository.in_commit(result.commit) == {"one.txt": "M"}
    assert repository.status() == ["?? mine.txt"]


def test_the_first_commit_of_all_takes_nothing_from_the_earlier_run(tmp_path: Path, locks: Path) -> None:
    """There was no commit yet when the earlier run had ended."""
    fresh = Repository.create(tmp_path / "fresh")
    result = in_two_runs(fresh, locks, wrote("one.txt"), another_task, wrote("two.txt"))
    assert fresh.in_commit(result.commit) == {"one.txt": "A", "two.txt": "A"}


def switches(tree: Repository) -> None:
    """A person goes to another branch at the same commit."""
    tree.git("switch", "--quiet", "--create", "theirs")


def rewrites(tree: Repository) -> None:
    """A person makes another commit of the one that was there."""
    tree.git("commit", "--quiet", "--amend", "-m", "rewritten")


def forgets(tree: Repository) -> None:
    """A person makes another commit of the one that was there, and that is gone."""
    rewrites(tree)
    tree.git("reflog", "expire", "--expire=now", "--all")
    tree.git("gc", "--quiet", "--prune=now")


@pytest.mark.parametrize("moving", [switches, rewrites, forgets])
def test_where_head_has_gone_elsewhere_nothing_is_carried(repository: Repository, moving: Act) -> None:
    """What lies there is the person's, who has looked at it."""
    before = taken(repository)
    repository.write("one.txt")
    left = taken(repository)
    moving(repository)
    repository.write("mine.txt")
    now = taken(repository)
    assert carried(before, left, now) == now


def test_of_another_work_tree_nothing_is_carried(repository: Repository, tmp_path: Path) -> None:
    """As where the job was given another directory in between, be it on the same branch at the same commit."""
    before = taken(repository)
    repository.write("one.txt")
    left = taken(repository)
    repository.git("clone", "--quiet", str(repository.top), str(tmp_path / "clone"))
    other = Repository(tmp_path / "clone")
    other.write("one.txt")
    now = taken(other)
    assert (now.head, now.branch) == (left.head, left.branch)
    assert carried(before, left, now) == now


def test_a_worktree_that_was_made_anew_has_nothing_of_the_earlier_run(repository: Repository, locks: Path) -> None:
    """It is at the same place and at the same commit, and clean: there is nothing to be taken for the run's."""
    tree = Repository(prepare(repository.worktree(), "job", locks))
    before = taken(tree)
    tree.write("one.txt")
    left = taken(tree)
    shutil.rmtree(tree.top)
    prepare(repository.worktree(), "job", locks)
    start = carried(before, left, taken(tree))
    assert start.dirty == {}
    assert not changes(tree.top, start).any


def test_files_that_were_ignored_before_stay_a_persons(repository: Repository, locks: Path) -> None:
    """The earlier run stopped ignoring them: they show as new files now, and they are not."""

    def at_first(tree: Repository) -> None:
        tree.write(".gitignore", "secret.env\n")
        tree.commit_all()
        tree.write("secret.env", "a person's\n")

    result = in_two_runs(repository, locks, wrote(".gitignore", ""), nothing, wrote("one.txt"), at_first)
    assert repository.in_commit(result.commit) == {".gitignore": "M", "one.txt": "A"}
    assert result.left == ["secret.env"]


def test_files_that_came_to_be_ignored_in_between_are_a_persons(repository: Repository, locks: Path) -> None:
    """Of an ignored file nobody knows who wrote it last; where the later run no longer ignores it, it is left."""

    def hidden(tree: Repository) -> None:
        tree.write(".git/info/exclude", "one.txt\n")

    def shown(tree: Repository) -> None:
        tree.write(".git/info/exclude", "")
        tree.write("two.txt")

    result = in_two_runs(repository, locks, wrote("one.txt"), hidden, shown)
    assert repository.in_commit(result.commit) == {"two.txt": "A"}
    assert result.left == ["one.txt"]


@pytest.mark.parametrize("edited", [False, True], ids=["as it was left", "edited"])
@pytest.mark.parametrize("by_stat", ["left", "now"])
def test_fingerprints_of_two_kinds_are_compared(
    repository: Repository, locks: Path, monkeypatch: pytest.MonkeyPatch, by_stat: str, edited: bool
) -> None:
    """Which files are read depends on how much else is to be read; a file is known again all the same."""

    def taken_by_stat(wanted: bool) -> Snapshot:
        with monkeypatch.context() as patch:
            if wanted:
                patch.setattr(snapshots, "_READ_OF_ALL", 0)
            return taken(repository)

    before = taken(repository)
    repository.write("one.txt")
    left = taken_by_stat(by_stat == "left")
    if edited:
        repository.write("one.txt", "abc\n")
        os.utime(repository.top / "one.txt", (1_700_000_000, 1_700_000_000))
    now = taken_by_stat(by_stat == "now")
    assert left.dirty["one.txt"].startswith("stat ") != now.dirty["one.txt"].startswith("stat ")
    result = commit(repository.top, carried(before, left, now), "task: tidy", {"Run": "2"}, locks)
    assert (result.commit is None) is edited


def test_a_huge_file_is_known_again(repository: Repository, locks: Path) -> None:
    """One of more than 10 MB is told by its size and time, and committed as the runs' own."""
    result = in_two_runs(repository, locks, wrote("huge.txt", "x" * (11 * 2**20)), nothing, wrote("one.txt"))
    assert repository.in_commit(result.commit) == {"huge.txt": "A", "one.txt": "A"}


def test_a_submodules_files_are_left_as_in_one_run(repository: Repository, locks: Path, tmp_path: Path) -> None:
    """What the earlier run changed inside is named; a commit it made there is committed here by the later one."""
    library = Repository.create(tmp_path / "library")
    library.write("lib.txt")
    library.commit_all()
    repository.git("submodule", "--quiet", "add", str(library.top), "lib")
    repository.commit_all()
    inside = Repository(repository.top / "lib")
    result = in_two_runs(repository, locks, lambda _: inside.write("lib.txt", "a\n"), nothing, nothing)
    assert (result.commit, result.left) == (None, ["lib"])
    result = in_two_runs(repository, locks, lambda _: inside.commit_all(), nothing, nothing, nothing)
    assert result.left == ["lib"], "it was dirty when the first of these two began"
    repository.commit_all()
    result = in_two_runs(
        repository, locks, lambda _: (inside.write("lib.txt", "b\n"), inside.commit_all()), nothing, wrote("one.txt")
    )
    assert repository.in_commit(result.commit) == {"lib": "M", "one.txt": "A"}


def test_it_is_carried_on_more_than_once(repository: Repository, locks: Path) -> None:
    """Three runs, each where the one before left off, with a person in between."""
    before = taken(repository)
    repository.write("one.txt")
    left = taken(repository)
    second = carried(before, left, taken(repository))
    repository.write("two.txt")
    left = taken(repository)
    repository.write("mine.txt")
    third = carried(second, left, taken(repository))
    repository.write("three.txt")
    result = commit(repository.top, third, "task: tidy", {"Run": "3"}, locks)
    assert repository.in_commit(result.commit) == {"one.txt": "A", "three.txt": "A", "two.txt": "A"}
    assert repository.status() == ["?? mine.txt"]
