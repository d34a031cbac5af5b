"""A git repository in a test's folder, driven as a person would."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.model.job import JobWorkingDirectory


@dataclass(frozen=True)
class Repository:
    """A repository; paths are relative to its top."""

    top: Path

    @classmethod
    def create(cls, top: Path, branch: str = "main") -> "Repository":
        """An empty repository."""
        top.mkdir(parents=True, exist_ok=True)
        repository = cls(top)
        repository.git("init", "--quiet", f"--initial-branch={branch}")
        return repository

    def git(self, *arguments: str, stdin: str = "") -> str:
        """What git writes, without the newline at its end."""
        done = subprocess.run(
            ["git", "-C", str(self.top), *arguments], input=os.fsencode(stdin), capture_output=True, check=False
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return os.fsdecode(done.stdout).removesuffix("\n")

    def write(self, path: str, content: str = "new\n") -> Path:
        """Write a file and the folders it is in."""
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def commit_all(self, message: str = "a person's commit") -> str:
        """Commit everything; the new commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    def status(self) -> list[str]:
        """The records of the status, sorted."""
        return sorted(filter(None, self.git("status", "--porcelain", "-z", "-uall", "--no-renames").split("\0")))

    def in_commit(self, commit: str | None) -> dict[str, str]:
        """The paths a commit changed, with the letter of the change."""
        assert commit is not None
        listed = self.git(
            "diff-tree", "-r", "-z", "--root", "--no-renames", "--no-commit-id", "--name-status", commit
        )
        fields = listed.split("\0")
        return dict(zip(fields[1::2], fields[0::2], strict=False))

    def staged(self) -> str:
        """The content of the index."""
        return self.git("ls-files", "--stage", "-z")

    def hook(self, name: str, script: str) -> None:
        """Install a hook."""
        file = self.write(f".git/hooks/{name}", f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def worktree(self, name: str = "night", start: str = "main", below: str = "") -> JobWorkingDirectory:
        """The configuration of a job that works in a worktree of this repository."""
        return JobWorkingDirectory(
            path=str(self.top / below), use_git_worktree=True, worktree_name=name, worktree_branch=start
        )

    def contents(self) -> dict[str, str]:
        """Each file of the person's own with a digest of it: work tree, index, HEAD, branches, stash.

        Not the worktrees and what git keeps of them, which are the scheduler's.
        """
        ours = (".claude/worktrees/", ".git/worktrees/", ".git/objects/", ".git/info/exclude", ".git/config")
        found = {}
        for file in sorted(self.top.rglob("*")):
            name = file.relative_to(self.top).as_posix()
            if file.is_file() and not name.startswith(ours) and "/heads/night" not in name:
                found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
        return found
