"""Under a service manager that gives it a cgroup, each run has one of its own, and nothing gets out of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.cgroup import ENTER, cgroup
from tests.support.house import House, house, until

pytestmark = pytest.mark.cgroup

OUT_OF_SIGHT = "bash (env -i setsid sleep 987 &) ; echo started > started.txt\nhang"
"""In a session of its own, its parent gone, with nothing in its environment that tells of the run."""


@pytest.fixture
def own() -> Iterator[Path]:
    """The service's cgroup."""
    with cgroup() as made:
        yield made


@pytest.fixture
def service(tmp_path: Path, own: Path) -> Iterator[House]:
    """A daemon in it."""
    with house(tmp_path) as made:
        made.environment["CCSCHED_DELEGATED"] = "1"
        made.daemon = made.spawn(by=[*ENTER, str(own)])
        until(made.health, "the daemon answers")
        yield made
        assert made.end() == 0
        assert made.processes() == []


def members(folder: Path) -> set[int]:
    """The pids in a cgroup."""
    return {int(pid) for pid in (folder / "cgroup.procs").read_text().split()}


def commands(folder: Path) -> list[list[str]]:
    """The command lines in a cgroup."""
    found = []
    for pid in members(folder):
        with contextlib.suppress(psutil.Error):
            found.append(psutil.Process(pid).cmdline())
    return found


def started(service: House, directory: Path, script: str) -> dict[str, object]:
    """A run whose agent is at work."""
    directory.mkdir()
    task = service.task(service.job(directory), "long", script)
    run: dict[str, object] = service.call("tasks.run", task=task["id"])
    until((directory / "started.txt").exists, "the agent is at work")
    return run


def test_a_run_has_a_cgroup_as_long_as_it_lives(service: House, own: Path, tmp_path: Path) -> None:
    """All that the agent starts is in it, the supervisor is not; a stop leaves neither processes nor the cgroup."""
    run = started(service, tmp_path / "work", OUT_OF_SIGHT)
    supervisor = int(service.claim(run).read_text())
    folder = own / f"run-{run['id']}"
    until(lambda: ["sleep", "987"] in commands(folder), "it is out of sight")
    theirs = members(folder)
    assert len(theirs) >= 2
    assert supervisor in members(own)
    service.call("runs.stop", run=run["id"])
    assert service.ended(run)["outcome"] == "stopped"
    assert not any(psutil.pid_exists(pid) for pid in theirs)
    assert [each for each in own.iterdir() if each.is_dir()] == []


def test_what_a_vanished_supervisor_leaves_is_found_by_its_cgroup(service: House, own: Path, tmp_path: Path) -> None:
    """Also a process that nothing else tells to be of this run; it is named on its record."""
    run = started(service, tmp_path / "work", OUT_OF_SIGHT)
    psutil.Process(int(service.claim(run).read_text())).kill()
    ended = service.ended(run)
    assert ended["outcome"] == "interrupted"
    assert any("sleep 987" in each for each in ended["leftovers"]), ended["leftovers"]
    assert [each for each in own.iterdir() if each.is_dir()] == []


def test_a_cgroup_that_was_left_is_removed_at_the_next_start(service: House, own: Path, tmp_path: Path) -> None:
    """That of a run which lives stays as it is, with the run."""
    (own / "run-00000000-0000-0000-0000-000000000000" / "made-by-the-agent").mkdir(parents=True)
    run = started(service, tmp_path / "work", "bash touch started.txt; until test -e go.txt; do sleep 0.05; done")
    service.kill()
    service.daemon = service.spawn(by=[*ENTER, str(own)])
    until(service.health, "the daemon answers")
    assert [each.name for each in own.iterdir() if each.is_dir()] == [f"run-{run['id']}"]
    (tmp_path / "work" / "go.txt").touch()
    assert service.ended(run)["status"] == "success"
    assert [each for each in own.iterdir() if each.is_dir()] == []
