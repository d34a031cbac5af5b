"""What only Linux does for a supervisor; elsewhere it is not done."""

import sys

if sys.platform == "linux":
    import ctypes

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> bool:
    """Become the parent of each descendant whose own parent ends; whether that is so now."""
    return _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signum: int) -> None:
    """Have the system send this process a signal when its parent ends."""
    _prctl(PR_SET_PDEATHSIG, signum)


def _prctl(option: int, value: int) -> bool:
    if sys.platform == "linux":
        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    return False
