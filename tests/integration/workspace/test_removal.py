"""A worktree is removed when nothing is lost with it, and otherwise only by force."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.lock import hold
from scheduler_daemon.workspace.place import exclusion_key
from scheduler_daemon.workspace.removal import Removed, WouldBeLost, remove, standing
from scheduler_daemon.workspace.worktree import prepare
from tests.integration.workspace.repository import Repository


@pytest.fixture
def worktree(repository: Repository, locks: Path) -> Repository:
    """The worktree "night" of the repository."""
    return Repository(prepare(repository.worktree(), "job", locks))


def refused(repository: Repository, locks: Path, *, force: bool = False) -> str:
    """Why the worktree is not removed; it is all there afterwards."""
    folder, branch = repository.top / ".claude/worktrees/night", repository.git("branch", "--list", "night")
    files = sorted(folder.rglob("*"))
    with pytest.raises(WorkspaceRefused) as caught:
        remove(repository.worktree(), "job", locks, force=force)
    assert sorted(folder.rglob("*")) == files
    assert repository.git("branch", "--list", "night") == branch
    assert isinstance(caught.value, WouldBeLost) is not force
    return str(caught.value)


def gone(repository: Repository) -> bool:
    """Whether nothing of the worktree is left: no folder, no branch, no mark, nothing that git keeps of it."""
    return (
        not (repository.top / ".claude/worktrees/night").exists()
        and "night" not in repository.git("worktree", "list", "--porcelain")
        and repository.git("branch", "--list", "night") == ""
        and "night" not in (repository.top / ".git/config").read_text()
    )


def test_one_without_work_in_it_is_removed(repository: Repository, worktree: Repository, locks: Path) -> None:
    """Folder and branch are gone; the person's own files, index and branches are those of before."""
    repository.write("readme.txt", "a person's\n")
    contents = repository.contents()
    assert remove(repository.worktree(), "job", locks) == Removed(worktree.top, "night")
    assert gone(repository)
    assert repository.contents() == contents


def test_after_its_removal_it_can_be_made_anew(repository: Repository, worktree: Repository, locks: Path) -> None:
    """From the branch it begins at, as the first time."""
    remove(repository.worktree(), "job", locks)
    repository.write("later.txt")
    later = repository.commit_all()
    prepare(repository.worktree(), "job", locks)
    assert worktree.head == later


def test_one_that_is_merged_is_removed(repository: Repository, worktree: Repository, locks: Path) -> None:
    """Though the person is on another branch meanwhile; ignored files do not count."""
    worktree.write(".gitignore", "*.log\n")
    worktree.commit_all()
    worktree.write("run.log")
    repository.git("merge", "--quiet", "night")
    repository.git("switch", "--quiet", "--create", "elsewhere", "HEAD~1")
    remove(repository.worktree(), "job", locks)
    assert gone(repository)


@pytest.mark.parametrize("upstream", ["main", "night"])
def test_what_was_pushed_is_not_lost(
    repository: Repository, worktree: Repository, locks: Path, tmp_path: Path, upstream: str
) -> None:
    """Upstream of the branch it began at, or of its own."""
    repository.git("clone", "--quiet", "--bare", str(repository.top), str(tmp_path / "bare"))
    repository.git("remote", "add", "origin", str(tmp_path / "bare"))
    worktree.write("done.txt")
    worktree.commit_all()
    repository.git("push", "--quiet", "origin", f"night:{upstream}")
    assert "1 unmerged commit;" in refused(repository, locks)
    repository.git("branch", "--quiet", f"--set-upstream-to=origin/{upstream}", upstream)
    remove(repository.worktree(), "job", locks)
    assert gone(repository)


def test_uncommitted_work_is_named(repository: Repository, worktree: Repository, locks: Path) -> None:
    """Changed and new files, at most five of them by name; by force they go."""
    worktree.write("notes.txt", "changed\n")
    for number in range(6):
        worktree.write(f"new-{number}.txt")
    assert "uncommitted changes (new-0.txt, new-1.txt, new-2.txt, new-3.txt, new-4.txt and 2 more)" in refused(
        repository, locks
    )
    remove(repository.worktree(), "job", locks, force=True)
    assert gone(repository)


def test_unmerged_commits_are_counted(repository: Repository, worktree: Repository, locks: Path) -> None:
    """And it is said where they are to go; by force they do not."""
    for name in ("one.txt", "two.txt"):
        worktree.write(name)
        worktree.commit_all()
    assert "2 unmerged commits; commit what is to stay, and merge 'night' into 'main'" in refused(repository, locks)
    remove(repository.worktree(), "job", locks, force=True)
    assert gone(repository)


def test_commits_on_no_branch_would_be_lost(repository: Repository, worktree: Repository, locks: Path) -> None:
    """A run may have left HEAD on none."""
    worktree.git("switch", "--quiet", "--detach")
    worktree.write("one.txt")
    worktree.commit_all()
    assert "1 unmerged commit" in refused(repository, locks)


def test_another_branch_that_a_run_has_made_stays(repository: Repository, worktree: Repository, locks: Path) -> None:
    """With its commits, so nothing is lost; only the branch that was made for the worktree goes."""
    worktree.git("switch", "--quiet", "--create", "elsewhere")
    worktree.write("one.txt")
    own = worktree.commit_all()
    assert remove(repository.worktree(), "job", locks) == Removed(worktree.top, "night")
    assert gone(repository)
    assert repository.git("rev-parse", "elsewhere") == own


def test_where_the_branch_it_began_at_is_gone_nothing_is_merged(
    repository: Repository, worktree: Repository, locks: Path
) -> None:
    """Then no commit of it is sure to be elsewhere."""
    repository.git("branch", "--quiet", "--move", "main", "trunk")
    assert "1 unmerged commit" in refused(repository, locks)


def test_one_whose_folder_is_gone_is_tidied_up(repository: Repository, worktree: Repository, locks: Path) -> None:
    """What git keeps of it, and its branch; but not a branch with commits that are nowhere else."""
    worktree.write("one.txt")
    worktree.commit_all()
    shutil.rmtree(worktree.top)
    assert "1 unmerged commit" in refused(repository, locks)
    repository.git("merge", "--quiet", "night")
    remove(repository.worktree(), "job", locks)
    assert gone(repository)


def test_where_there_is_none_nothing_is_removed(repository: Repository, locks: Path) -> None:
    """It was never made, or is removed already; a person's branch of its name stays."""
    repository.git("branch", "night")
    assert remove(repository.worktree(), "job", locks) == Removed(None, None)
    assert repository.git("branch", "--list", "night")


@pytest.mark.parametrize("force", [False, True], ids=["asked", "by force"])
def test_what_is_not_ours_is_never_removed(repository: Repository, locks: Path, force: bool) -> None:
    """A worktree of the agent's or of a person's, and a folder that is none."""
    folder = repository.write(".claude/worktrees/night/thesis.txt").parent
    with pytest.raises(WorkspaceRefused, match="no worktree that git knows"):
        remove(repository.worktree(), "job", locks, force=force)
    assert (folder / "thesis.txt").exists()
    shutil.rmtree(folder)
    repository.git("worktree", "add", "--quiet", "-b", "night", str(folder))
    with pytest.raises(WorkspaceRefused, match="was not made by ccsched; remove it with") as caught:
        remove(repository.worktree(), "job", locks, force=force)
    subprocess.run(str(caught.value).split("`")[1].split(), check=True)
    assert not folder.exists()


def test_a_locked_one_is_not_removed(repository: Repository, worktree: Repository, locks: Path) -> None:
    """Not even by force; the message says why it was locked, and how to unlock it."""
    repository.git("worktree", "lock", "--reason", "on the usb stick", str(worktree.top))
    message = refused(repository, locks, force=True)
    assert "on the usb stick" in message
    subprocess.run(message.split("`")[1].split(), check=True)
    remove(repository.worktree(), "job", locks)
    assert gone(repository)


def test_another_work_tree_inside_is_not_removed_with_it(
    repository: Repository, worktree: Repository, locks: Path
) -> None:
    """Not even by force: such as the agent makes for itself; git does not count it as content."""
    inner = Repository(worktree.top / ".claude/worktrees/agent")
    worktree.git("worktree", "add", "--quiet", "-b", "agent", str(inner.top))
    inner.write("work.txt")
    message = refused(repository, locks, force=True)
    assert str(inner.top) in message
    assert (inner.top / "work.txt").exists()


def test_submodules_are_removed_only_by_force(
    repository: Repository, worktree: Repository, locks: Path, tmp_path: Path
) -> None:
    """Their commits are kept with the worktree, and may be nowhere else."""
    library = Repository.create(tmp_path / "library")
    library.write("lib.txt")
    library.commit_all()
    worktree.git("submodule", "--quiet", "add", str(library.top), "lib")
    worktree.commit_all()
    repository.git("merge", "--quiet", "night")
    assert "its submodules" in refused(repository, locks)
    remove(repository.worktree(), "job", locks, force=True)
    assert gone(repository)


def test_a_branch_that_is_in_use_elsewhere_stays(
    repository: Repository, worktree: Repository, locks: Path, tmp_path: Path
) -> None:
    """The folder goes all the same."""
    worktree.git("switch", "--quiet", "--detach")
    repository.git("worktree", "add", "--quiet", str(tmp_path / "other"), "night")
    assert remove(repository.worktree(), "job", locks) == Removed(worktree.top, None)
    assert repository.git("branch", "--list", "night")


def test_a_git_of_ours_that_is_at_work_there_is_waited_for(
    repository: Repository, worktree: Repository, locks: Path
) -> None:
    """As while a run's changes are committed: what it leaves is seen."""
    with ThreadPoolExecutor() as threads:
        with hold(locks, exclusion_key(repository.worktree(), "job")):
            removal = threads.submit(remove, repository.worktree(), "job", locks)
            with pytest.raises(TimeoutError):
                removal.result(0.2)
            worktree.write("late.txt")
        assert isinstance(removal.exception(), WouldBeLost)
    assert worktree.status() == ["?? late.txt"]


def test_without_a_repository_it_is_refused(tmp_path: Path, locks: Path) -> None:
    """Where the directory is no repository any more, nothing can be told."""
    (tmp_path / "plain").mkdir()
    config = JobWorkingDirectory(path=str(tmp_path / "plain"), use_git_worktree=True)
    with pytest.raises(WorkspaceRefused, match="is in no git repository now"):
        remove(config, "job", locks)


def test_the_one_that_stands_is_told(repository: Repository, worktree: Repository, locks: Path) -> None:
    """Its folder, and nothing where there is none, or none is asked for."""
    config = repository.worktree()
    assert standing(config, "job") == worktree.top
    assert standing(config.model_copy(update={"use_git_worktree": False}), "job") is None
    assert standing(config.model_copy(update={"path": "nowhere"}), "job") is None
    remove(config, "job", locks)
    assert standing(config, "job") is None
