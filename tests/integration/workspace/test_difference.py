"""What a run changed lies between two trees, which are told while it goes on and long after."""

import shutil
import subprocess
from pathlib import Path

import pytest

from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.difference import Difference, of_commit, of_work_tree
from scheduler_daemon.workspace.removal import remove
from scheduler_daemon.workspace.snapshot import Snapshot, take
from scheduler_daemon.workspace.worktree import prepare
from tests.integration.workspace.repository import Repository


def before(repository: Repository) -> Snapshot:
    """The state of the work tree."""
    taken = take(repository.top)
    assert taken is not None
    return taken


def shown(found: Difference) -> list[str]:
    """The paths that git says differ between the two, each with the letter of its change."""
    command = ["git", "-C", found.repository, "diff", "--name-status", "--no-renames", found.before, found.after]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.replace("\t", " ") for line in done.stdout.splitlines()]


def test_one_commit_is_told_by_what_was_before_it(repository: Repository) -> None:
    """With the commit where the run began, and without."""
    base = repository.head
    repository.write("made.txt")
    made = repository.commit_all()
    found = of_commit([str(repository.top)], base, made)
    assert found == of_commit([str(repository.top)], None, made) == Difference(str(repository.top), base, made, [])
    assert shown(found) == ["A made.txt"]


def test_all_commits_since_the_run_began_are_told(repository: Repository) -> None:
    """The agent's own and the last."""
    base = repository.head
    for name in ("one.txt", "two.txt", "three.txt"):
        repository.write(name)
        repository.commit_all()
    assert shown(of_commit([str(repository.top)], base, repository.head)) == ["A one.txt", "A three.txt", "A two.txt"]


@pytest.mark.parametrize("base", ["another branch", "gone"])
def test_a_beginning_that_is_no_ancestor_is_not_compared_with(repository: Repository, base: str) -> None:
    """The run went to another branch: what differs between the branches is not its work."""
    repository.write("main-only.txt")
    elsewhere = repository.commit_all()
    repository.git("switch", "--quiet", "--create", "old", "HEAD~1")
    repository.write("made.txt")
    made = repository.commit_all()
    began = elsewhere if base == "another branch" else "0" * 40
    assert shown(of_commit([str(repository.top)], began, made)) == ["A made.txt"]


def test_the_first_commit_of_all_is_told_whole(tmp_path: Path) -> None:
    """Before it there was nothing."""
    repository = Repository.create(tmp_path / "empty")
    repository.write("made.txt")
    made = repository.commit_all()
    assert shown(of_commit([str(repository.top)], None, made)) == ["A made.txt"]


def test_a_worktree_that_is_gone_is_no_loss(repository: Repository, locks: Path) -> None:
    """The commit is in the repository around it, on a branch or on none."""
    worktree = Repository(prepare(repository.worktree(below="src"), "job", locks))
    worktree.write("made.txt")
    made = worktree.commit_all()
    remove(repository.worktree(), "job", locks, force=True)
    found = of_commit([str(worktree.top)], None, made)
    assert found.repository == str(repository.top)
    assert shown(found) == ["A src/made.txt"]


def test_a_repository_that_was_moved_is_found_where_its_job_works(repository: Repository, tmp_path: Path) -> None:
    """Of several places, the one that has the commit: another repository may be in the old place."""
    old = str(repository.top)
    made = repository.head
    moved = Repository(repository.top.rename(tmp_path / "moved"))
    assert of_commit([old, str(moved.top)], None, made).repository == str(moved.top)
    Repository.create(Path(old))
    assert of_commit([old, str(moved.top)], None, made).repository == str(moved.top)


def test_a_repository_that_is_gone_is_told(repository: Repository) -> None:
    """With the commit that nobody has any more."""
    made = repository.head
    shutil.rmtree(repository.top)
    with pytest.raises(WorkspaceRefused, match=f"the repository is gone, and with it the commit {made[:12]}"):
        of_commit([str(repository.top)], None, made)


def test_a_commit_that_is_gone_is_told(repository: Repository) -> None:
    """Rewritten, or its branch deleted, and cleared away since."""
    with pytest.raises(WorkspaceRefused, match=f"the commit 0{{12}} .* is not in {repository.top} any more"):
        of_commit([str(repository.top)], None, "0" * 40)


def test_a_run_under_way_is_told_so_far(repository: Repository, locks: Path) -> None:
    """New, changed and deleted files and its own commits; not what a person had changed before, which is named."""
    repository.write("mine.txt")
    repository.write("readme.txt", "a person's\n")
    start = before(repository)
    assert of_work_tree(repository.top, start, locks).left == []
    repository.write("own.txt")
    repository.git("add", "own.txt")
    repository.git("commit", "--quiet", "-m", "its own", "--", "own.txt")
    repository.write("notes.txt", "changed\n")
    repository.write("made.txt")
    (repository.top / "src/code.py").unlink()
    repository.write("readme.txt", "a run's\n")
    status, staged = repository.status(), repository.staged()
    found = of_work_tree(repository.top / "src", start, locks)
    assert shown(found) == ["A made.txt", "M notes.txt", "A own.txt", "D src/code.py"]
    assert found.left == ["readme.txt"]
    assert (repository.status(), repository.staged()) == (status, staged)


def test_a_run_that_has_changed_nothing_yet(repository: Repository, locks: Path) -> None:
    """The two trees are the same; in a repository without commits they are empty."""
    found = of_work_tree(repository.top, before(repository), locks)
    assert found.before == found.after
    empty = Repository.create(repository.top.parent / "empty")
    start = before(empty)
    assert of_work_tree(empty.top, start, locks).before == of_work_tree(empty.top, start, locks).after
    empty.write("made.txt")
    assert shown(of_work_tree(empty.top, start, locks)) == ["A made.txt"]


def test_a_work_tree_that_is_gone_cannot_be_told(repository: Repository, locks: Path) -> None:
    """And none around it is taken for it."""
    worktree = Repository(prepare(repository.worktree(), "job", locks))
    start = before(worktree)
    shutil.rmtree(worktree.top)
    with pytest.raises(WorkspaceRefused, match="in which the run began, is no longer there"):
        of_work_tree(worktree.top, start, locks)
