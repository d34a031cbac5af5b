"""``ccsched schedule explain`` as a process of its own, without a daemon."""

import json
import subprocess
import sys
from collections.abc import Callable

from tests.integration.cli.conftest import Completed

Ccsched = Callable[..., Completed]


def test_a_pipe_gets_json_and_no_daemon_is_asked(ccsched: Ccsched) -> None:
    """Where no daemon is, the answer is there all the same."""
    done = ccsched(
        "schedule", "explain", "30 2 * * *", "--timezone", "Europe/Berlin", "--from", "2031-03-30", "-n", "1"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["next"] == ["2031-03-30T03:00:00+02:00"]


def test_a_terminal_gets_a_table(terminal: Callable[..., tuple[int, str]]) -> None:
    """The times are in the machine's own zone."""
    code, shown = terminal("schedule", "explain", "@daily", "--from", "2031-05-17", "-n", "1", TZ="Asia/Tokyo")
    assert (code, shown) == (0, "at 00:00, every day (Asia/Tokyo)\n\nSun 2031-05-18 00:00:00+09:00\n")


def test_a_refusal_is_an_exit_status_of_1(ccsched: Ccsched) -> None:
    """A script can tell a refused expression from wrong usage."""
    refused = ccsched("schedule", "explain", "0 0 30 2 *")
    wrong = ccsched("schedule", "explain", "@daily", "--from", "x")
    assert (refused.returncode, wrong.returncode) == (1, 2)
    assert (refused.stdout, wrong.stdout) == ("", "")
    assert "is never due" in refused.stderr


def test_it_needs_no_model(environment: dict[str, str]) -> None:
    """The command starts without pydantic, and the others without what reads cron expressions."""
    script = (
        "import sys; from scheduler_daemon.cli.main import main; sys.argv = ['ccsched', *sys.argv[1:]]; main(); "
        "print([name for name in ('pydantic', 'croniter') if name in sys.modules], file=sys.stderr)"
    )

    def loaded(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
        return done.stderr.strip()

    assert loaded("schedule", "explain", "@daily") == "['croniter']"
    assert loaded("schedule", "--help") == "[]"
