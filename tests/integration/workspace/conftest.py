"""A git that knows nothing of the machine it is tested on, and a repository with one commit."""

from pathlib import Path

import pytest

from tests.integration.workspace.repository import Repository


@pytest.fixture(autouse=True)
def git_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's git configuration, in place of the machine's."""
    config = tmp_path / "gitconfig"
    config.write_text('[user]\n\tname = "Ada"\n\temail = ada@example.org\n[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    return config


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with a few files in one commit on ``main``."""
    made = Repository.create(tmp_path / "project")
    made.write("readme.txt", "read me\n")
    made.write("notes.txt", "notes\n")
    made.write("src/code.py", "print()\n")
    made.commit_all("first")
    return made


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    """The folder of lock files."""
    return tmp_path / "locks"
