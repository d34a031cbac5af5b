"""Exactly what the run changed is committed, once, and nothing a person did is lost."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler_daemon.workspace import WorkspaceRefused, git, index
from scheduler_daemon.workspace.commit import CommitResult, commit
from scheduler_daemon.workspace.snapshot import Snapshot, changes, take
from scheduler_daemon.workspace.worktree import prepare
from tests.integration.workspace.repository import Repository
from tests.integration.workspace.test_snapshot import ODD_NAMES

TRAILERS = {"Run": "0b1d2c3e", "Session": "s-1"}
Commit = Callable[[Repository, Snapshot], CommitResult]


@pytest.fixture
def commit_run(locks: Path) -> Commit:
    """Commit what changed since a snapshot, as task "tidy"."""

    def committed(repository: Repository, before: Snapshot) -> CommitResult:
        return commit(repository.top, before, "task: tidy", TRAILERS, locks)

    return committed


def snapshot(repository: Repository) -> Snapshot:
    """The snapshot of a repository."""
    taken = take(repository.top)
    assert taken is not None
    return taken


def test_all_kinds_of_change_are_in_the_commit(repository: Repository, commit_run: Commit) -> None:
    """Added, modified, deleted, renamed, made executable, linked, file to folder: and then the tree is clean."""
    repository.write("data", "file\n")
    repository.write("old/name.txt", "name\n")
    repository.commit_all()
    before = snapshot(repository)
    repository.write("src/new.py")
    repository.write("notes.txt", "changed\n")
    (repository.top / "readme.txt").unlink()
    (repository.top / "old").rename(repository.top / "new")
    (repository.top / "src/code.py").chmod(0o755)
    (repository.top / "link").symlink_to("nowhere")
    (repository.top / "data").unlink()
    repository.write("data/inside.txt")
    result = commit_run(repository, before)
    assert result == CommitResult(repository.head, "main", [], True, None)
    assert repository.in_commit(result.commit) == {
        "data": "D",
        "data/inside.txt": "A",
        "link": "A",
        "new/name.txt": "A",
        "notes.txt": "M",
        "old/name.txt": "D",
        "readme.txt": "D",
        "src/code.py": "M",
        "src/new.py": "A",
    }
    assert repository.status() == []


def test_a_folder_may_become_a_file(repository: Repository, commit_run: Commit) -> None:
    """The other way round."""
    before = snapshot(repository)
    (repository.top / "src/code.py").unlink()
    (repository.top / "src").rmdir()
    repository.write("src", "a file now\n")
    assert repository.in_commit(commit_run(repository, before).commit) == {"src": "A", "src/code.py": "D"}
    assert repository.status() == []


def test_a_persons_changes_stay_as_they_were(repository: Repository, commit_run: Commit) -> None:
    """Edited, staged, staged and edited again, staged deletions and renames, untracked: none is committed."""
    for name in ("staged.txt", "both.txt", "gone.txt", "old-name.txt"):
        repository.write(name, f"{name}\n")
    repository.commit_all()
    repository.write("readme.txt", "edited\n")
    repository.write("staged.txt", "staged\n")
    repository.write("both.txt", "staged\n")
    repository.write("new.txt", "staged\n")
    repository.git("add", "staged.txt", "both.txt", "new.txt")
    repository.write("both.txt", "edited again\n")
    repository.git("rm", "--quiet", "gone.txt")
    repository.git("mv", "old-name.txt", "new-name.txt")
    repository.write("untracked.txt", "untracked\n")
    repository.write("meant.txt", "later\n")
    repository.git("add", "--intent-to-add", "meant.txt")
    status, staged_diff = repository.status(), repository.git("diff", "--cached", "--binary")
    before = snapshot(repository)

    repository.write("notes.txt", "a run's\n")
    repository.write("made.txt", "a run's\n")
    result = commit_run(repository, before)
    assert repository.in_commit(result.commit) == {"made.txt": "A", "notes.txt": "M"}
    assert repository.status() == status
    assert repository.git("diff", "--cached", "--binary") == staged_diff
    assert (repository.top / "both.txt").read_text() == "edited again\n"


def test_what_both_changed_is_left_and_named(repository: Repository, commit_run: Commit) -> None:
    """A path a person had changed stays uncommitted with the run's change in it."""
    repository.write("readme.txt", "a person's\n")
    repository.git("add", "readme.txt")
    before = snapshot(repository)
    repository.write("readme.txt", "a run's\n")
    repository.write("made.txt")
    result = commit_run(repository, before)
    assert result.left == ["readme.txt"]
    assert repository.in_commit(result.commit) == {"made.txt": "A"}
    assert repository.git("show", ":readme.txt") == "a person's"


def test_only_left_paths_make_no_commit(repository: Repository, commit_run: Commit) -> None:
    """There is a change to tell of, but nothing to commit."""
    repository.write("readme.txt", "a person's\n")
    before = snapshot(repository)
    repository.write("readme.txt", "a run's\n")
    assert commit_run(repository, before) == CommitResult(None, "main", ["readme.txt"], True, None)


def test_nothing_changed_makes_no_commit(repository: Repository, commit_run: Commit) -> None:
    """There is nothing to tell of."""
    assert commit_run(repository, snapshot(repository)) == CommitResult(None, "main", [], False, None)


def test_what_the_run_staged_is_committed_as_the_files_are(repository: Repository, commit_run: Commit) -> None:
    """Whether the run added its files or not makes no difference; a path it told git to forget is forgotten."""
    repository.write("secret.env", "x\n")
    repository.commit_all()
    before = snapshot(repository)
    repository.write("made.txt", "staged\n")
    repository.git("add", "made.txt")
    repository.write("made.txt", "newer\n")
    repository.write(".gitignore", "secret.env\n")
    repository.git("rm", "--quiet", "--cached", "secret.env")
    repository.git("rm", "--quiet", "--cached", "notes.txt")
    repository.write("notes.txt", "written anew\n")
    result = commit_run(repository, before)
    expected = {".gitignore": "A", "made.txt": "A", "notes.txt": "M", "secret.env": "D"}
    assert repository.in_commit(result.commit) == expected
    assert repository.git("show", "HEAD:made.txt") == "newer"
    assert (repository.top / "secret.env").exists()
    assert repository.status() == []


def test_odd_names_are_committed(repository: Repository, locks: Path, commit_run: Commit) -> None:
    """Names are never patterns: ``*`` is one file."""
    repository.write("bystander", "a person's\n")
    before = snapshot(repository)
    for name in ODD_NAMES:
        repository.write(name)
    result = commit_run(repository, before)
    assert sorted(repository.in_commit(result.commit)) == sorted(ODD_NAMES)
    assert repository.status() == ["?? bystander"]
    before = snapshot(repository)
    for name in ODD_NAMES:
        (repository.top / name).unlink()
    result = commit(repository.top, before, "task: tidy", {"Run": "2"}, locks)
    assert repository.in_commit(result.commit) == dict.fromkeys(ODD_NAMES, "D")


def test_left_paths_can_be_shown(repository: Repository, commit_run: Commit) -> None:
    """A name that is not UTF-8 is shown with escapes, so that it can be stored as text."""
    repository.write("not-utf8-\udcff", "a person's\n")
    before = snapshot(repository)
    repository.write("not-utf8-\udcff", "a run's\n")
    assert commit_run(repository, before).left == ["not-utf8-\\xff"]


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("say \"hi\" & 'bye' $(rm)", "task: say \"hi\" & 'bye' $(rm)"),
        ("two\nlines\r\n\nRun: forged", "task: two lines Run: forged"),
        ("🚀 👩‍💻 größe", "task: 🚀 👩‍💻 größe"),
        ("# no comment", "task: # no comment"),
        ("nul\0 and \udcff", "task: nul and"),
        ("x" * 500, "task: " + "x" * 500),
    ],
)
def test_any_name_makes_one_line_and_a_block_of_trailers(
    repository: Repository, locks: Path, name: str, subject: str
) -> None:
    """git reads the trailers back, whatever the task is called."""
    before = snapshot(repository)
    repository.write("made.txt")
    result = commit(repository.top, before, f"task: {name}", TRAILERS | {"Empty": " "}, locks)
    assert result.problem is None
    assert repository.git("log", "-1", "--format=%s") == subject
    assert repository.git("log", "-1", "--format=%(trailers)").strip() == "Run: 0b1d2c3e\nSession: s-1"
    assert repository.git("log", "-1", "--format=%B").strip() == f"{subject}\n\nRun: 0b1d2c3e\nSession: s-1"


def test_a_second_call_finds_the_first_ones_commit(repository: Repository, commit_run: Commit) -> None:
    """The daemon may have died before it wrote down that it had committed."""
    before = snapshot(repository)
    repository.write("made.txt")
    first = commit_run(repository, before)
    assert commit_run(repository, before) == first
    assert repository.git("rev-list", "--count", "HEAD") == "2"


def test_a_second_call_mends_an_index_that_is_behind(
    repository: Repository, commit_run: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between commit and index: the index follows later, but not where somebody staged since."""
    before = snapshot(repository)
    for name in ("notes.txt", "made.txt", "later.txt"):
        repository.write(name, "a run's\n")
    (repository.top / "readme.txt").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(index, "follow", lambda *_, **__: None)
        commit_run(repository, before)
    repository.write("later.txt", "a person's\n")
    repository.git("add", "later.txt")
    assert "D  made.txt" in repository.status()
    commit_run(repository, before)
    assert repository.status() == ["M  later.txt"]


def test_a_run_that_committed_everything_itself(repository: Repository, commit_run: Commit) -> None:
    """Its newest commit is the answer."""
    before = snapshot(repository)
    repository.write("one.txt")
    repository.commit_all()
    repository.write("two.txt")
    newest = repository.commit_all()
    assert commit_run(repository, before) == CommitResult(newest, "main", [], True, None)


def test_a_run_that_committed_a_part(repository: Repository, commit_run: Commit) -> None:
    """The rest is committed after it."""
    before = snapshot(repository)
    repository.write("one.txt")
    own = repository.commit_all()
    repository.write("two.txt")
    result = commit_run(repository, before)
    assert repository.in_commit(result.commit) == {"two.txt": "A"}
    assert repository.git("rev-parse", "HEAD^") == own


def test_the_first_commit_of_all(tmp_path: Path, commit_run: Commit) -> None:
    """A repository without commits gets its first one; what was there before stays out of it."""
    repository = Repository.create(tmp_path / "empty")
    repository.write("mine.txt")
    repository.write("staged.txt")
    repository.git("add", "staged.txt")
    before = snapshot(repository)
    repository.write("made.txt")
    result = commit_run(repository, before)
    assert repository.in_commit(result.commit) == {"made.txt": "A"}
    assert repository.status() == ["?? mine.txt", "A  staged.txt"]


def test_a_run_below_the_top(repository: Repository, locks: Path) -> None:
    """A run in a subfolder may change all of the work tree."""
    before = take(repository.top / "src")
    assert before is not None
    repository.write("above.txt")
    repository.write("src/below.txt")
    result = commit(repository.top / "src", before, "task: tidy", TRAILERS, locks)
    assert repository.in_commit(result.commit) == {"above.txt": "A", "src/below.txt": "A"}


def test_a_worktrees_commit_leaves_the_main_tree_alone(
    repository: Repository, commit_run: Commit, locks: Path
) -> None:
    """The commit is on the worktree's branch; the person's files, index and branches are those of before."""
    repository.write("readme.txt", "a person's\n")
    repository.write("staged.txt")
    repository.git("add", "staged.txt")
    contents = repository.contents()
    worktree = Repository(prepare(repository.worktree(), "job", locks))
    before = snapshot(worktree)
    worktree.write("readme.txt", "a run's\n")
    result = commit_run(worktree, before)
    assert result.branch == "night"
    assert repository.git("rev-parse", "night") == result.commit
    assert repository.contents() == contents
    assert worktree.status() == []


def test_hooks_run_on_exactly_what_is_committed(repository: Repository, commit_run: Commit, tmp_path: Path) -> None:
    """A hook sees the run's paths as staged, and patterns work in it; what it adds is in the commit and index."""
    repository.write("mine.py")
    repository.git("add", "mine.py")
    before = snapshot(repository)
    repository.write("made.py", "x=1\n")
    script = f"git diff --cached --name-only -- '*.py' >{tmp_path}/seen; echo x = 1 >made.py; git add made.py"
    repository.hook("pre-commit", script)
    result = commit_run(repository, before)
    assert (tmp_path / "seen").read_text() == "made.py\n"
    assert result.problem is None
    assert repository.git("show", "HEAD:made.py") == "x = 1"
    assert repository.status() == ["A  mine.py"]


def test_a_hook_that_refuses_loses_nothing(repository: Repository, commit_run: Commit) -> None:
    """Its message is the problem; files and index are as the run left them."""
    repository.write("staged.txt")
    repository.git("add", "staged.txt")
    before = snapshot(repository)
    repository.write("made.txt")
    repository.hook("pre-commit", "printf '\\033[31mno tabs, please\\033[0m\\n' >&2; exit 1")
    head, staged = repository.head, repository.staged()
    result = commit_run(repository, before)
    assert result.commit is None
    assert result.problem is not None
    assert result.problem.endswith("no tabs, please")
    assert result.left == ["made.txt"]
    assert (repository.head, repository.staged()) == (head, staged)
    assert repository.status() == ["?? made.txt", "A  staged.txt"]
    assert not list((repository.top / ".git").glob("ccsched*"))


def test_a_hook_that_mends_the_files_gets_a_second_try(repository: Repository, commit_run: Commit) -> None:
    """Formatters refuse once, and are content with what they have written."""
    before = snapshot(repository)
    repository.write("made.py", "x=1\n")
    repository.hook("pre-commit", "grep -q 'x = 1' made.py && exit 0; echo x = 1 >made.py; exit 1")
    result = commit_run(repository, before)
    assert result.problem is None
    assert repository.git("show", "HEAD:made.py") == "x = 1"
    assert repository.status() == []


@pytest.mark.parametrize("when", ["pre-commit", "post-commit"])
def test_what_a_hook_writes_and_does_not_stage_is_named(
    repository: Repository, commit_run: Commit, when: str
) -> None:
    """The commit holds what the run wrote, the tree what the hook made of it; so it is told again later."""
    before = snapshot(repository)
    repository.write("made.py", "x=1\n")
    repository.write("other.py")
    repository.hook(when, "echo x = 1 >made.py")
    result = commit_run(repository, before)
    assert result == CommitResult(repository.head, "main", ["made.py"], True, None)
    assert repository.git("show", "HEAD:made.py") == "x=1"
    assert repository.status() == [" M made.py"]
    assert commit_run(repository, before) == result


def test_a_hook_that_adds_a_persons_file_is_the_problem(repository: Repository, commit_run: Commit) -> None:
    """Its commit is taken back; the person's file is as it was, and the run's is named."""
    repository.write("readme.txt", "a person's\n")
    before = snapshot(repository)
    repository.write("made.txt")
    repository.hook("pre-commit", "git add --all")
    head = repository.head
    result = commit_run(repository, before)
    assert "a hook added readme.txt, which was changed before the run" in (result.problem or "")
    assert (result.commit, result.left) == (None, ["made.txt"])
    assert repository.head == head
    assert repository.status() == [" M readme.txt", "?? made.txt"]


@pytest.mark.parametrize("name", ["commit-msg", "prepare-commit-msg"])
def test_a_message_that_a_hook_refuses_is_the_problem(repository: Repository, commit_run: Commit, name: str) -> None:
    """As where each subject is to name a ticket; the work is left in the tree."""
    before = snapshot(repository)
    repository.write("made.txt")
    repository.hook(name, "echo 'no ticket in the subject' >&2; exit 1")
    result = commit_run(repository, before)
    assert "no ticket in the subject" in (result.problem or "")
    assert (result.commit, result.left) == (None, ["made.txt"])
    assert repository.status() == ["?? made.txt"]


@pytest.mark.parametrize("what", ["merge", "rebase", "cherry-pick", "revert", "bisect"])
def test_in_the_middle_of_something_nothing_is_committed(
    repository: Repository, commit_run: Commit, what: str
) -> None:
    """Such a state is somebody's decision to make; the problem says which and how to end it."""
    repository.git("switch", "--quiet", "-c", "side")
    repository.write("notes.txt", "side\n")
    repository.commit_all()
    repository.git("switch", "--quiet", "main")
    repository.write("notes.txt", "main\n")
    repository.commit_all()
    before = snapshot(repository)
    arguments = {"merge": ["side"], "rebase": ["side"], "cherry-pick": ["side"], "revert": ["side"]}
    command = ["git", "-C", str(repository.top), what, *arguments.get(what, ["start"])]
    subprocess.run(command, capture_output=True, check=False)
    repository.write("made.txt")
    head = repository.head
    result = commit_run(repository, before)
    assert result.problem is not None
    assert f"a {what} is under way" in result.problem
    assert "made.txt" in result.left
    assert repository.head == head
    ending = result.problem.split("`")[1].split()
    subprocess.run(["git", "-C", str(repository.top), *ending[1:]], check=True, capture_output=True)


def test_on_no_branch_nothing_is_committed(repository: Repository, commit_run: Commit) -> None:
    """A commit on a detached HEAD would be lost at the next switch."""
    repository.git("switch", "--quiet", "--detach")
    before = snapshot(repository)
    repository.write("made.txt")
    result = commit_run(repository, before)
    assert result.commit is None
    assert result.problem is not None
    assert "on no branch" in result.problem


def test_conflicts_are_not_committed(repository: Repository, commit_run: Commit) -> None:
    """A stash that did not apply leaves marks in the files."""
    repository.write("notes.txt", "stashed\n")
    repository.git("stash")
    repository.write("notes.txt", "committed\n")
    repository.commit_all()
    before = snapshot(repository)
    subprocess.run(["git", "-C", str(repository.top), "stash", "pop"], capture_output=True, check=False)
    result = commit_run(repository, before)
    assert result.problem is not None
    assert "conflicts in notes.txt" in result.problem


def test_a_lock_is_waited_for(repository: Repository, commit_run: Commit) -> None:
    """Another git that is at work for a moment is no problem."""
    before = snapshot(repository)
    repository.write("made.txt")
    lock = repository.write(".git/index.lock", "")
    with subprocess.Popen(["sh", "-c", f"sleep 0.3; rm '{lock}'"]):
        assert commit_run(repository, before).problem is None


def test_a_lock_that_stays_is_the_problem(
    repository: Repository, commit_run: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the wait the problem names the lock file, and nothing was committed."""
    monkeypatch.setattr(git, "LOCK_WAIT", 0.1)
    monkeypatch.setattr(index, "LOCK_WAIT", 0.1)
    before = snapshot(repository)
    repository.write("made.txt")
    lock = repository.write(".git/index.lock", "")
    head = repository.head
    result = commit_run(repository, before)
    assert result.problem is not None
    assert str(lock) in result.problem
    assert repository.head == head
    lock.unlink()
    assert commit_run(repository, before).problem is None


def test_a_commit_made_at_the_same_moment_is_not_taken_back(
    repository: Repository, commit_run: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a person commits after we have looked, theirs stands, and ours is made anew on top of it."""
    before = snapshot(repository)
    repository.write("made.txt")
    stage = index.stage

    def with_a_person(own: git.Git, removed: Iterable[str], written: Iterable[str]) -> str:
        staged = stage(own, removed, written)
        if repository.git("log", "-1", "--format=%s") != "meanwhile":
            repository.write("notes.txt", "a person's\n")
            repository.git("commit", "--quiet", "-m", "meanwhile", "--", "notes.txt")
        return staged

    monkeypatch.setattr(index, "stage", with_a_person)
    result = commit_run(repository, before)
    assert result.problem is None
    assert result.commit == repository.git("rev-parse", "HEAD")
    assert repository.git("log", "-1", "--format=%s", "HEAD^") == "meanwhile"
    assert repository.git("show", "--format=", "--name-only", "HEAD") == "made.txt"
    assert repository.git("show", "HEAD:notes.txt") == "a person's"
    assert repository.status() == []


def test_without_an_identity_there_is_a_fallback(
    repository: Repository, commit_run: Commit, git_identity: Path
) -> None:
    """Who has set no name is still served; who has set one is the author."""
    before = snapshot(repository)
    repository.write("made.txt")
    commit_run(repository, before)
    assert (
        repository.git("log", "-1", "--format=%an <%ae> %cn <%ce>") == "Ada <ada@example.org> Ada <ada@example.org>"
    )
    git_identity.write_text("[user]\n\tuseConfigOnly = true\n")
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.write("made.txt")
    commit_run(repository, before)
    fallback = "ccsched <ccsched@localhost>"
    assert repository.git("log", "-1", "--format=%an <%ae> %cn <%ce>") == f"{fallback} {fallback}"


def test_the_daemons_own_git_variables_have_no_say(
    repository: Repository, commit_run: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that was started from a hook still works in the directory it is told."""
    other = Repository.create(tmp_path / "other")
    before = snapshot(repository)
    repository.write("made.txt")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(other.top / ".git"))
        patch.setenv("GIT_WORK_TREE", str(other.top))
        patch.setenv("GIT_INDEX_FILE", str(other.top / "index"))
        patch.setenv("LC_ALL", "de_DE.UTF-8")
        assert snapshot(repository).dirty.keys() == {"made.txt"}
        result = commit_run(repository, before)
    assert repository.in_commit(result.commit) == {"made.txt": "A"}


def test_a_clone_inside_the_tree_is_left_out(repository: Repository, commit_run: Commit) -> None:
    """Even if the run has added it: a commit of it would lead nowhere. The rest is committed."""
    before = snapshot(repository)
    repository.git("clone", "--quiet", str(repository.top), "vendor")
    repository.git("init", "--quiet", "unborn")
    repository.write("made.txt")
    repository.git("-c", "advice.addEmbeddedRepo=false", "add", "vendor", "made.txt")
    result = commit_run(repository, before)
    assert repository.in_commit(result.commit) == {"made.txt": "A"}
    assert result.left[-1] == "vendor"
    assert result.problem is None


def test_submodules_are_committed_as_submodules(
    repository: Repository, commit_run: Commit, locks: Path, tmp_path: Path
) -> None:
    """One that was added, one with a new commit and one that was removed; files changed inside stay there."""
    library = Repository.create(tmp_path / "library")
    library.write("lib.txt")
    library.commit_all()
    before = snapshot(repository)
    repository.git("submodule", "--quiet", "add", str(library.top), "lib")
    assert repository.in_commit(commit_run(repository, before).commit) == {".gitmodules": "A", "lib": "A"}

    before = snapshot(repository)
    inside = Repository(repository.top / "lib")
    inside.write("lib.txt", "changed\n")
    assert commit(repository.top, before, "task: 2", {"Run": "2"}, locks).left == ["lib"]
    inside.commit_all()
    result = commit(repository.top, before, "task: 3", {"Run": "3"}, locks)
    assert repository.in_commit(result.commit) == {"lib": "M"}

    before = snapshot(repository)
    repository.git("rm", "--quiet", "lib")
    result = commit(repository.top, before, "task: 4", {"Run": "4"}, locks)
    assert repository.in_commit(result.commit) == {".gitmodules": "M", "lib": "D"}
    assert repository.status() == []


def test_a_submodule_whose_pointer_was_moved_back_is_committed(
    repository: Repository, commit_run: Commit, tmp_path: Path
) -> None:
    """Another commit of it checked out is a change like any other, but not where a person had moved it before."""
    library = Repository.create(tmp_path / "library")
    library.write("lib.txt")
    first = library.commit_all()
    library.write("lib.txt", "second\n")
    library.commit_all()
    repository.git("submodule", "--quiet", "add", str(library.top), "lib")
    repository.commit_all()
    inside = Repository(repository.top / "lib")

    before = snapshot(repository)
    inside.git("checkout", "--quiet", first)
    by_a_person = snapshot(repository)
    repository.write("made.txt")
    assert repository.in_commit(commit_run(repository, by_a_person).commit) == {"made.txt": "A"}
    result = commit_run(repository, replace(before, head=repository.head))
    assert repository.in_commit(result.commit) == {"lib": "M"}
    assert repository.git("rev-parse", "HEAD:lib") == first


def test_a_file_git_cannot_read_is_the_problem(repository: Repository, commit_run: Commit) -> None:
    """git's words name the file; nothing is committed in part."""
    repository.write(".gitattributes", "*.bin filter=broken\n")
    repository.git("config", "filter.broken.clean", "false")
    repository.git("config", "filter.broken.required", "true")
    repository.commit_all()
    before = snapshot(repository)
    repository.write("made.bin")
    repository.write("made.txt")
    result = commit_run(repository, before)
    assert result.problem is not None
    assert "made.bin" in result.problem
    assert repository.status() == ["?? made.bin", "?? made.txt"]


def test_changed_line_ends_alone_are_nothing_to_commit(repository: Repository, commit_run: Commit) -> None:
    """What git records in the same way makes no empty commit."""
    repository.write(".gitattributes", "*.txt text eol=lf\n")
    repository.commit_all()
    before = snapshot(repository)
    repository.write("notes.txt", "notes\r\n")
    result = commit_run(repository, before)
    assert (result.commit, result.problem) == (None, None)


def test_a_change_within_the_second_of_the_index_is_seen(repository: Repository, commit_run: Commit) -> None:
    """Same size, same second: git itself looks at the content then, and so must the copied index."""
    repository.git("config", "core.checkStat", "minimal")
    repository.git("config", "core.trustctime", "false")
    second = 1_700_000_000
    os.utime(repository.top / "notes.txt", (second, second))
    repository.git("update-index", "--refresh")
    os.utime(repository.top / ".git/index", (second, second))
    before = snapshot(repository)
    os.utime(repository.write("notes.txt", "NOTES\n"), (second, second))
    assert repository.in_commit(commit_run(repository, before).commit) == {"notes.txt": "M"}


def test_very_many_files(repository: Repository, commit_run: Commit) -> None:
    """There is no limit as with arguments: 20,000 paths of 150 bytes."""
    before = snapshot(repository)
    for number in range(20_000):
        folder = repository.top / f"{number % 100}" / ("d" * 120)
        if number < 100:
            folder.mkdir(parents=True)
        (folder / f"f{number}").write_text(f"{number}\n")
    result = commit_run(repository, before)
    assert len(repository.in_commit(result.commit)) == 20_000
    assert repository.status() == []


def test_a_hook_that_hangs_is_ended(
    repository: Repository, commit_run: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time limit git and its hook are ended, the problem says so, and nothing is locked."""
    monkeypatch.setattr(git, "TIME_LIMIT", 0.5)
    before = snapshot(repository)
    repository.write("made.txt")
    repository.hook("pre-commit", "echo waiting >&2; exec sleep 60")
    result = commit_run(repository, before)
    assert result.problem is not None
    assert "not done after" in result.problem
    assert not list((repository.top / ".git").glob("*.lock"))
    assert repository.status() == ["?? made.txt"]


def lose(top: Path, git_dir: Path, loss: str) -> None:
    """Take a work tree, or what makes it one, away."""
    match loss:
        case "all":
            shutil.rmtree(top)
        case "objects":
            shutil.rmtree(git_dir / "objects", ignore_errors=True)
            (git_dir / "commondir").unlink(missing_ok=True)
        case "pipe":
            (top / ".git").rename(top.parent / "old.git")
            os.mkfifo(top / ".git")
        case _:
            (shutil.rmtree if (top / ".git").is_dir() else os.unlink)(top / ".git")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("loss", ["all", ".git", "objects", "pipe"])
@pytest.mark.parametrize("kind", ["worktree", "nested"])
def test_the_repository_around_a_lost_one_is_left_alone(
    repository: Repository, locks: Path, kind: str, loss: str
) -> None:
    """However the run's work tree was lost or broken, nothing is committed to the one that is found instead."""
    if kind == "worktree":
        inner = Repository(prepare(repository.worktree(), "job", locks))
        git_dir = repository.top / ".git/worktrees/night"
    else:
        inner = Repository.create(repository.top / "inner")
        inner.write("a.txt")
        inner.commit_all()
        git_dir = inner.top / ".git"
    before = snapshot(inner)
    inner.write("made.txt")
    repository.write("readme.txt", "a person's\n")
    repository.write("mine.txt")
    lose(inner.top, git_dir, loss)
    head, staged = repository.head, repository.staged()
    result = commit(inner.top, before, "task: tidy", TRAILERS, locks)
    assert (repository.head, repository.staged()) == (head, staged)
    assert (result.commit, result.changed) == (None, True)
    expected = "not a git repository" if loss == "objects" else "in which the run began, is no longer there"
    assert expected in (result.problem or "")
    with pytest.raises((WorkspaceRefused, git.GitError), match=expected):
        changes(inner.top, before)


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_branch_that_is_no_text_is_shown(repository: Repository, commit_run: Commit, when: str) -> None:
    """The commit is made on it, and its name has each odd byte written out."""
    branch = f"refs/heads/{os.fsdecode(b'caf' + bytes([0xE9]))}"
    if when == "before":
        repository.git("update-ref", branch, "HEAD")
        repository.git("symbolic-ref", "HEAD", branch)
    before = snapshot(repository)
    if when == "during":
        repository.git("update-ref", branch, "HEAD")
        repository.git("symbolic-ref", "HEAD", branch)
    repository.write("made.txt")
    result = commit_run(repository, before)
    assert result == CommitResult(repository.head, "caf\\xe9", [], True, None)
    assert repository.git("rev-parse", branch) == result.commit


def test_a_problem_is_text_whatever_it_names(repository: Repository, commit_run: Commit) -> None:
    """The names of folders, files and branches in it need not be text, and it can be written all the same."""
    odd = os.fsdecode(b"caf\xe9")
    repository.top.rename(repository.top.with_name(odd))
    repository = Repository(repository.top.with_name(odd))
    before = snapshot(repository)
    repository.write("made.txt")
    repository.hook("pre-commit", "printf 'no \\351\\n' >&2; exit 1")
    refused = commit_run(repository, before).problem or ""
    (repository.top / ".git/hooks/pre-commit").unlink()
    repository.git("checkout", "--quiet", "--detach")
    detached = commit_run(repository, before).problem or ""
    for problem in (refused, detached):
        assert "caf\\xe9" in problem
        assert problem.encode()
    assert "no \\xe9" in refused


@pytest.mark.timeout(60)
def test_a_tracked_file_that_became_a_pipe_is_told_of(repository: Repository, commit_run: Commit) -> None:
    """Git cannot record it; that is the problem, and nobody waits for the pipe."""
    before = snapshot(repository)
    (repository.top / "notes.txt").unlink()
    os.mkfifo(repository.top / "notes.txt")
    result = commit_run(repository, before)
    assert (result.commit, result.left) == (None, ["notes.txt"])
    assert "not committed" in (result.problem or "")
