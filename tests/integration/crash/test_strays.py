"""Ending what a run has left ends nothing of any other run."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psutil

from tests.support.house import until

DAEMON = """
import subprocess, sys
from scheduler_daemon.run.strays import end_strays
others = [subprocess.Popen(["sleep", "986"], start_new_session=True, env=env) for env in ({}, None)]
ended = end_strays(sys.argv[1], None)
print(*[other.poll() is None for other in others], len(ended))
for other in others:
    other.kill()
    other.wait()
"""
"""Starts two processes, one of them with its own environment, and ends what a run has left."""


def test_who_was_started_from_inside_a_run_ends_nothing_it_has_started(tmp_path: Path) -> None:
    """Its own children are of other runs; what the run has left besides them is ended."""
    run_id = str(uuid4())
    script = tmp_path / "daemon.py"
    script.write_text(DAEMON)
    marked = {**os.environ, "CCSCHED_RUN_ID": run_id, "PYTHONPATH": str(Path(__file__).parents[3])}
    stray = subprocess.Popen(["sleep", "985"], env=marked)
    try:
        done = subprocess.run(
            [sys.executable, script, run_id], env=marked, capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.split() == ["True", "True", "1"]
        assert stray.wait(60) == -9
    finally:
        stray.kill()
        stray.wait()


def test_a_daemon_below_a_process_of_the_run_keeps_its_children(tmp_path: Path) -> None:
    """Though its environment is another, it descends from what is ended, and so do its own."""
    run_id = str(uuid4())
    script = tmp_path / "daemon.py"
    script.write_text(DAEMON)
    out = tmp_path / "out"
    plain = f"env -u CCSCHED_RUN_ID {sys.executable} {script} {run_id} >{out}.new; mv {out}.new {out}"
    marked = {**os.environ, "CCSCHED_RUN_ID": run_id, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(["sh", "-c", plain], env=marked, start_new_session=True) as agent:
        assert agent.wait(60) == -9
    told = Path(f"{out}.new")
    until(lambda: told.read_text().endswith("\n"), "the daemon has told")
    assert told.read_text().split() == ["True", "True", "1"]
    until(lambda: str(script) not in _command_lines(), "the daemon has ended")


def _command_lines() -> str:
    return "\n".join(" ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"]))
