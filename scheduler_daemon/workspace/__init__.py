"""Which directory a run works in, what it changed there, and what of that is committed."""

from scheduler_daemon.workspace.printable import printable


class WorkspaceRefused(Exception):
    """A directory, branch or worktree cannot be used; the text says why and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))
