"""What lies in contrib/ for a person to begin with."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packages import ROOT
from tests.support.house import BIN, House
from tests.support.needed import need

FLEET = ROOT / "contrib" / "fleet"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A daemon in a fresh home."""
    house = House(tmp_path / "home")
    house.start()
    yield house
    house.end()


def test_the_fleet_is_imported_as_its_readme_says(house: House, tmp_path: Path) -> None:
    """The line of its README imports every job for the repository one stands in, and nothing of it is enabled."""
    repository = tmp_path / "my repository"
    git = ["git", "-C", str(repository)]
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", repository], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "Begin"], check=True, env=house.environment)
    readme = (FLEET / "README.md").read_text()
    line = next(line for line in readme.splitlines() if line.startswith("sed "))
    subprocess.run(
        ["sh", "-c", line.replace("path/to/fleet.json", str(FLEET / "fleet.json"))],
        cwd=repository,
        env={**house.environment, "PATH": f"{BIN}:{house.environment['PATH']}"},
        check=True,
        capture_output=True,
    )
    fleet = json.loads((FLEET / "fleet.json").read_text())
    jobs, tasks = house.call("jobs.list")["jobs"], house.call("tasks.list")["tasks"]
    assert {job["name"] for job in jobs} == {job["name"] for job in fleet["jobs"]}
    assert {job["working_directory"]["path"] for job in jobs} == {str(repository)}
    assert {task["name"] for task in tasks} == {task["name"] for task in fleet["tasks"]}
    assert not any(task["enabled"] for task in tasks)
    for task in tasks:
        assert f"`{task['name']}`" in readme
        expression = task["schedule"]["cron_expression"]
        if expression:
            explained = house.ccsched("--output", "table", "schedule", "explain", expression).stdout
            meaning = explained.partition(" (")[0]
            assert f"| {meaning} | `{expression}` |" in readme


def test_logrotate_takes_the_configuration(tmp_path: Path) -> None:
    """The real logrotate reads the configuration without complaint, and by it keeps what the daemon logged."""
    need("logrotate")
    home = tmp_path / ".claude-scheduler"
    home.mkdir(mode=0o700)
    (home / "daemon.log").write_text("ready\n")
    # As it is installed: a copy that nobody else can write to.
    config = tmp_path / "ccsched.logrotate"
    config.write_text((ROOT / "contrib" / "logrotate" / "ccsched").read_text())
    config.chmod(0o600)
    rotated = subprocess.run(
        ["logrotate", "--force", "--state", home / "logrotate.state", config],
        env={"HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (rotated.returncode, rotated.stderr) == (0, "")
    (kept,) = home.glob("daemon.log*")
    assert re.fullmatch(r"daemon\.log-\d{8}-\d+", kept.name)
    assert kept.read_text() == "ready\n"
