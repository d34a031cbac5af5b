"""A machine that is switched off and on again: who starts the daemon, and what becomes of the run it had."""

from collections.abc import Callable

import pytest

from tests.boot.machine import Machine
from tests.boot.person import PROFILE, Person

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module")
def nina(machine: Machine) -> Person:
    """The package is there, and she makes it a service of hers without lingering, while she is logged in."""
    nina = Person(machine, "nina")
    machine.install_package()
    with machine.logged_in("nina"):
        told = nina.asks("ccsched service install")
        assert told["lingers"] is False
        assert any("ccsched service install --linger" in note for note in told["notes"])
        nina.types(PROFILE)
    return nina


def test_without_lingering_it_is_there_from_login_to_logout(nina: Person) -> None:
    """After a boot nothing of hers runs, until she logs in; it ends as she logs out."""
    nina.machine.switch_off()
    nina.machine.boot()
    assert nina.processes("") == set()
    with nina.machine.logged_in("nina"):
        nina.machine.until(lambda: nina.tries("ccsched health").returncode == 0, "the daemon answers")
        assert nina.asks("ccsched service status")["lingers"] is False
    nina.machine.until(lambda: nina.processes("ccsched") == set(), "the daemon has ended")


@pytest.mark.parametrize("off", [Machine.cut_power, Machine.switch_off], ids=["power cut", "poweroff"])
def test_a_run_that_is_cut_off_is_carried_on(nina: Person, off: Callable[[Machine], None]) -> None:
    """It is on record as interrupted, and the retry that follows succeeds; with nobody logged in since the boot."""
    name = off.__name__.replace("_", "-")
    nina.types("ccsched service install --linger")
    here = f"/var/tmp/{name}"
    script = f"bash test -e {here} || {{ touch {here}; sleep 100; }}\nappend done.txt: done"
    nina.task(name, script, "--max-retries 1 --retry-delay 1")
    nina.types(f"ccsched tasks run {name}")
    nina.machine.until((nina.machine.root / here[1:]).exists, "the agent is at work")
    off(nina.machine)

    nina.machine.boot()
    nina.machine.until(lambda: nina.tries("ccsched health").returncode == 0, "the daemon answers")
    first, second = nina.ended(name)
    assert (first["status"], first["outcome"]) == ("failed", "interrupted"), first["errors"]
    assert (second["status"], second["continues"]) == ("success", first["id"]), second["errors"]
    assert nina.types(f"git -C project show {name}:done.txt") == "done\n"
    assert nina.types(f"git -C project log --format=%s main..{name}") == f"task: {name}\n"
    assert not nina.machine.has_sessions()
    assert len(nina.processes("ccschedd")) == 1
    assert nina.processes("ccsched-supervisor") == set()
