"""A daemon of another version: what can be shown is, and else it is said which version it is and what to type."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler_daemon import __version__
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import Failure, FakeDaemon

Ccsched = Callable[..., Completed]
OTHER = {"status": "ok", "version": "0.0.9", "pid": 4711}


@pytest.mark.parametrize("reply", [{"job_list": []}, [], None, {"jobs": [{"id": 1}]}], ids=str)
def test_an_answer_of_another_shape(ccsched: Ccsched, daemon: FakeDaemon, reply: object) -> None:
    """No traceback, and nothing half shown: both versions are named."""
    daemon.answers |= {"jobs.list": reply, "daemon.health": OTHER}
    done = ccsched("jobs", "list", "--output", "table")
    assert (done.returncode, done.stdout) == (1, "")
    said = f"The daemon is ccsched 0.0.9, and this is ccsched {__version__}.\n"
    assert done.stderr.startswith(f"Error: The daemon's answer cannot be shown.\n{said}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"installed_version": __version__, "started_by": "service"},
            "Start it again: ccsched --home {} service restart",
        ),
        (
            {"installed_version": __version__, "started_by": "detached"},
            "Start it again: ccsched --home {} daemon restart",
        ),
        ({}, "Start it again: kill 4711, and when it has ended: ccschedd --home {}"),
        ({"installed_version": "0.0.9"}, "They are installed in two places: update the older one"),
    ],
    ids=["service", "detached", "by hand", "two installations"],
)
def test_what_to_type(ccsched: Ccsched, daemon: FakeDaemon, home: Path, answer: dict[str, str], said: str) -> None:
    """It is for how the daemon was started."""
    daemon.answers |= {"jobs.list": [], "daemon.health": {**OTHER, **answer}}
    assert said.format(home) in ccsched("jobs", "list", "--output", "table").stderr


def test_a_param_of_another_version(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """What the daemon says of it comes first."""
    daemon.answers |= {
        "tasks.get": Failure(-32602, "deep: no such field", kind="invalid_params"),
        "daemon.health": {**OTHER, "installed_version": __version__},
    }
    done = ccsched("tasks", "get", "t")
    assert done.stderr.startswith("Error: deep: no such field\nThe daemon is ccsched 0.0.9")


def test_the_same_version_is_asked_nothing_more(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """An answer that is understood costs one request; a refusal by a daemon of our version is told as it is."""
    daemon.answers |= {"jobs.list": {"jobs": []}, "daemon.health": {**OTHER, "version": __version__}}
    ccsched("jobs", "list")
    assert [method for method, _ in daemon.requests] == ["jobs.list"]
    daemon.answers["jobs.list"] = Failure(-32602, "no such field")
    assert ccsched("jobs", "list").stderr == "Error: no such field\n"


def test_health_and_state_show_what_they_can(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Of a daemon that tells less, or otherwise."""
    daemon.answers |= {
        "daemon.health": OTHER,
        "daemon.state": {**OTHER, "jobs": {"total": 3}, "limits": [], "spent": None, "live": []},
    }
    told = f"0.0.9; this ccsched is {__version__}"
    assert ccsched("health", "--output", "table").stdout == f"status   ok\nversion  {told}\nprocess  4711\n"
    assert ccsched("state", "--output", "table").stdout == f"daemon  {told}, process 4711\njobs    3\n"
