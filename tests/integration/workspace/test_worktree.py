"""Worktrees are made once, used again, mended, and never somebody else's."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.worktree import prepare
from tests.integration.workspace.repository import Repository


def refused(config: JobWorkingDirectory, locks: Path) -> str:
    """Why a directory cannot be made ready."""
    with pytest.raises(WorkspaceRefused) as caught:
        prepare(config, "job", locks)
    return str(caught.value)


def test_a_worktree_is_made_on_its_own_branch(repository: Repository, locks: Path) -> None:
    """The branch is named like the worktree and starts where ``worktree_branch`` is."""
    worktree = Repository(prepare(repository.worktree(), "job", locks))
    assert worktree.top == repository.top / ".claude/worktrees/night"
    assert worktree.git("symbolic-ref", "HEAD") == "refs/heads/night"
    assert worktree.head == repository.head
    assert (worktree.top / "src/code.py").read_text() == "print()\n"


def test_the_main_tree_stays_as_it_is_to_the_byte(repository: Repository, locks: Path) -> None:
    """Files, staged and not, index, branches and stash are those of before; the status shows nothing new."""
    repository.write("notes.txt", "stashed\n")
    repository.git("stash")
    repository.write("readme.txt", "staged\n")
    repository.git("add", "readme.txt")
    repository.write("readme.txt", "and edited\n")
    repository.write("mine.txt")
    before, status = repository.contents(), repository.status()
    prepare(repository.worktree(), "job", locks)
    assert repository.contents() == before
    assert repository.status() == status


def test_the_worktrees_are_excluded_once(repository: Repository, locks: Path) -> None:
    """One line keeps all worktrees out of the status; what the file held before is kept."""
    exclude = repository.write(".git/info/exclude", "*.tmp")
    prepare(repository.worktree("a"), "job", locks)
    prepare(repository.worktree("b/c"), "job", locks)
    assert exclude.read_text() == "*.tmp\n/.claude/worktrees/\n"
    assert repository.status() == []


def test_a_worktree_is_used_again_as_it_was_left(repository: Repository, locks: Path) -> None:
    """Uncommitted work, and a branch that a run has switched to, are there for the next run."""
    worktree = Repository(prepare(repository.worktree(), "job", locks))
    worktree.git("switch", "--quiet", "--create", "elsewhere")
    worktree.write("left.txt")
    assert prepare(repository.worktree(), "job", locks) == worktree.top
    assert worktree.git("symbolic-ref", "HEAD") == "refs/heads/elsewhere"
    assert worktree.status() == ["?? left.txt"]


def test_a_subfolder_is_made_ready(repository: Repository, locks: Path) -> None:
    """The run works in the same folder below the worktree as the job names in the repository."""
    assert prepare(repository.worktree(below="src"), "job", locks) == repository.top / ".claude/worktrees/night/src"


def test_a_subfolder_that_is_gone_is_refused(repository: Repository, locks: Path) -> None:
    """A folder that the worktree has not, or has no longer, is named."""
    (repository.top / "drafts").mkdir()
    assert "no folder" in refused(repository.worktree(below="drafts"), locks)


def test_a_plain_directory_is_ready_if_it_is_there(tmp_path: Path, locks: Path) -> None:
    """Nothing is made where no worktree is asked for."""
    assert prepare(JobWorkingDirectory(path=str(tmp_path)), "job", locks) == tmp_path
    assert "does not exist" in refused(JobWorkingDirectory(path=str(tmp_path / "gone")), locks)


def test_a_persons_branch_is_not_taken(repository: Repository, locks: Path) -> None:
    """A branch without our mark is refused, with the command that hands it over, and that command works."""
    repository.git("branch", "night")
    message = refused(repository.worktree(), locks)
    assert "was not made by ccsched" in message
    subprocess.run(message.split("`")[1].split(), check=True)
    assert prepare(repository.worktree(), "job", locks).is_dir()


def test_a_branch_checked_out_elsewhere_is_refused(tmp_path: Path, repository: Repository, locks: Path) -> None:
    """Two work trees never share a branch."""
    repository.git("branch", "night")
    repository.git("config", "branch.night.ccsched", "true")
    repository.git("worktree", "add", "--quiet", str(tmp_path / "other"), "night")
    assert f"checked out in {tmp_path}/other" in refused(repository.worktree(), locks)


def test_somebody_elses_worktree_is_refused(repository: Repository, locks: Path) -> None:
    """A worktree of the agent's own in the same folder is not ours to work in."""
    repository.git("worktree", "add", "--quiet", "-b", "worktree-night", ".claude/worktrees/night")
    assert "on worktree-night, and was not made by ccsched" in refused(repository.worktree(), locks)


def test_a_folder_in_the_way_is_refused_and_kept(repository: Repository, locks: Path) -> None:
    """A folder that is no worktree is neither used nor removed."""
    file = repository.write(".claude/worktrees/night/thesis.txt")
    assert "is in the way" in refused(repository.worktree(), locks)
    assert file.exists()


def test_a_folder_removed_by_hand_is_made_again(repository: Repository, locks: Path) -> None:
    """Without its folder a worktree is made again on its branch, with the commits that are on it."""
    worktree = Repository(prepare(repository.worktree(), "job", locks))
    worktree.write("done.txt")
    done = worktree.commit_all()
    subprocess.run(["rm", "-rf", str(worktree.top)], check=True)
    prepare(repository.worktree(), "job", locks)
    assert worktree.head == done


def test_other_worktrees_whose_folder_is_gone_stay_registered(
    tmp_path: Path, repository: Repository, locks: Path
) -> None:
    """A worktree on a disk that is not there now is not forgotten."""
    repository.git("worktree", "add", "--quiet", str(tmp_path / "usb"))
    subprocess.run(["rm", "-rf", str(tmp_path / "usb")], check=True)
    worktree = prepare(repository.worktree(), "job", locks)
    subprocess.run(["rm", "-rf", str(worktree)], check=True)
    prepare(repository.worktree(), "job", locks)
    assert f"worktree {tmp_path}/usb" in repository.git("worktree", "list", "--porcelain")


def test_a_worktree_removed_with_its_branch_starts_anew(repository: Repository, locks: Path) -> None:
    """After ``git worktree remove`` and ``git branch -D`` the next one starts from ``worktree_branch``."""
    worktree = Repository(prepare(repository.worktree(), "job", locks))
    worktree.write("old.txt")
    worktree.commit_all()
    repository.git("worktree", "remove", str(worktree.top))
    repository.git("branch", "--quiet", "-D", "night")
    prepare(repository.worktree(), "job", locks)
    assert worktree.head == repository.head


def test_a_worktree_git_forgot_is_set_aside_with_its_work(repository: Repository, locks: Path) -> None:
    """Files in a folder that is a worktree no more are kept beside the new one."""
    worktree = Repository(prepare(repository.worktree(), "job", locks))
    worktree.write("only-here.txt")
    subprocess.run(["rm", "-rf", str(repository.top / ".git/worktrees/night")], check=True)
    prepare(repository.worktree(), "job", locks)
    assert worktree.status() == []
    assert (repository.top / ".claude/worktrees/night.aside-1/only-here.txt").exists()


def test_a_repository_that_was_moved_takes_its_worktrees_along(
    tmp_path: Path, repository: Repository, locks: Path
) -> None:
    """The links between repository and worktree are mended, and uncommitted work is still there."""
    Repository(prepare(repository.worktree(), "job", locks)).write("left.txt")
    moved = Repository(repository.top.rename(tmp_path / "moved"))
    worktree = Repository(prepare(moved.worktree(), "job", locks))
    assert worktree.top == tmp_path / "moved/.claude/worktrees/night"
    assert worktree.status() == ["?? left.txt"]


def test_a_locked_worktree_without_its_folder_is_refused(repository: Repository, locks: Path) -> None:
    """Who locked it meant it to stay; the message says why it was locked."""
    worktree = prepare(repository.worktree(), "job", locks)
    repository.git("worktree", "lock", "--reason", "on the usb stick", str(worktree))
    subprocess.run(["rm", "-rf", str(worktree)], check=True)
    assert "on the usb stick" in refused(repository.worktree(), locks)


def test_a_hook_that_fails_after_checkout_does_not_matter(repository: Repository, locks: Path) -> None:
    """git reports a failed post-checkout hook as a failure of its own, but the worktree is complete."""
    repository.hook("post-checkout", "exit 7")
    assert Repository(prepare(repository.worktree(), "job", locks)).status() == []


def test_a_checkout_that_fails_is_told_in_gits_words(repository: Repository, locks: Path) -> None:
    """What git says is in the message, and once the cause is gone it works."""
    repository.write(".gitattributes", "*.txt filter=broken\n")
    repository.git("config", "filter.broken.clean", "cat")
    repository.git("config", "filter.broken.smudge", "false")
    repository.git("config", "filter.broken.required", "true")
    repository.commit_all()
    assert "smudge filter broken failed" in refused(repository.worktree(), locks)
    repository.git("config", "filter.broken.smudge", "cat")
    assert Repository(prepare(repository.worktree(), "job", locks)).status() == []


def test_our_branch_without_a_worktree_is_used(repository: Repository, locks: Path) -> None:
    """Killed between making the branch and the worktree: the mark was set before, so it is ours."""
    repository.git("config", "branch.night.ccsched", "true")
    repository.git("branch", "night")
    assert Repository(prepare(repository.worktree(), "job", locks)).git("branch", "--show-current") == "night"


def test_a_branch_lock_that_a_killed_git_of_ours_left_is_no_obstacle(repository: Repository, locks: Path) -> None:
    """The branch was claimed and is not there: nobody else can be making it."""
    repository.git("config", "branch.night.ccsched", "true")
    (repository.top / ".git/refs/heads/night.lock").touch()
    prepare(repository.worktree(), "job", locks)
    assert repository.git("branch", "--list", "night")


def test_a_git_that_was_killed_while_making_the_worktree(repository: Repository, locks: Path) -> None:
    """At whatever moment ``git worktree add`` and its children are killed, the next one makes it complete."""
    for number in range(300):
        repository.write(f"data/{number}.txt", f"{number}\n" * 200)
    repository.commit_all()
    repository.git("config", "branch.night.ccsched", "true")
    chance = random.Random(7)
    seen = set()
    for _ in range(25):
        add = ["git", "-C", str(repository.top), "worktree", "add", "-q", "-b", "night", ".claude/worktrees/night"]
        with subprocess.Popen(add, start_new_session=True, stderr=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(0.0, 0.025))  # the random moment
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        seen.add((process.returncode, (repository.top / ".git/worktrees/night/locked").exists()))
        worktree = Repository(prepare(repository.worktree(), "job", locks))
        assert worktree.status() == []
        assert worktree.git("branch", "--show-current") == "night"
        assert "locked" not in repository.git("worktree", "list", "--porcelain")
        repository.git("worktree", "remove", str(worktree.top))
        repository.git("update-ref", "-d", "refs/heads/night")
    assert (-signal.SIGKILL, True) in seen, "no kill hit the making of a worktree"


@pytest.mark.timeout(20)
def test_an_exclude_file_that_is_a_pipe_is_not_waited_for(repository: Repository, locks: Path) -> None:
    """The worktree is refused, with the reason."""
    exclude = repository.top / ".git/info/exclude"
    exclude.unlink(missing_ok=True)
    os.mkfifo(exclude)
    with pytest.raises(WorkspaceRefused, match="not a regular file"):
        prepare(repository.worktree(), "job", locks)
