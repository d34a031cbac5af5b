"""What a run changed is shown by git itself: for the person's eyes on a terminal, for a program in a pipe."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli import objects
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import FakeDaemon, Message
from tests.support.house import git, repository

Ccsched = Callable[..., Completed]
Terminal = Callable[..., tuple[int, str]]

NOTHING: Message = {
    "run_id": objects.identifier(0x100),
    "changed": None,
    "repository": None,
    "before": None,
    "after": None,
    "uncommitted": [],
    "note": "it committed nothing",
    "commands": [],
}


@pytest.fixture
def repo(tmp_path: Path, daemon: FakeDaemon) -> Path:
    """A repository in which a run has renamed one file, changed it, and made another, of bytes."""
    made = repository(tmp_path / "repo")
    before = git(made, "rev-parse", "HEAD")
    (made / "README.md").rename(made / "read-me.md")
    (made / "data.bin").write_bytes(bytes(range(256)))
    (made / "new.txt").write_text("new\n")
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--message", "task: tidy")
    after = git(made, "rev-parse", "HEAD")
    daemon.answers["runs.diff"] = {
        **NOTHING,
        "changed": True,
        "repository": str(made),
        "before": before,
        "after": after,
        "note": None,
    }
    return made


def test_a_pipe_gets_a_patch_that_applies(ccsched: Ccsched, repo: Path, home: Path) -> None:
    """Whatever a person has set for their eyes, and whatever repository their environment names."""
    (home / ".gitconfig").write_text(
        "[color]\nui = always\n[diff]\nnoprefix = true\nexternal = false\nsubmodule = log\n[core]\npager = false\n"
    )
    patch = ccsched("runs", "diff", "0000", GIT_DIR="/nowhere", GIT_INDEX_FILE="/nowhere/index")
    assert (patch.returncode, patch.stderr) == (0, "")
    expected = git(repo, "rev-parse", "HEAD^{tree}")
    git(repo, "checkout", "--quiet", "HEAD~1")
    subprocess.run(["git", "-C", repo, "apply", "--index"], input=patch.stdout.encode(), check=True)
    assert git(repo, "write-tree") == expected


def test_a_terminal_gets_what_git_shows_there(terminal: Terminal, repo: Path) -> None:
    """In colours, and by the person's own pager."""
    code, shown = terminal("runs", "diff", "0000", GIT_PAGER="sed 's/^/paged: /'")
    assert code == 0
    assert all(line.startswith("paged: ") for line in shown.splitlines())
    assert "\x1b[32m+\x1b[m\x1b[32mnew\x1b[m" in shown


def test_less_than_a_patch_is_shown_if_asked_for(ccsched: Ccsched, terminal: Terminal, repo: Path) -> None:
    """How much, or only which files; one of them."""
    for shown in (
        ccsched("runs", "diff", "0000", "--stat").stdout,
        terminal("runs", "diff", "0000", "--stat", GIT_PAGER="cat", NO_COLOR="1")[1],
    ):
        assert "new.txt" in shown
        assert "3 files changed, 1 insertion(+)" in shown
    assert ccsched("runs", "diff", "0000", "--name-only").stdout == "data.bin\nnew.txt\nread-me.md\n"
    both = ccsched("runs", "diff", "0000", "--stat", "--name-only")
    assert (both.returncode, both.stdout) == (2, "")


def test_what_is_not_committed_is_named_beside_the_patch(ccsched: Ccsched, daemon: FakeDaemon, repo: Path) -> None:
    """On standard error, for the patch is for a program."""
    answer = daemon.answers["runs.diff"]
    assert isinstance(answer, dict)
    answer["uncommitted"] = ["mine.txt", "odd\nname"]
    done = ccsched("runs", "diff", "0000", "--name-only")
    assert done.stderr == "Not in it, for it is not committed: mine.txt, odd\\nname\n"
    assert done.stdout == "data.bin\nnew.txt\nread-me.md\n"


def test_a_program_can_have_the_commits_instead(ccsched: Ccsched, daemon: FakeDaemon, repo: Path) -> None:
    """With ``--output json`` the answer is passed on whole."""
    assert json.loads(ccsched("runs", "diff", "0000", "--output", "json").stdout) == daemon.answers["runs.diff"]


def test_a_run_that_changed_nothing_has_an_empty_patch(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """That is said beside it, and is no failure."""
    daemon.answers["runs.diff"] = {**NOTHING, "changed": False, "note": "it changed nothing"}
    done = ccsched("runs", "diff", "0000")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "There is nothing to show of run 00000100: it changed nothing.\n"


def test_changes_that_were_not_committed_are_told_by_name(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """A patch of them cannot be had, which is a failure; their names can."""
    daemon.answers["runs.diff"] = {**NOTHING, "changed": True, "uncommitted": ["a.txt", "b.txt"]}
    done = ccsched("runs", "diff", "0000")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: There is nothing to show of run 00000100: it committed nothing.\n  a.txt\n  b.txt\n"
    )
    done = ccsched("runs", "diff", "0000", "--name-only")
    assert (done.returncode, done.stdout) == (0, "a.txt\nb.txt\n")
    daemon.answers["runs.diff"] = {**NOTHING, "changed": True, "commands": ["git -C /srv status"]}
    assert "\nWhat is there now:\n  git -C /srv status\n" in ccsched("runs", "diff", "0000").stderr


def test_without_git_it_says_what_is_missing(ccsched: Ccsched, repo: Path) -> None:
    """And nothing else."""
    done = ccsched("runs", "diff", "0000", PATH="/nowhere")
    assert (done.returncode, done.stderr) == (1, "Error: git is not on the PATH; install git 2.30 or newer.\n")
