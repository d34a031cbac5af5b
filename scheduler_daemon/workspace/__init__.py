"""Which directory a run works in, what it changed there, and what of that is committed."""


class WorkspaceRefused(Exception):
    """A directory, branch or worktree cannot be used; the text says why and what to do."""
