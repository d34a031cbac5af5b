"""What a run changed is told apart from what was there before."""

import contextlib
import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused, layout, place
from scheduler_daemon.workspace.git import GitError
from scheduler_daemon.workspace.snapshot import Changes, Snapshot, changes, take
from scheduler_daemon.workspace.worktree import prepare
from tests.integration.workspace.repository import Repository

ODD_NAMES = [
    "a b",
    "new\nline",
    "-rf",
    "größe 🚀",
    "*",
    ":(top)x",
    "q\"uo'te",
    "back\\slash",
    "tab\t",
    "100%",
    "# x",
    "not-utf8-\udcff",
]


def before(repository: Repository) -> Snapshot:
    """A snapshot that has been through a file, as over a restart of the daemon."""
    taken = take(repository.top)
    assert taken is not None
    again = Snapshot.from_dict(json.loads(json.dumps(taken.to_dict(), ensure_ascii=False).encode()))
    assert again == taken
    return again


def since(repository: Repository, snapshot: Snapshot) -> Changes:
    """What has changed."""
    return changes(repository.top, snapshot)


def test_no_git_no_snapshot(tmp_path: Path) -> None:
    """A directory in no work tree has none."""
    assert take(tmp_path) is None


def test_a_bare_repository_has_none(tmp_path: Path, repository: Repository) -> None:
    """A bare repository is no work tree."""
    repository.git("clone", "--quiet", "--bare", str(repository.top), str(tmp_path / "bare"))
    assert take(tmp_path / "bare") is None


def test_a_bare_repository_inside_a_work_tree_is_no_part_of_it(repository: Repository, locks: Path) -> None:
    """A job may work there as in any directory; what changes in it is nothing to be committed around it."""
    bare = repository.top / "fixtures/bare.git"
    repository.git("clone", "--quiet", "--bare", str(repository.top), str(bare))
    config = JobWorkingDirectory(path=str(bare / "hooks"))
    place.check(config, "job")
    assert prepare(config, "job", locks) == bare / "hooks"
    assert take(bare / "hooks") is None
    assert place.exclusion_key(config, "job") == str(bare / "hooks")


def test_a_broken_work_tree_is_an_error(tmp_path: Path) -> None:
    """A worktree whose repository is gone is not taken for a plain directory."""
    (tmp_path / ".git").write_text("gitdir: /gone/.git/worktrees/x\n")
    with pytest.raises(GitError, match="not a git repository"):
        take(tmp_path)


def test_nothing_changed(repository: Repository) -> None:
    """Where nothing was done nothing has changed, however dirty the tree is."""
    repository.write("notes.txt", "mine\n")
    repository.write("mine.txt")
    snapshot = before(repository)
    assert snapshot.branch == "main"
    assert snapshot.head == repository.head
    assert not since(repository, snapshot).any


def test_the_runs_own_paths(repository: Repository) -> None:
    """Added, changed, deleted and renamed paths, and changed modes, wherever in the tree they are."""
    snapshot = before(repository)
    repository.write("src/added.py")
    repository.write("notes.txt", "changed\n")
    (repository.top / "readme.txt").rename(repository.top / "README")
    (repository.top / "src/code.py").chmod(0o755)
    found = changes(repository.top / "src", snapshot)
    assert found.paths == ["README", "notes.txt", "readme.txt", "src/added.py", "src/code.py"]
    assert found.left == []
    assert found.any


def test_paths_that_were_dirty_are_left_if_the_run_changed_them(repository: Repository) -> None:
    """Of the paths that were changed before, only those with another content now were changed by the run."""
    for name in ("readme.txt", "notes.txt", "mine.txt", "other.txt", "src/code.py"):
        repository.write(name, "a person's\n")
    repository.git("add", "notes.txt")
    snapshot = before(repository)
    repository.write("readme.txt", "a run's\n")
    repository.write("notes.txt", "a run's\n")
    repository.write("other.txt", "a person's\n")
    (repository.top / "mine.txt").unlink()
    repository.git("checkout", "--quiet", "src/code.py")
    found = since(repository, snapshot)
    assert found.left == ["mine.txt", "notes.txt", "readme.txt", "src/code.py"]
    assert found.paths == []


def test_a_huge_dirty_file_is_told_by_size_and_time(repository: Repository) -> None:
    """A file of more than 10 MB is not read, and still a change of it is seen."""
    huge = repository.top / "huge.bin"
    huge.write_bytes(bytes(11 * 2**20))
    snapshot = before(repository)
    assert snapshot.dirty["huge.bin"].startswith("stat ")
    assert not since(repository, snapshot).any
    with huge.open("r+b") as file:
        file.write(b"x")
    assert since(repository, snapshot).left == ["huge.bin"]


def test_symbolic_links_are_told_by_their_target(repository: Repository) -> None:
    """A dirty link that points elsewhere now has changed; what it points to has no say."""
    link = repository.top / "link"
    link.symlink_to("nowhere")
    snapshot = before(repository)
    assert not since(repository, snapshot).any
    link.unlink()
    link.symlink_to("elsewhere")
    assert since(repository, snapshot).left == ["link"]


def test_odd_names_survive(repository: Repository) -> None:
    """Any name a file can have is reported as it is, before the run and after it."""
    for name in ODD_NAMES:
        repository.write(name, "a person's\n")
    snapshot = before(repository)
    assert sorted(snapshot.dirty) == sorted(ODD_NAMES)
    for name in ODD_NAMES:
        repository.write(name, "a run's\n")
        repository.write(f"dir/{name}", "a run's\n")
    found = since(repository, snapshot)
    assert found.left == sorted(ODD_NAMES)
    assert found.paths == sorted(f"dir/{name}" for name in ODD_NAMES)


def test_ignored_files_do_not_count(repository: Repository) -> None:
    """What git ignores is no change."""
    repository.write(".gitignore", "*.log\n")
    repository.commit_all()
    snapshot = before(repository)
    repository.write("run.log")
    assert not since(repository, snapshot).any


def test_the_runs_commits_in_their_order(repository: Repository) -> None:
    """Commits the run made itself, oldest first; without those of a branch it merged."""
    repository.git("switch", "--quiet", "-c", "side")
    repository.write("side.txt")
    repository.commit_all()
    repository.git("switch", "--quiet", "main")
    snapshot = before(repository)
    repository.write("one.txt")
    first = repository.commit_all()
    repository.git("merge", "--quiet", "--no-edit", "side")
    found = since(repository, snapshot)
    assert found.commits == [first, repository.head]
    assert found.head == repository.head
    assert found.any
    assert found.paths == []


def test_going_back_is_a_change(repository: Repository) -> None:
    """HEAD may move without a commit."""
    repository.write("one.txt")
    repository.commit_all()
    snapshot = before(repository)
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    found = since(repository, snapshot)
    assert found.any
    assert found.commits == []


def test_the_first_commit_of_all(tmp_path: Path) -> None:
    """A repository without commits has a snapshot, and the first commit is the run's."""
    repository = Repository.create(tmp_path / "empty")
    repository.write("mine.txt")
    snapshot = before(repository)
    assert snapshot.head is None
    assert snapshot.branch == "main"
    repository.write("notes.txt")
    assert since(repository, snapshot).paths == ["notes.txt"]
    repository.git("add", "notes.txt")
    repository.git("commit", "--quiet", "-m", "first")
    assert since(repository, snapshot).commits == [repository.head]


def test_worktrees_inside_the_tree_are_no_part_of_it(repository: Repository, locks: Path) -> None:
    """Even where they are not excluded, work in them is not a change of the main tree."""
    worktree = Repository(prepare(repository.worktree(), "job", locks))
    repository.write(".git/info/exclude", "")
    snapshot = before(repository)
    assert snapshot.dirty == {}
    worktree.write("new.txt")
    assert not since(repository, snapshot).any


def test_a_clone_inside_the_tree_is_left(repository: Repository) -> None:
    """A repository of its own is told of, but nothing in it can be committed here."""
    snapshot = before(repository)
    repository.git("clone", "--quiet", str(repository.top), "vendor")
    found = since(repository, snapshot)
    assert found.left == ["vendor"]
    assert found.paths == []
    snapshot = before(repository)
    Repository(repository.top / "vendor").write("more.txt")
    Repository(repository.top / "vendor").commit_all()
    assert since(repository, snapshot).left == ["vendor"]


def test_a_branch_that_is_no_text_survives(repository: Repository) -> None:
    """Git takes any bytes for the name of a branch."""
    branch = os.fsdecode(b"caf\xe9/gr\xc3\xbcn%20100%")
    repository.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    assert before(repository).branch == branch


def test_a_work_tree_whose_path_is_no_text_survives(tmp_path: Path) -> None:
    """The work tree is known again by its path, whatever bytes that has."""
    repository = Repository.create(tmp_path / os.fsdecode(b"caf\xe9"))
    snapshot = before(repository)
    repository.write("a.txt")
    assert since(repository, snapshot).paths == ["a.txt"]
    shutil.rmtree(repository.top)
    with pytest.raises(WorkspaceRefused, match=r"caf\\xe9"):
        since(repository, snapshot)


def test_another_repository_in_its_place_is_not_taken_for_it(repository: Repository, tmp_path: Path) -> None:
    """A path that leads to another work tree now tells nothing of the run."""
    link = tmp_path / "link"
    link.symlink_to(repository.top)
    snapshot = take(link)
    assert snapshot is not None
    link.unlink()
    link.symlink_to(Repository.create(tmp_path / "other").top)
    with pytest.raises(WorkspaceRefused, match="in which the run began, is no longer there"):
        changes(link, snapshot)


def plant(path: Path, kind: str) -> None:
    """Put something in a file's place that would be read without end."""
    path.unlink(missing_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            # By its name alone, for a socket's path may not be long.
            with socket.socket(socket.AF_UNIX) as listening, contextlib.chdir(path.parent):
                listening.bind(path.name)
        case _:
            path.symlink_to("/dev/zero")


PLANTED = ["pipe", "socket", "device"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_no_file_is_no_repository(tmp_path: Path, kind: str) -> None:
    """A .git that is no file and no folder is passed over; it is not waited for."""
    plant(tmp_path / ".git", kind)
    assert layout.find(tmp_path) is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("name", ["commondir", "gitdir", "locked"])
def test_what_git_keeps_of_a_worktree_may_be_no_file(
    repository: Repository, locks: Path, name: str, kind: str
) -> None:
    """None of the files by which a worktree is found is waited for."""
    worktree = prepare(repository.worktree(), "job", locks)
    registered = layout.git_dir_of(worktree)
    assert registered is not None
    plant(registered / name, kind)
    assert layout.find(worktree) is not None
    assert layout.belongs_to(registered, worktree) is (name != "gitdir")
    assert layout.lock_reason(registered) == ("" if name == "locked" else None)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", PLANTED)
def test_a_dirty_path_that_is_no_file_is_not_read(repository: Repository, kind: str) -> None:
    """A tracked file may be a pipe before the run or after it; each is a change, and neither is waited for."""
    plant(repository.top / "notes.txt", kind)
    repository.write("readme.txt", "a person's\n")
    snapshot = before(repository)
    assert not since(repository, snapshot).any
    plant(repository.top / "readme.txt", kind)
    plant(repository.top / "src/code.py", kind)
    found = since(repository, snapshot)
    assert (found.left, found.paths) == (["readme.txt"], ["src/code.py"])
