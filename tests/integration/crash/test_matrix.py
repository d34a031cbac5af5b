"""Whoever is killed between a due time and its recorded end, and wherever: nothing is lost and nothing doubled.

``CCSCHED_CRASHES=1000`` plays so many random nights, ``CCSCHED_CRASHES_FROM`` says with which seed they begin.
"""

import contextlib
import os
import random
from pathlib import Path

import pytest

from tests.integration.crash.night import Ambush, Mishap, Night
from tests.integration.crash.steps import AGENT, DAEMON, MENDING, STEPS, SUPERVISOR, Step
from tests.support.house import house, repository

NIGHTS = int(os.environ.get("CCSCHED_CRASHES", "8"))
FIRST = int(os.environ.get("CCSCHED_CRASHES_FROM", "1"))
MOST_KILLS = 3
BEFORE_THE_AGENT = ("supervisor-spawned", "made-ready", "running-recorded")


def kill(victim: str) -> Mishap:
    """Somebody is killed."""
    return lambda night, waits: night.kill(victim, waits)


@pytest.mark.parametrize(
    ("step", "victim"),
    [pytest.param(step, victim, id=f"{step.name}-{victim}") for step in STEPS for victim in step.victims],
)
def test_a_kill_at_one_step(tmp_path: Path, step: Step, victim: str) -> None:
    """Both tasks have succeeded in the end; only a run whose own processes were killed at work was tried again."""
    with house(tmp_path) as made:
        night = Night(made, repository(tmp_path / "repo"))
        with contextlib.ExitStack() as held:
            mishap = kill(victim)
            if (step.name, victim) == ("agent-started", AGENT):
                mishap = _kill_at_work(held, night)
            night.happens([(step, mishap)])
        night.goes_well(interrupted=victim in step.interrupts)


def _kill_at_work(held: contextlib.ExitStack, night: Night) -> Mishap:
    """The agent is killed, which waits at its work until then: it could be done with it sooner than we look."""
    working = held.enter_context(Ambush(night.faults, "agent-working"))

    def mishap(night: Night, waits: int) -> None:
        working.awaited()
        night.kill(AGENT, waits)
        held.close()

    return mishap


@pytest.mark.parametrize(
    ("step", "victim"),
    [
        pytest.param(step, victim, id=f"{step.name}-{victim}")
        for step in MENDING
        for victim in step.victims
        if victim != DAEMON
    ],
)
def test_a_kill_while_it_is_mended(tmp_path: Path, step: Step, victim: str) -> None:
    """The same holds where the agent is called again, to mend what the verify command found."""
    with house(tmp_path) as made:
        night = Night(made, repository(tmp_path / "repo"), mended=True)
        night.happens([(step, kill(victim))])
        night.goes_well(interrupted=victim in step.interrupts)


def test_daemons_that_die_one_after_the_other_while_it_is_mended(tmp_path: Path) -> None:
    """Each goes on where the one before it was killed, and nothing is begun twice."""
    with house(tmp_path) as made:
        night = Night(made, repository(tmp_path / "repo"), mended=True)
        night.happens([(step, kill(DAEMON)) for step in MENDING if DAEMON in step.victims])
        night.goes_well(interrupted=False)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + NIGHTS))
def test_kills_at_random_steps(tmp_path: Path, seed: int) -> None:
    """Up to three in a night, each at a step of its own."""
    chance = random.Random(seed)
    steps = chance.sample(STEPS, chance.randint(1, MOST_KILLS))
    kills = [(step, chance.choice(step.victims)) for step in steps]
    if all(victim == SUPERVISOR and step.name in BEFORE_THE_AGENT for step, victim in kills) and len(kills) == 3:
        kills.pop()  # three supervisors in a row that come to nothing are given up
    with house(tmp_path) as made:
        night = Night(made, repository(tmp_path / "repo"), mended=seed % 2 == 0)
        night.happens([(step, kill(victim)) for step, victim in kills])
        night.goes_well()
