"""A login service that is there with nobody logged in: installed as the README says, at work, and removed."""

import time

import pytest

from tests.boot.machine import Machine
from tests.boot.person import PROFILE, Person

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module")
def nina(machine: Machine) -> Person:
    """She has installed ccsched, and made it a service, over a login that is no session."""
    nina = Person(machine, "nina")
    nina.installs()
    before = nina.types("find . -path ./.local/lib -prune -o -print")
    nina.types(f"cat > /var/tmp/before <<'END'\n{before}END")
    told = nina.asks("ccsched service install --linger")
    assert told["changed"]
    assert told["lingers"]
    nina.types(PROFILE)
    return nina


def test_it_is_installed_without_a_session(nina: Person) -> None:
    """It runs, lingers, answers, and says so; installing it once more changes nothing."""
    assert not nina.machine.has_sessions()
    daemon = nina.daemon()
    assert daemon
    assert nina.systemctl("is-enabled ccsched") == "enabled\n"
    assert nina.machine.does("loginctl", "show-user", "nina", "--property=Linger").stdout == "Linger=yes\n"
    assert not nina.asks("ccsched service install --linger")["changed"]
    assert nina.daemon() == daemon
    status = nina.asks("ccsched service status")
    assert (status["pid"], status["daemon"]["pid"], status["problems"]) == (daemon, daemon, [])
    assert "/home/nina/.local/bin" in status["environment"]["PATH"]
    looked = nina.tries("ccsched doctor --output table")
    # She has no account with the agent; all else that is hers is well.
    assert looked.returncode == 1
    assert [line.split()[1] for line in looked.stdout.split("\n") if "✗" in line] == ["login"], looked.stdout


def test_what_is_due_is_done_with_nobody_logged_in(nina: Person) -> None:
    """A task for the next minute runs, by the real agent, and is committed; nobody has logged in all the while."""
    minute = time.gmtime(time.time() + 70)  # with time to say so before it begins
    when = f"{minute.tm_min} {minute.tm_hour} {minute.tm_mday} {minute.tm_mon} *"
    nina.task("nightly", "write app.py: print('night')", f"--cron '{when}' --timezone UTC")
    status = nina.systemctl("status ccsched")
    assert "next" in status, status
    assert "nightly" in status
    (run,) = nina.ended("nightly")
    assert (run["status"], run["outcome"], run["trigger"]) == ("success", "done", "schedule"), run["errors"]
    assert nina.types("git -C project show nightly:app.py") == "print('night')\n"
    assert f"Run: {run['id']}" in nina.types("git -C project log -1 nightly")
    assert not nina.machine.has_sessions()


def test_its_log_is_in_the_journal(nina: Person) -> None:
    """Who asks sees what the daemon has logged."""
    assert "ready" in nina.types("ccsched service logs --lines 1000")


def test_nothing_is_left_when_it_is_removed(nina: Person) -> None:
    """No process, no unit, no link, no folder; what is remembered stays."""
    nina.types("ccsched service uninstall")
    after = nina.types("find . -path ./.local/lib -prune -o -path ./.claude-scheduler -prune -o -print")
    before = nina.types("cat /var/tmp/before")
    made_by_agents = {
        line
        for line in after.splitlines()
        if line.startswith(("./.claude", "./project", "./.cache", "./.config/claude"))
    }
    assert set(after.splitlines()) - made_by_agents <= set(before.splitlines())
    assert nina.systemctl("list-units --all --plain --no-legend 'ccsched*'") == ""
    assert nina.systemctl("list-unit-files --no-legend 'ccsched*'", check=False) == ""
    assert nina.processes("ccsched") == set()
    assert (nina.home / ".claude-scheduler/state.db").exists()
    assert nina.tries("ccsched service uninstall").returncode == 0
