"""Does the daemon find the programs that a login shell finds?"""

import os
import shutil
from collections.abc import Mapping

from scheduler_daemon.examination.finding import Finding, failed, ok, warning

WANTED = ("claude", "git", "node")
"""The programs that runs need in any case."""
_MAY_BE_MISSING = ("node",)
"""Programs that some agents and their tools need, and others do not."""


def found_on(path: str) -> dict[str, str | None]:
    """Where the programs that runs need are found on a search path."""
    return {name: shutil.which(name, path=path) for name in WANTED}


def compared(theirs: Mapping[str, str | None], path: str, fix: str) -> list[Finding]:
    """What is to be said of where the daemon finds programs, beside where a shell with that ``PATH`` does."""
    found, same = [], []
    for name, place in theirs.items():
        shells = shutil.which(name, path=path)
        if shells and place is None:
            say = warning if name in _MAY_BE_MISSING else failed
            found.append(say(f"{name}: a login shell finds {shells}, the daemon finds none", fix))
        elif shells and place and os.path.realpath(shells) != os.path.realpath(place):
            found.append(warning(f"{name}: a login shell finds {shells}, the daemon {place}", fix))
        elif place:
            same.append(name)
    names = ", ".join(same) or "nothing"
    return found or [ok(f"{names}: found as in a login shell")]
