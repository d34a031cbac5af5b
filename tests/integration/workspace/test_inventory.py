"""Which worktrees are there, how large they are and what is in them is told without a word from the record."""

import os
import shutil
import subprocess
from pathlib import Path

from scheduler_daemon.workspace.inventory import Worktree, repositories, size_on_disk, worktrees
from scheduler_daemon.workspace.lock import known
from scheduler_daemon.workspace.worktree import prepare
from tests.integration.workspace.repository import Repository


def listed(repository: Repository, *passed_over: str) -> list[Worktree]:
    """All worktrees of a repository."""
    [tree] = repositories([str(repository.top)])
    return list(worktrees(tree, passed_over))


def made(repository: Repository, locks: Path, name: str) -> Repository:
    """A worktree of ours."""
    return Repository(prepare(repository.worktree(name), "job", locks))


def test_what_is_in_each_is_told(repository: Repository, locks: Path) -> None:
    """Branch, uncommitted paths, and commits that no other branch has, local or not."""
    made(repository, locks, "clean")
    dirty, merged, ahead = (made(repository, locks, name) for name in ("dirty", "merged", "nested/ahead"))
    dirty.write("new.txt")
    dirty.write("notes.txt", "changed\n")
    for tree in (merged, ahead):
        tree.write(f"{tree.top.name}.txt")
        tree.commit_all()
    repository.git("branch", "keeps-it", "merged")
    found = {each.branch: each for each in listed(repository)}
    assert list(found) == ["clean", "dirty", "merged", "nested/ahead"]
    told = {name: (each.uncommitted, each.unmerged, each.clean, each.merged) for name, each in found.items()}
    assert told == {
        "clean": (0, 0, True, True),
        "dirty": (2, 0, False, True),
        "merged": (0, 0, True, True),
        "nested/ahead": (0, 1, True, False),
    }
    assert {each.repository for each in found.values()} == {str(repository.top)}
    assert all(each.ours and each.exists and each.registered for each in found.values())
    assert [each.path for each in listed(repository, found["dirty"].path)] == [
        each.path for name, each in found.items() if name != "dirty"
    ]


def test_the_commands_remove_it(repository: Repository, locks: Path) -> None:
    """Each of them, whatever it is, with the branch that was made for it; names need not be plain."""
    moved = Repository(repository.top.rename(repository.top.with_name("it's mine")))
    repository = moved
    made(repository, locks, "clean")
    made(repository, locks, "dirty").write("new.txt")
    made(repository, locks, "switched").git("switch", "--quiet", "--create", "elsewhere")
    shutil.rmtree(made(repository, locks, "gone").top)
    forgotten = made(repository, locks, "forgotten")
    shutil.rmtree(repository.top / ".git/worktrees/forgotten")
    repository.git("worktree", "add", "--quiet", "-b", "agent", ".claude/worktrees/agent")
    found = {Path(each.path).name: each for each in listed(repository)}
    assert found.keys() == {"agent", "clean", "dirty", "forgotten", "gone", "switched"}
    assert (found["forgotten"].registered, found["forgotten"].clean) == (False, None)
    assert (found["gone"].exists, found["gone"].size) == (False, 0)
    assert not found["agent"].ours
    for each in found.values():
        for command in each.commands:
            subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True)
    assert listed(repository) == []
    assert not forgotten.top.exists()
    kept = repository.git("branch", "--format=%(refname:short)").split()
    assert kept == ["agent", "elsewhere", "forgotten", "gone", "main", "switched"]


def test_a_locked_one_says_why(repository: Repository, locks: Path) -> None:
    """Its reason is told."""
    tree = made(repository, locks, "night")
    repository.git("worktree", "lock", "--reason", "in use", str(tree.top))
    assert [each.locked for each in listed(repository)] == ["in use"]


def test_one_that_git_cannot_look_into_is_listed(repository: Repository, locks: Path) -> None:
    """With git's words; what is in it is not known."""
    tree = made(repository, locks, "night")
    (repository.top / ".git/worktrees/night/HEAD").write_text("nonsense\n")
    [found] = listed(repository)
    assert (found.path, found.clean, found.merged) == (str(tree.top), None, None)
    assert "not a git repository" in (found.problem or "")


def test_repositories_are_found_by_what_was_in_them(repository: Repository, locks: Path, tmp_path: Path) -> None:
    """By a folder, a worktree, one that is gone, by another of its work trees; each repository is told once."""
    tree = made(repository, locks, "night")
    repository.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    places = [f"{repository.top}/src", str(tree.top), f"{tree.top}/src/gone", f"{tmp_path}/other", str(tmp_path)]
    assert [each.top for each in repositories(places)] == [repository.top]


def test_the_locks_remember_where_we_worked(repository: Repository, locks: Path) -> None:
    """Also when job and runs are deleted, and the worktree's folder, too."""
    tree = made(repository, locks, "night")
    assert str(tree.top) in known(locks)
    shutil.rmtree(tree.top)
    assert [each.top for each in repositories(known(locks))] == [repository.top]
    assert known(locks / "nowhere") == []


def test_sizes_are_those_on_the_disk(tmp_path: Path) -> None:
    """As du(1) counts: a file of two names once, a link as itself, a folder that is gone as nothing."""
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"x" * 300_000)
    (folder / "below/b.bin").write_bytes(b"x" * 50_000)
    os.link(folder / "a.bin", folder / "below/again.bin")
    (folder / "below/link").symlink_to("/")
    own = folder.stat().st_blocks * 512
    in_blocks = {"PATH": os.environ["PATH"], "POSIXLY_CORRECT": "1", "BLOCKSIZE": "512"}
    told = subprocess.run(["du", "-s", folder], check=True, capture_output=True, text=True, env=in_blocks).stdout
    assert size_on_disk(folder) + own == int(told.split()[0]) * 512
    assert size_on_disk(tmp_path / "nowhere") == 0
