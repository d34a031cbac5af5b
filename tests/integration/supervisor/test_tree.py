"""Whatever the agent has started, nothing of it is left when its run has ended."""

import subprocess
import sys
import time

import psutil
import pytest

from scheduler_daemon.run import process
from tests.integration.supervisor.supervised import Supervise, Supervised

PYTHON = (sys.executable, "-I", "-S", "-c")
STUBBORN = "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
STAY = "os.write(1, b'ready\\n')\nwhile True: time.sleep(1000)\n"
PORTABLE = """\
import supervisor.main, supervisor.descendants
supervisor.main.adopt_orphans = bool
supervisor.descendants.sys = type(sys)("elsewhere")
supervisor.descendants.sys.platform = "elsewhere"
os._exit"""

native_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux adopts orphans")


@pytest.fixture(params=["native", "portable"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's own means, and as where there is nothing but ``ps``."""
    if request.param == "portable":
        monkeypatch.setattr(process, "_START", process._START.replace("os._exit", PORTABLE))


def _ready(run: Supervised, count: int) -> None:
    run.until(lambda: run.text().count(b"ready\n") >= count, f"{count} processes are ready")


def _stop(run: Supervised) -> float:
    """Stop a run, and see that nothing of it is left; the seconds that it took."""
    run.stop()
    began = time.monotonic()
    assert run.end() == 0
    taken = time.monotonic() - began
    assert run.alive() == []
    return taken


@pytest.mark.usefixtures("either_way")
def test_a_tree_of_fifty_in_ten_sessions_is_gone(supervise: Supervise) -> None:
    """Half of them ignore SIGTERM: one second after the grace none is left, and those that were killed are named."""
    code = (
        "import os, signal, time\n"
        "for session in range(10):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        number = next((number for number in range(4) if os.fork() == 0), 4)\n"
        "        if (session + number) % 2: signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"        {STAY.replace(chr(10), chr(10) + '        ')}\n"
        "while True: time.sleep(1000)"
    )
    run = supervise(*PYTHON, code, grace=0.5)
    _ready(run, 50)
    assert _stop(run) < 1.5
    assert run.record["ended_by"] == "stop"
    assert run.record["leftovers_total"] == len(run.record["leftovers"]) == 25
    assert {left["ended_with"] for left in run.record["leftovers"]} == {"SIGKILL"}


@pytest.mark.usefixtures("either_way")
def test_a_fork_loop_is_ended(supervise: Supervise) -> None:
    """Processes that ignore SIGTERM and replace themselves as fast as they can do not outlive the run."""
    code = (
        STUBBORN
        + "if os.fork() == 0:\n    os.write(1, b'ready\\n')\n    while True:\n        if os.fork(): os._exit(0)\n"
    )
    run = supervise(*PYTHON, code + STAY, grace=0.2)
    _ready(run, 2)
    assert _stop(run) < 5


@native_only
def test_a_fork_loop_that_leaves_each_session_is_ended(supervise: Supervise) -> None:
    """Not even if each of them makes a session of its own, so that no signal reaches two of them."""
    code = STUBBORN + (
        "if os.fork() == 0:\n"
        "    os.write(1, b'ready\\n')\n"
        "    while True:\n"
        "        if os.fork(): os._exit(0)\n"
        "        os.setsid()\n"
    )
    run = supervise(*PYTHON, code + STAY, grace=0.2)
    _ready(run, 2)
    assert _stop(run) < 5


@pytest.mark.usefixtures("either_way")
def test_a_crowd_that_grows_is_ended(supervise: Supervise) -> None:
    """Processes that multiply until they may not any more are ended; fifty are named, and all are counted."""
    code = STUBBORN + (
        "for _ in range(6):\n"
        "    if os.fork() == 0: os.setsid()\n"
        "while True:\n"
        "    if os.getpid() % 7 == 0: os.write(1, b'ready\\n')\n"
        "    time.sleep(1000)\n"
    )
    run = supervise(*PYTHON, code, grace=0.3)
    run.until(lambda: len(run.alive()) == 64, "all are there")
    assert _stop(run) < 5
    assert (run.record["leftovers_total"], len(run.record["leftovers"])) == (63, 50)


@pytest.mark.usefixtures("either_way")
def test_stopped_ones_end_within_the_grace(supervise: Supervise) -> None:
    """What is suspended, in a session of its own, is woken to end as it was asked to."""
    run = supervise(
        "bash", "-c", "setsid sh -c 'echo ready; kill -STOP $$; exec sleep 1000' & echo ready; wait", grace=20
    )
    _ready(run, 2)
    run.until(lambda: [child for child in run.alive() if child.status() == psutil.STATUS_STOPPED], "one is suspended")
    assert _stop(run) < 10
    assert (run.record["ended_by"], run.record["leftovers"]) == ("stop", [])


@native_only
def test_orphans_that_another_adopts_are_ended(supervise: Supervise) -> None:
    """A descendant may be the one that orphans go to: they are descendants all the same."""
    code = STUBBORN + (
        "import ctypes\n"
        "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork(): os._exit(0)\n"
    )
    wrapped = f"import os, time\nif os.fork() == 0:\n    os.setsid()\n    exec({code + STAY!r})\n" + STAY
    run = supervise(sys.executable, "-I", "-c", wrapped, grace=0.3)
    _ready(run, 3)
    assert _stop(run) < 5
    assert run.record["leftovers_total"] == 2


@pytest.mark.usefixtures("either_way")
def test_zombies_are_not_waited_for(supervise: Supervise) -> None:
    """Ended processes that their parent does not reap neither hold up the end nor count as left behind."""
    code = "import os, time\nfor _ in range(5):\n    if os.fork() == 0: os._exit(0)\n"
    run = supervise(*PYTHON, code + STAY, grace=20)
    _ready(run, 1)
    assert _stop(run) < 10
    assert run.record["leftovers"] == []


@pytest.mark.usefixtures("either_way")
def test_who_holds_the_pipe_does_not_hold_the_run(supervise: Supervise) -> None:
    """After a normal end what was left behind is ended, and told of with what it took."""
    code = (
        "import os, signal, time\n"
        "for ignores in (False, True):\n"
        "    if os.fork() == 0:\n"
        "        os.setpgid(0, 0)\n"
        "        if ignores: signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"        {STAY.replace(chr(10), chr(10) + '        ')}\n"
        "while not os.path.exists('seen'): pass"
    )
    run = supervise(*PYTHON, code, grace=0.3)
    _ready(run, 2)
    (run.folder / "seen").touch()
    assert run.end() == 0
    assert run.alive() == []
    assert (run.record["exit_code"], run.record["ended_by"]) == (0, None)
    assert sorted(left["ended_with"] for left in run.record["leftovers"]) == ["SIGKILL", "SIGTERM"]
    assert run.record["leftovers_total"] == 2


@pytest.mark.usefixtures("either_way")
def test_a_daemon_of_its_own_is_ended(supervise: Supervise) -> None:
    """Forked twice, in a session of its own, its parents long gone: it is found when the agent ends by itself."""
    code = STUBBORN + (
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork(): os._exit(0)\n"
        f"    {STAY.replace(chr(10), chr(10) + '    ')}\n"
        "os.wait()\n"
        "while not os.path.exists('seen'): pass"
    )
    run = supervise(*PYTHON, code, grace=0.2)
    _ready(run, 1)
    (run.folder / "seen").touch()
    assert run.end() == 0
    assert run.alive() == []
    assert [left["ended_with"] for left in run.record["leftovers"]] == ["SIGKILL"]


@pytest.mark.usefixtures("either_way")
def test_who_speaks_of_a_run_is_not_of_it(supervise: Supervise) -> None:
    """A process that has the run's variable in its arguments, not in its environment, is let be."""
    run = supervise("sh", "-c", "echo ready; exec sleep 1000", env={"CCSCHED_RUN_ID": "77", "PATH": "/bin"})
    with subprocess.Popen([*PYTHON, "import time; time.sleep(1000)", "CCSCHED_RUN_ID=77", "x"]) as bystander:
        try:
            _ready(run, 1)
            _stop(run)
            assert bystander.poll() is None
        finally:
            bystander.kill()
