"""Asking for variables as a run does, and looking for what may be left of them."""

import contextlib
import os
import traceback
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.profile import Resolved, Unresolved, resolve

PATIENCE = 60.0
"""Seconds that a source may take on a busy machine before a test gives up."""


def variable(name: str, source: str, value: str = "", **config: object) -> EnvVar:
    """A variable of a profile."""
    return EnvVar.model_validate({"name": name, "source": source, "value": value, "config": config})


def found(base: Mapping[str, str], *variables: EnvVar, limit: float = PATIENCE) -> Resolved:
    """What a run gets from a profile of these variables."""
    return resolve(Profile(name="work", env_vars=list(variables)), base, limit=limit)


def failures(base: Mapping[str, str], *variables: EnvVar, limit: float = PATIENCE) -> tuple[str, ...]:
    """What a run is told that cannot have these variables. No secret of the tests is in it, nor behind it."""
    with pytest.raises(Unresolved) as failure:
        found(base, *variables, limit=limit)
    everything = repr(failure.value) + "".join(traceback.format_exception(failure.value))
    assert "s3cr3t" not in everything
    return failure.value.failures


def left_on_disk(folder: Path) -> list[Path]:
    """The files that hold a secret of the tests."""
    return [path for path in folder.rglob("*") if path.is_file() and b"s3cr3t" in path.read_bytes()]


def readers(folder: Path) -> list[psutil.Process]:
    """The live processes that read variables with this folder as their home."""
    alive = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            reads = "scheduler_daemon.profile.reader" in process.cmdline()
            if reads and process.environ().get("HOME") == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
    return alive


def plain_base(folder: Path) -> dict[str, str]:
    """An environment with a home of its own and nothing of this machine but where programs are."""
    home = folder / "user"
    home.mkdir(exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and waiting for a parent that is not ours."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
