"""What keeps a daemon where there is no service manager: cron, if it is asked to."""

import shlex
import subprocess
from pathlib import Path

import pytest

from scheduler_daemon.cli.keeper import of_keeper
from scheduler_daemon.home import Home
from scheduler_daemon.service import manager

CRONTAB = """#!/bin/sh
table=${0%/*}/table
case $1 in -l) exec cat "$table" ;; -) cat >"$table.new" && mv "$table.new" "$table" ;; esac
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is first on PATH, in a world without a service manager."""

    def none(_home: Home) -> manager.Manager:
        raise manager.NoManager("There is no service manager here.")

    monkeypatch.setattr(manager, "find", none)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


@pytest.mark.parametrize("name", ["home", "it's 50% of $HOME"])
def test_what_is_to_be_typed_has_cron_start_the_daemon(folder: Path, name: str) -> None:
    """By a login shell, for this home; what was in the table stays, and then there is nothing more to be said."""
    (folder / "table").write_text("@daily true\n")
    (folder / "crontab").write_text(CRONTAB)
    (folder / "crontab").chmod(0o755)
    home = Home(folder / name)
    _, (found,) = of_keeper(home, None)
    assert found.fix is not None
    subprocess.run(["bash", "-c", found.fix], check=True)
    kept, line = (folder / "table").read_text().splitlines()
    assert kept == "@daily true"
    # As cron reads it: what is behind a % that has no backslash would be standard input.
    told, shell, option, command = shlex.split(line.replace(r"\%", "%"))
    assert (told, shell, option) == ("@reboot", "bash", "-lc")
    assert shlex.split(command)[1:] == ["--home", str(home.path), "daemon", "start"]
    _, (after,) = of_keeper(home, None)
    assert after.status == "ok"


def test_without_cron_nothing_is_to_be_typed_that_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in most containers: a warning, and no command."""
    monkeypatch.setenv("PATH", str(folder))
    _, (found,) = of_keeper(Home(folder), None)
    assert (found.status, found.fix) == ("warning", None)
