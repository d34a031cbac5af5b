"""Two masks of file modes: a strict one for what the daemon keeps, the person's own for what is made in their places.

With the strict one, a worktree or what an agent writes could not be read by a web server, or by a container's user.
"""

import os

_persons = -1


def restrict() -> None:
    """Have this process make files for its own user alone, from now on."""
    global _persons
    before = os.umask(0o077)
    if _persons < 0:
        _persons = before


def persons() -> int:
    """The mask that the daemon was started with, for ``subprocess``; there, -1 changes nothing."""
    return _persons
