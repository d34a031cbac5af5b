"""What the daemon logs: where it goes, and that nobody can write lines of their own into it."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.house import House, house, until

FORGED = "x\n<0>2026-01-01 00:00:00+0000 [error] forged\x1b[2J\x9b2J"

SAY = f"""
import logging, sys, threading
from pathlib import Path
import structlog
from scheduler_daemon.daemon_output import Output
Output(sys.argv[1], Path(sys.argv[2]) if sys.argv[2:] else None)
log = structlog.get_logger()
log.info("started", job={FORGED!r}, run="abc")
log.warning("careful", tasks=[{FORGED!r}])
logging.getLogger("asyncio").error("of a library: %s", {FORGED!r})
try:
    raise ValueError({FORGED!r})
except ValueError:
    log.exception("broken")
"""
"""A name, a library and an exception, each with what would be another line, and commands to a terminal."""


def said(form: str, *arguments: object, journal: bool = False) -> str:
    """What a process that logs has on standard error; with ``journal``, as if that led there."""
    reading, writing = os.pipe()
    found = os.fstat(writing)
    more = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"} if journal else {}
    subprocess.run(
        [sys.executable, "-c", SAY, form, *map(str, arguments)],
        check=True,
        stderr=writing,
        env={**os.environ, **more},
    )
    os.close(writing)
    with open(reading, encoding="utf-8", newline="\n") as pipe:  # noqa: PTH123 - a descriptor
        return pipe.read()


def test_every_line_in_the_journal_has_its_level() -> None:
    """Where standard error leads to it: without time, and of a traceback each line; none is forged."""
    lines = said("auto", journal=True).split("\n")[:-1]
    assert lines[0] == "<6>started job='x\\n<0>2026-01-01 00:00:00+0000 [error] forged\\x1b[2J\\x9b2J' run=abc"
    assert lines[1].startswith("<4>careful tasks=['x\\n<0>")
    assert lines[2:4] == ["<3>of a library: x", "<3>    <0>2026-01-01 00:00:00+0000 [error] forged\\x1b[2J\\x9b2J"]
    assert lines[4:6] == ["<3>broken", "<3>    Traceback (most recent call last):"]
    assert all(line.startswith("<3>    ") for line in lines[5:])


def test_a_line_in_a_file_begins_with_date_zone_and_level(tmp_path: Path) -> None:
    """What begins otherwise is the rest of the line before it; none is forged."""
    path = tmp_path / "daemon.log"
    assert said("auto", path) == ""
    lines = path.read_text().split("\n")[:-1]
    heads = [line for line in lines if not line.startswith("    ")]
    head = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} \[(\w+) *\] ")
    assert [found[1] for line in heads if (found := head.match(line))] == ["info", "warning", "error", "error"]
    assert len(heads) == 4
    assert all(line.isprintable() for line in lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_program_reads_one_object_a_line() -> None:
    """With what was in a name, whatever that is."""
    lines = said("auto").split("\n")[:-1]
    assert all(line.isprintable() for line in lines)
    read = [json.loads(line) for line in lines]
    assert (read[0]["job"], read[0]["level"], read[0]["timestamp"][-1]) == (FORGED, "info", "Z")
    assert read[3]["exception"].startswith("Traceback")


def logged(made: House, path: Path, words: str) -> None:
    """Wait until the daemon has logged words there."""
    until(lambda: path.exists() and words in path.read_text(), f"{words!r} is in {path.name}")


@pytest.mark.parametrize("how", ["create", "copytruncate", "gone"])
def test_the_daemon_follows_its_log(tmp_path: Path, how: str) -> None:
    """Where logrotate has moved or emptied it, and where somebody has removed it with its folder."""
    with house(tmp_path) as made:
        folder = tmp_path / "logs"
        folder.mkdir()
        log, moved = folder / "daemon.log", folder / "daemon.log.1"
        made.daemon = made.spawn("--log-file", str(log))
        logged(made, log, "ready")
        assert made.log.read_text() == ""
        if how == "create":
            log.rename(moved)
        elif how == "copytruncate":
            moved.write_bytes(log.read_bytes())
            os.truncate(log, 0)
        else:
            log.unlink()
            folder.rmdir()
        made.ended(made.call("tasks.run", task=made.task(made.job(tmp_path), "while", "say x")["id"]))
        if how == "gone":
            assert not folder.exists()
            folder.mkdir()
            made.ended(made.call("tasks.run", task=made.task(made.job(tmp_path, "2"), "after", "say x")["id"]))
        logged(made, log, "after" if how == "gone" else "while")
        assert "ready" not in log.read_text()
        assert how == "gone" or "ready" in moved.read_text()
        # What the interpreter itself writes goes there as well: the watchdog of a service manager ends a daemon so.
        made.end(signal.SIGABRT)
        logged(made, log, "Fatal Python error: Aborted")
