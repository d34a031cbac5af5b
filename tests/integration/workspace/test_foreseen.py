"""What ``prepare`` would do is told beforehand, and nothing is done."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.worktree import foresee, prepare
from tests.integration.workspace.repository import Repository

Setting = Callable[[Repository, Path], object]


def _made(repository: Repository, locks: Path) -> Path:
    return prepare(repository.worktree(), "job", locks)


def _gone(repository: Repository, locks: Path) -> None:
    shutil.rmtree(_made(repository, locks))


def _gone_with_its_base(repository: Repository, locks: Path) -> None:
    _gone(repository, locks)
    repository.git("switch", "--quiet", "--create", "other")
    repository.git("branch", "--quiet", "-D", "main")


def _locked(repository: Repository, locks: Path) -> None:
    worktree = _made(repository, locks)
    repository.git("worktree", "lock", str(worktree))
    shutil.rmtree(worktree)


def _forgotten(repository: Repository, locks: Path) -> None:
    _made(repository, locks)
    shutil.rmtree(repository.top / ".git/worktrees")


def _half_made(repository: Repository, locks: Path) -> None:
    worktree = _made(repository, locks)
    (repository.top / ".git/worktrees/night/locked").write_text("initializing\n")
    (worktree / "readme.txt").unlink()


def _elsewhere(repository: Repository, locks: Path) -> None:
    repository.git("branch", "night")
    repository.git("config", "branch.night.ccsched", "true")
    repository.git("worktree", "add", "--quiet", str(repository.top.parent / "elsewhere"), "night")


def _agents_own(repository: Repository, locks: Path) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "worktree-night", ".claude/worktrees/night")


def _own_branch(repository: Repository, locks: Path) -> None:
    repository.git("config", "branch.night.ccsched", "true")
    repository.git("branch", "night")


SETTINGS: dict[str, Setting] = {
    "nothing there": lambda repository, locks: None,
    "made": _made,
    "its folder is gone": _gone,
    "its folder and its base are gone": _gone_with_its_base,
    "locked and gone": _locked,
    "half made": _half_made,
    "git forgot it": _forgotten,
    "a person's branch": lambda repository, locks: repository.git("branch", "night"),
    "our branch without it": _own_branch,
    "our branch is elsewhere": _elsewhere,
    "the agent's own": _agents_own,
    "something in the way": lambda repository, locks: repository.write(".claude/worktrees/night/thesis.txt"),
    "no base": lambda repository, locks: repository.git("branch", "--quiet", "-m", "main", "trunk"),
    "no repository": lambda repository, locks: shutil.rmtree(repository.top / ".git"),
    "no directory": lambda repository, locks: shutil.rmtree(repository.top),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_it_is_refused_if_and_as_it_would_be(setting: str, repository: Repository, locks: Path) -> None:
    """With the same words; and not a byte has changed before, of files or of what git keeps."""
    SETTINGS[setting](repository, locks)
    before = _everything(repository.top)
    foreseen = _outcome(lambda: foresee(repository.worktree(), "job"))
    assert _everything(repository.top) == before
    done = _outcome(lambda: prepare(repository.worktree(), "job", locks))
    assert isinstance(foreseen, WorkspaceRefused) is isinstance(done, WorkspaceRefused), (foreseen, done)
    if isinstance(done, WorkspaceRefused):
        assert str(foreseen) == str(done)


def test_a_folder_that_a_worktree_would_not_have(repository: Repository) -> None:
    """It is not committed on what the worktree is made from."""
    (repository.top / "drafts").mkdir()
    with pytest.raises(WorkspaceRefused, match="has no folder 'drafts'"):
        foresee(repository.worktree(below="drafts"), "job")
    assert "is there" in foresee(JobWorkingDirectory(path=str(repository.top)), "job")


def _outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except WorkspaceRefused as refusal:
        return refusal


def _everything(top: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in top.rglob("*") if path.is_file()}
