"""Who may read what is made: the daemon's own things nobody else, a person's things whoever they let."""

import stat
from pathlib import Path

from tests.support.house import house, repository, until


def mode(path: Path) -> int:
    """The permissions of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def test_what_a_run_makes_has_the_modes_of_the_persons_files(tmp_path: Path) -> None:
    """By the mask that the daemon was started with; what it keeps itself is closed, whatever that mask is."""
    with house(tmp_path) as made:
        made.daemon = made.spawn(by=["sh", "-c", 'umask 002 && exec "$@"', "sh"])
        until(made.health, "the daemon answers")
        repo = repository(tmp_path / "repo")
        job = made.job(repo, use_git_worktree=True, worktree_name="night")
        script = "write new.txt: x\nbash mkdir folder && touch folder/in.txt"
        run = made.ended(made.call("tasks.run", task=made.task(job, "t", script)["id"]))
        assert run["status"] == "success"
        tree = repo / ".claude/worktrees/night"
        files = [tree / "README.md", tree / "new.txt", tree / "folder/in.txt"]
        assert {oct(mode(file)) for file in files} == {"0o664"}
        assert oct(mode(tree / "folder")) == "0o775"
        assert made.end() == 0
        kept = [*made.home.path.rglob("*")]
        assert Path(run["log_path"]) in kept
        assert [path for path in kept if mode(path) & 0o077] == []
