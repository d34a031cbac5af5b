"""A disk that fills up, and folders that are taken away, between a due time and its recorded end."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.crash.night import Night
from tests.integration.crash.steps import DAEMON, STEPS, Step
from tests.support.house import PATIENCE, house, repository
from tests.support.namespace import IN_A_NAMESPACE, needs_a_namespace

DAEMONS = [
    step.name for step in STEPS if step.victims == (DAEMON,) or step.name in ("running-recorded", "made-ready")
]
"""Steps of the daemon's, after which it has something to write."""
TAKEN = [(step, what) for step in ("due-recorded", "running-recorded", "agent-working") for what in ("live", "logs")]


@needs_a_namespace
@pytest.mark.parametrize("step", [*DAEMONS, "agent-working"])
def test_a_disk_that_is_full_for_a_while(tmp_path: Path, step: str) -> None:
    """What could not be written is written when there is room: both tasks have succeeded, once each."""
    done = subprocess.run(
        [*IN_A_NAMESPACE, sys.executable, "-m", "tests.integration.crash.small_disk", tmp_path, step],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=PATIENCE * 3,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize(("step", "what"), TAKEN, ids=[f"{what} at {step}" for step, what in TAKEN])
def test_a_folder_that_is_taken_away(tmp_path: Path, step: str, what: str) -> None:
    """Nothing is lost: every run has ended, with a word on why where that is no success."""
    with house(tmp_path) as made:
        night = Night(made, repository(tmp_path / "repo"))
        place, aside = made.home.path / what, made.home.path / f"{what}.aside"

        def take(_night: Night, _waits: int) -> None:
            place.mkdir(exist_ok=True)
            place.rename(aside)
            place.write_text("not a folder any more\n")

        night.happens([(Step(step, ()), take)])
        made.all_ended()
        place.unlink()
        shutil.copytree(aside, place)
        made.end()
        made.start()
        night.is_whole()
