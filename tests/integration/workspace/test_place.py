"""Which directory a job's runs work in, and which are refused when the job is saved."""

import os
from pathlib import Path

import pytest

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused, place
from tests.integration.workspace.repository import Repository


def refused(config: JobWorkingDirectory, job_name: str = "job") -> str:
    """Why a configuration is refused."""
    with pytest.raises(WorkspaceRefused) as caught:
        place.check(config, job_name)
    return str(caught.value)


def test_a_plain_directory_is_taken_as_it_is(tmp_path: Path) -> None:
    """A directory without git needs no more than to exist."""
    config = JobWorkingDirectory(path=str(tmp_path))
    place.check(config, "job")
    assert place.directory_of(config, "job") == tmp_path


def test_home_is_expanded(tmp_path: Path) -> None:
    """A path may begin with ``~``."""
    (tmp_path / "home" / "work").mkdir(parents=True)
    config = JobWorkingDirectory(path="~/work")
    place.check(config, "job")
    assert place.directory_of(config, "job") == tmp_path / "home" / "work"


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    """The message names a path that does not exist."""
    assert f"{tmp_path}/gone does not exist" in refused(JobWorkingDirectory(path=f"{tmp_path}/gone"))


def test_a_file_is_refused(tmp_path: Path) -> None:
    """A file is no working directory."""
    (tmp_path / "file").touch()
    assert "is not a directory" in refused(JobWorkingDirectory(path=f"{tmp_path}/file"))


@pytest.mark.parametrize("path", ["work", "./work", "~nobody-of-this-name/work", "~"])
def test_a_path_that_is_not_full_is_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's own directory means nothing to a person, so no path is relative to it."""
    monkeypatch.setenv("HOME", "home")
    assert "not a full path" in refused(JobWorkingDirectory(path=path))


def odd_path(tmp_path: Path, kind: str) -> str:
    """A path that cannot even be looked at."""
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "file").touch()
    return {
        "long name": f"{tmp_path}/{'x' * 300}",
        "long path": f"{tmp_path}{'/x' * 5000}",
        "circle": f"{tmp_path}/circle/work",
        "below a file": f"{tmp_path}/file/work",
        "NUL": f"{tmp_path}/a\0b",
        "NUL in a home": "~a\0b/work",
        "nobody's home": "~nobody-of-this-name",
    }[kind]


@pytest.mark.parametrize("worktree", [False, True])
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("long name", "longer than the file system takes"),
        ("long path", "longer than the file system takes"),
        ("circle", "lead in a circle"),
        ("below a file", "does not exist"),
        ("NUL", "has a NUL character"),
        ("NUL in a home", "has a NUL character"),
        ("nobody's home", "'~nobody-of-this-name' is nobody's home"),
    ],
)
def test_a_path_that_cannot_be_looked_at_is_refused(tmp_path: Path, kind: str, why: str, worktree: bool) -> None:
    """Whatever the system says of it, the person reads one short text, and its key is had without failing."""
    config = JobWorkingDirectory(path=odd_path(tmp_path, kind), use_git_worktree=worktree)
    message = refused(config)
    assert why in message
    assert len(message) < 500
    assert place.exclusion_key(config, "job")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_a_directory_below_a_closed_one_is_refused(tmp_path: Path) -> None:
    """Where a folder on the way may not be entered, the message says so."""
    closed = tmp_path / "closed"
    (closed / "work").mkdir(parents=True)
    config = JobWorkingDirectory(path=str(closed / "work"))
    closed.chmod(0)
    try:
        assert "a folder above it may not be entered" in refused(config)
        assert place.exclusion_key(config, "job") == str(closed / "work")
    finally:
        closed.chmod(0o700)


def test_a_system_that_denies_a_look_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As below a closed folder, for those to whom none is closed."""

    def denied(path: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", denied)
    assert "a folder above it may not be entered" in refused(JobWorkingDirectory(path=str(tmp_path)))


@pytest.mark.parametrize("change", [{"worktree_branch": "a\0b"}, {"worktree_branch": "x" * 200_000}])
def test_what_git_cannot_be_given_is_refused(repository: Repository, change: dict[str, str]) -> None:
    """A branch that no command line can hold is refused as any other that is not there."""
    assert "git cannot be" in refused(repository.worktree().model_copy(update=change))


def test_a_worktree_whose_path_is_no_text_is_refused(tmp_path: Path) -> None:
    """The way there may be text where the place is none; the message is text all the same."""
    made = Repository.create(tmp_path / os.fsdecode(b"caf\xe9"))
    made.write("a.txt")
    made.commit_all()
    (tmp_path / "link").symlink_to(made.top)
    config = Repository(tmp_path / "link").worktree()
    assert "caf\\xe9/.claude/worktrees/night has a name that is not UTF-8" in refused(config)
    assert place.exclusion_key(config, "job").endswith("caf\\xe9/.claude/worktrees/night")


def test_a_worktree_needs_a_repository(tmp_path: Path) -> None:
    """Where there is no repository the message says how to get one."""
    assert "git init" in refused(JobWorkingDirectory(path=str(tmp_path), use_git_worktree=True))


def test_a_worktree_needs_a_commit(tmp_path: Path) -> None:
    """A repository without commits has nothing to start a worktree from."""
    empty = Repository.create(tmp_path / "empty")
    assert "no commits yet" in refused(empty.worktree())


def test_a_bare_repository_is_refused(tmp_path: Path, repository: Repository) -> None:
    """A bare repository has no files to work on."""
    bare = tmp_path / "bare.git"
    repository.git("clone", "--quiet", "--bare", str(repository.top), str(bare))
    assert "bare repository" in refused(JobWorkingDirectory(path=str(bare), use_git_worktree=True))


def test_a_missing_branch_is_refused_and_five_others_named(repository: Repository) -> None:
    """The message names at most five of the branches there are."""
    for number in range(6):
        repository.git("branch", f"b{number}")
    message = refused(repository.worktree(start="develop"))
    assert "no branch 'develop'" in message
    assert len(message.split("it has: ")[1].split(", ")) == 6
    assert message.endswith("…")


def test_a_remote_branch_can_be_started_from(tmp_path: Path, repository: Repository) -> None:
    """``origin/main`` is a branch to start from like any other."""
    repository.git("clone", "--quiet", str(repository.top), str(tmp_path / "clone"))
    place.check(Repository(tmp_path / "clone").worktree(start="origin/main"), "job")


BAD_NAMES = ["../x", "/x", "-x", "a/../b", "a b", "a~1", "x.lock", ".x", "a//b", "a/", "", "@{-1}", "HEAD", "a\nb"]


@pytest.mark.parametrize("name", [*BAD_NAMES, "a:b", "x*"])
def test_a_name_that_is_no_branch_is_refused(repository: Repository, name: str) -> None:
    """What git refuses as a branch, or what leads out of the folder of worktrees, is no name."""
    assert "cannot be the name" in refused(repository.worktree(name))


def test_an_endless_name_is_refused(repository: Repository) -> None:
    """A name must fit a file name with some room to spare."""
    assert "longer than 200 bytes" in refused(repository.worktree("x" * 201))


@pytest.mark.parametrize("name", ["feature/login", "v1.2", "größe", "fix#12"])
def test_a_name_that_is_a_branch_is_taken(repository: Repository, name: str) -> None:
    """Slashes make nested folders."""
    place.check(repository.worktree(name), "job")
    assert place.directory_of(repository.worktree(name), "job") == repository.top / ".claude/worktrees" / name


def test_a_persons_branch_is_refused(repository: Repository) -> None:
    """A branch that was not made for a worktree of ours is somebody's own."""
    repository.git("branch", "mine")
    assert "'mine'" in refused(repository.worktree("mine"))
    assert "exists already" in refused(repository.worktree("main"))


def test_the_job_names_the_worktree_if_nothing_else_does(repository: Repository) -> None:
    """A job's name becomes a slug; names that differ never become the same by what a slug leaves out."""
    config = repository.worktree().model_copy(update={"worktree_name": None})
    names = ["Nightly: Tests!", "夜间", "日间", "🚀", "🛸", "Größe", "x" * 300, "x" * 301, 'it\'s "x"\n/../y']
    found = [place.worktree_name(config, name) for name in names]
    assert found[0] == "nightly-tests"
    assert found[-1] == "it-s-x-y"
    assert len(set(found)) == len(found)
    for name in names:
        place.check(config, name)


def test_a_subfolder_is_the_same_subfolder_of_the_worktree(repository: Repository) -> None:
    """A job that works below the top of its repository works below the top of its worktree."""
    config = repository.worktree(below="src")
    place.check(config, "job")
    assert place.directory_of(config, "job") == repository.top / ".claude/worktrees/night/src"


def test_a_subfolder_the_branch_does_not_have_is_refused(repository: Repository) -> None:
    """A folder that is not committed would not be in the worktree."""
    (repository.top / "drafts").mkdir()
    assert "no folder 'drafts'" in refused(repository.worktree(below="drafts"))


def test_a_worktree_of_a_worktree_lies_in_the_main_one(tmp_path: Path, repository: Repository) -> None:
    """Wherever in a repository a job begins, its worktree is below the repository's first work tree."""
    repository.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    config = Repository(tmp_path / "other").worktree()
    place.check(config, "job")
    assert place.directory_of(config, "job") == repository.top / ".claude/worktrees/night"


def test_two_ways_to_one_work_tree_exclude_each_other(tmp_path: Path, repository: Repository) -> None:
    """The key is the real path of the work tree, by whatever link or subfolder one comes to it."""
    (tmp_path / "link").symlink_to(repository.top / "src")
    keys = {
        place.exclusion_key(JobWorkingDirectory(path=path), "job")
        for path in (str(repository.top), f"{repository.top}/src", f"{tmp_path}/link", f"{repository.top}/src/../src")
    }
    assert keys == {str(repository.top)}


def test_worktrees_exclude_only_themselves(repository: Repository) -> None:
    """Runs in two worktrees and in the main work tree may go on at the same time."""
    configs = [repository.worktree("a"), repository.worktree("b"), JobWorkingDirectory(path=str(repository.top))]
    assert len({place.exclusion_key(config, "job") for config in configs}) == 3


def test_a_directory_without_git_is_its_own_key(tmp_path: Path) -> None:
    """Without git two directories never exclude each other, and a missing one is no failure."""
    assert place.exclusion_key(JobWorkingDirectory(path=f"{tmp_path}/gone"), "job") == f"{tmp_path}/gone"
    assert place.exclusion_key(JobWorkingDirectory(path=str(tmp_path)), "job") == str(tmp_path)
