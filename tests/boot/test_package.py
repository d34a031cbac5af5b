"""The Debian package: installed, used as a login service and by a server's unit, upgraded over itself, and purged."""

import re

import pytest

from tests.boot.machine import Machine
from tests.boot.person import PROFILE, Person

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module")
def nina(machine: Machine) -> Person:
    """A user of a machine on which root has installed the package."""
    nina = Person(machine, "nina")
    machine.install_package()
    machine.does("loginctl", "enable-linger", "nina")
    machine.until(lambda: nina.systemctl("is-system-running", check=False) == "running\n", "her systemd is there")
    return nina


def test_what_it_brings_is_found(nina: Person) -> None:
    """Commands, man pages and completions; nothing starts by itself."""
    for command in ("ccsched --version", "ccschedd --version", "claude-code-scheduler --version"):
        assert re.search(r"\d+\.\d+\.\d+", nina.types(command)), command
    for page in ("1 ccsched", "8 ccschedd"):
        assert nina.types(f"man --where {page}").startswith("/usr/share/man/")
    assert "NAME" in nina.types("man 1 ccsched")
    loaded = nina.types(
        "source /usr/share/bash-completion/bash_completion; _completion_loader ccsched; complete -p ccsched"
    )
    assert "ccsched" in loaded
    assert nina.daemon() == 0
    assert nina.processes("ccschedd") == set()


def test_the_packaged_login_service_does_a_run(nina: Person) -> None:
    """Enabled by its name; a run with it is committed, and an upgrade in the middle of one leaves that alive."""
    nina.systemctl("enable --now --quiet ccsched")
    assert nina.asks("ccsched service status")["unit_path"] == "/usr/lib/systemd/user/ccsched.service"
    nina.types(PROFILE)
    nina.task(
        "kept", "bash touch /var/tmp/kept.here; while [ ! -e /var/tmp/kept.go ]; do sleep 0.1; done\nwrite a.txt: a"
    )
    nina.types("ccsched tasks run kept")
    nina.machine.until((nina.machine.root / "var/tmp/kept.here").exists, "the agent is at work")
    at_work = nina.processes("ccsched-supervisor") | nina.processes("claude -p")

    nina.machine.install_package("--reinstall")
    nina.types("ccsched service restart")
    assert at_work
    assert at_work <= nina.processes("")
    nina.types("touch /var/tmp/kept.go")
    (run,) = nina.ended("kept")
    assert (run["status"], run["outcome"]) == ("success", "done"), run["errors"]
    assert nina.types("git -C project log --format=%s main..kept") == "task: kept\n"
    nina.systemctl("disable --now --quiet ccsched")


def test_the_unit_for_servers_does_a_run(nina: Person) -> None:
    """ccsched@nina is hers, with no login and no lingering; what it does is committed in her name."""
    machine = nina.machine
    machine.does("loginctl", "disable-linger", "nina")
    machine.until(lambda: nina.processes("systemd") == set(), "her systemd has ended")
    machine.does("systemctl", "enable", "--now", "--quiet", "ccsched@nina")
    assert nina.asks("ccsched health")
    assert machine.does("systemctl", "show", "--property=StatusText", "--value", "ccsched@nina").stdout.strip()
    nina.task("served", "write b.txt: b")
    nina.types("ccsched tasks run served --wait")
    assert nina.types("git -C project log --format='%s by %an' main..served") == "task: served by Nina\n"
    # On a server there is none of hers but what was asked for.
    assert nina.processes("") == nina.processes("ccschedd")


def test_purged_it_leaves_nothing(nina: Person) -> None:
    """Neither a process, nor a file of the package's; the user's home is as it was."""
    machine = nina.machine
    shipped = machine.does("dpkg", "--listfiles", "ccsched").stdout.split("\n")
    ours = [path for path in shipped if "ccsched" in path]
    assert len(ours) > 100
    machine.does("apt-get", "--yes", "-qq", "purge", "ccsched")
    assert machine.does("dpkg", "--listfiles", "ccsched", check=False).returncode != 0
    assert (
        machine.does("sh", "-c", 'for path; do [ -e "$path" ] && echo "$path"; done; true', "sh", *ours).stdout == ""
    )
    left = machine.does(
        "find", "/usr", "/etc", "/var/lib", "/var/cache", "-name", "*ccsched*", "-not", "-path", "/usr/local/*"
    )
    assert left.stdout == ""
    assert nina.processes("ccsched") == set()
    assert machine.does("systemctl", "list-units", "--all", "--plain", "--no-legend", "ccsched*").stdout == ""
    assert (nina.home / ".claude-scheduler/state.db").exists()
