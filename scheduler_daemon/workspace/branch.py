"""Which branches of a repository may be used, and which of them are ours."""

import os

from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.git import Git, GitError

_SHOWN = 5
_LONGEST = 200


def refuse_bad_name(name: str) -> None:
    """Refuse a name that could lead out of the folder of worktrees.

    Raises:
        WorkspaceRefused: saying what is wrong with the name.
    """
    parts = name.split("/")
    if name.startswith("-") or any(part in ("", ".", "..") for part in parts):
        raise _bad_name(name)
    if len(name.encode("utf-8", "replace")) > _LONGEST:
        raise WorkspaceRefused(f"the worktree name {name[:30]!r}… is longer than {_LONGEST} bytes; shorten it")


def refuse_bad_branch_name(git: Git, name: str) -> None:
    """Refuse a worktree name that git does not take as the name of a branch.

    Raises:
        WorkspaceRefused: saying what is wrong with the name.
    """
    refuse_bad_name(name)
    try:
        taken = git.text("check-ref-format", "--branch", name)
    except (GitError, ValueError):
        raise _bad_name(name) from None
    if taken != name or name in ("HEAD", "@"):
        raise _bad_name(name)


def start_point(git: Git, branch: str) -> str:
    """The full name of a local branch, or else of a remote-tracking one such as ``origin/main``.

    Raises:
        WorkspaceRefused: there is no such branch.
    """
    for reference in (f"refs/heads/{branch}", f"refs/remotes/{branch}"):
        if git.says_yes("show-ref", "--verify", "--quiet", reference):
            return reference
    found = git.text(
        "for-each-ref", f"--count={_SHOWN + 1}", "--sort=-committerdate", "--format=%(refname:short)", "refs/heads"
    )
    names = found.splitlines()
    if not names:
        raise WorkspaceRefused(f"the repository {git.directory} has no commits yet; make a first commit there")
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    raise WorkspaceRefused(
        f"there is no branch {branch!r} in {git.directory} to start the worktree from; it has: {shown}"
    )


def commit_of(git: Git, revision: str) -> str | None:
    """The commit that a revision, such as ``main@{upstream}``, leads to; None if it leads to none."""
    # Exit status 128 where there is no such branch to have an upstream.
    found = git.out("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", accept=(0, 1, 128))
    return found.decode().strip() or None


def checked_out(git: Git) -> str | None:
    """The branch that is checked out, before its first commit as well; None for none."""
    head = git.out("symbolic-ref", "--quiet", "HEAD", accept=(0, 1))
    return os.fsdecode(head).rstrip("\n").removeprefix("refs/heads/") or None


def checked_out_at(git: Git, name: str) -> str | None:
    """The work tree that has a branch checked out, ``""`` for none; None if there is no such branch."""
    answer = git.text("for-each-ref", "--format=%(refname) %(worktreepath)", f"refs/heads/{name}")
    reference, _, path = answer.partition(" ")
    return path if reference == f"refs/heads/{name}" else None


def refuse_foreign(git: Git, name: str) -> None:
    """Refuse a branch that exists and was not made by this program.

    Raises:
        WorkspaceRefused: naming the branch.
    """
    if checked_out_at(git, name) is None or is_ours(git, name):
        return
    raise WorkspaceRefused(
        f"the branch {name!r} in {git.directory} exists already and was not made by ccsched; "
        f"choose another worktree name, or hand the branch over with "
        f"`git -C {git.directory} config branch.{name}.ccsched true`"
    )


def is_ours(git: Git, name: str) -> bool:
    """Whether the branch carries our mark; it goes when git deletes the branch."""
    return git.out("config", "--type=bool", "--get", _mark(name), accept=(0, 1)) == b"true\n"


def claim(git: Git, name: str) -> None:
    """Mark a branch as ours; done before it is made, so that a kill leaves no branch without a mark."""
    git.change("config", "--local", _mark(name), "true")


def delete(git: Git, name: str, tip: str) -> None:
    """Delete a branch of ours with its configuration, if it is still at the commit ``tip``.

    Raises:
        GitError: it is not, or git cannot delete it.
    """
    git.change("update-ref", "-d", f"refs/heads/{name}", tip)
    git.change("config", "--local", "--remove-section", f"branch.{name}")


def _mark(name: str) -> str:
    return f"branch.{name}.ccsched"


def _bad_name(name: str) -> WorkspaceRefused:
    return WorkspaceRefused(
        f"{name!r} cannot be the name of a worktree and its branch; "
        "use letters, digits, '-', '_' and '/', as in 'feature/login'"
    )
