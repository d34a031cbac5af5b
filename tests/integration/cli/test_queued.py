"""Who waits for a run that is queued is told why."""

import subprocess
from pathlib import Path

from tests.support.house import BIN, PATIENCE, house


def test_a_run_that_is_waited_for_says_why_it_does_not_start(tmp_path: Path) -> None:
    """On standard error, once for each reason; the documents on standard output are none the wiser."""
    go = tmp_path / "go"
    with house(tmp_path, max_concurrent_runs=1) as made:
        made.start()
        first = made.task(made.job(tmp_path, "first"), "a", f"bash until [ -e {go} ]; do sleep 0.1; done")
        made.task(made.job(tmp_path, "second"), "b", "say hello")
        run = made.call("tasks.run", task=first["id"])
        waiting = subprocess.Popen(
            [BIN / "ccsched", "tasks", "run", "b", "--wait"],
            env=made.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert waiting.stderr
        told = waiting.stderr.readline()
        assert told == (
            f"b has not started yet: its directory is in use by run {run['id'][:8]} of task 'a' in job 'first'\n"
        )
        go.touch()
        output, errors = waiting.communicate(timeout=PATIENCE)
        assert waiting.returncode == 0
        assert '"status": "success"' in output
        assert errors == ""
