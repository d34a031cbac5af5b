"""Which ``ccschedd`` a service is to start: the one of this very installation."""

import shutil
import sys
import sysconfig
from pathlib import Path


class NoProgram(Exception):
    """There is no ``ccschedd`` beside this program; the message says what to do."""


def ccschedd() -> Path:
    """The absolute path of the daemon's program, by a name that stays when another version is installed over it.

    Where the running program was called by a link, as pipx, uv, Homebrew and a package make one, it is the link
    beside that: its target may be gone after the next upgrade.

    Raises:
        NoProgram: there is none.
    """
    installed = Path(sysconfig.get_path("scripts")) / "ccschedd"
    beside = [Path(sys.executable).parent / "ccschedd", installed]
    called = shutil.which(sys.argv[0])
    if called:
        caller = Path(called).absolute()
        # One that was called by a name in another folder says nothing about what else is in that folder.
        if caller.with_name("ccschedd").resolve().parent == caller.resolve().parent:
            beside.insert(0, caller.with_name("ccschedd"))
    for path in beside:
        if path.is_file():
            return path
    raise NoProgram(
        f"There is no ccschedd in {beside[0].parent}, beside this program: the installation is not whole.\n"
        "Install it anew, for instance: pipx install --force ccsched"
    )
