"""Runs of a login service: they outlive its daemon, and nothing outlives them."""

import pytest

from tests.boot.machine import Machine
from tests.boot.person import PROFILE, Person

pytestmark = pytest.mark.boot
GO = "bash touch /var/tmp/{0}.here; while [ ! -e /var/tmp/{0}.go ]; do sleep 0.1; done\nappend done.txt: done"
"""What an agent does that waits to be told to go on."""
DROP_IN = ".config/systemd/user/ccsched.service.d/test.conf"


@pytest.fixture(scope="module")
def nina(machine: Machine) -> Person:
    """The package is there, and she has made it a service of hers."""
    machine.install_package()
    nina = Person(machine, "nina")
    nina.types("ccsched service install --linger")
    nina.types(PROFILE)
    return nina


def at_work(nina: Person, name: str, prompt: str = GO) -> set[int]:
    """Have a task run up to where its agent waits; the processes of the run."""
    nina.task(name, prompt.format(name))
    nina.types(f"ccsched tasks run {name}")
    nina.machine.until((nina.machine.root / "var/tmp" / f"{name}.here").exists, f"the agent of {name} is at work")
    processes = nina.processes("ccsched-supervisor") | nina.processes("claude --print|claude -p")
    assert len(processes) >= 2
    return processes


def goes_on(nina: Person, name: str, processes: set[int]) -> None:
    """The run lives, in the same processes; once it is let go it is a success, the only one, and committed."""
    assert processes <= nina.processes("")
    assert [run["status"] for run in nina.runs(name)] == ["running"]
    nina.types(f"touch /var/tmp/{name}.go")
    (run,) = nina.ended(name)
    assert (run["status"], run["outcome"]) == ("success", "done"), run["errors"]
    assert nina.types(f"git -C project log --format=%s main..{name}") == f"task: {name}\n"
    assert nina.types(f"git -C project show {name}:done.txt") == "done\n"


def test_a_restart_in_the_middle_of_a_run_loses_nothing(nina: Person) -> None:
    """Whoever asks for it: the run goes on in the same processes, and ends once."""
    processes = at_work(nina, "kept")
    for restart in ("XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user restart ccsched", "ccsched service restart"):
        daemon = nina.daemon()
        nina.types(restart)
        assert nina.daemon() not in (0, daemon)
        nina.machine.until(lambda: nina.tries("ccsched health").returncode == 0, "the daemon answers")
        assert "1 running" in nina.systemctl("status ccsched")
    goes_on(nina, "kept", processes)


def test_a_daemon_that_is_stuck_is_replaced(nina: Person) -> None:
    """The watchdog ends it, and the run that lived goes on."""
    (nina.home / DROP_IN).parent.mkdir()
    (nina.home / DROP_IN).write_text("[Service]\nWatchdogSec=6\nTimeoutAbortSec=2\nRestartSec=0\n")
    nina.systemctl("daemon-reload")
    nina.types("ccsched service restart")
    processes = at_work(nina, "stuck")
    daemon = nina.daemon()
    nina.types(f"kill -STOP {daemon}")
    nina.machine.until(lambda: nina.daemon() not in (0, daemon), "another daemon is there")
    nina.machine.until(lambda: nina.tries("ccsched health").returncode == 0, "the daemon answers")
    goes_on(nina, "stuck", processes)
    assert "Watchdog timeout" in nina.types("ccsched service logs --lines 1000")


def test_what_leaves_its_session_is_stopped_with_its_run(nina: Person) -> None:
    """A run has a control group of its own: nothing escapes from it, and it is gone with the run."""
    detached = "setsid -f sh -c 'exec env -i PATH=$PATH sleep 7531' </dev/null >/dev/null 2>&1"
    at_work(nina, "escape", f"bash {detached}; touch /var/tmp/{{0}}.here; sleep 100")
    (stray,) = nina.processes("^sleep 7531")
    (run,) = nina.runs("escape")
    group = nina.types(f"grep ^0:: /proc/{stray}/cgroup").strip().removeprefix("0::")
    assert group.endswith(f"/ccsched.service/run-{run['id']}")
    nina.types(f"ccsched runs stop {run['id']}")
    (run,) = nina.ended("escape")
    assert (run["status"], run["outcome"]) == ("cancelled", "stopped")
    assert nina.processes("^sleep 7531") == set()
    assert nina.types(f"ls -d /sys/fs/cgroup{group} /sys/fs/cgroup/unified{group}", check=False) == ""
