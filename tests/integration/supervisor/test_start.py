"""From orders to an agent that runs."""

import fcntl
import json
import marshal
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scheduler_daemon.run import process
from tests.integration.supervisor.supervised import Supervise


def test_the_agent_is_started_as_ordered(supervise: Supervise, tmp_path: Path) -> None:
    """Directory, arguments, environment and prompt are those of the orders, and nothing else comes with them."""
    script = 'pwd; printf "%s|" "$@"; env | sort; cat'
    place = tmp_path / "a place"
    place.mkdir()
    run = supervise(
        "/bin/sh",
        "-c",
        script,
        "sh",
        "a b",
        "ü\n'",
        cwd=str(place),
        prompt="do it ✓",
        env={"X": "1 2", "PWD": str(place)},
    )
    assert run.end() == 0
    assert run.text().decode() == f"{place}\na b|ü\n'|PWD={place}\nX=1 2\ndo it ✓"
    assert stat.S_IMODE(run.log.stat().st_mode) == 0o600


def test_the_record_tells_everything(supervise: Supervise) -> None:
    """The exit record has every field, with what happened in it."""
    run = supervise("sh", "-c", "echo out; echo err >&2; sleep 0.2; exit 7")
    assert run.end() == 0
    record = run.record
    assert record.pop("started_at") < record.pop("ended_at")
    assert 0.2 <= record.pop("duration") < 5
    assert record.pop("user_seconds") + record.pop("system_seconds") < 5
    assert 1_000_000 < record.pop("max_rss_bytes") < 100_000_000
    assert record == {
        "version": 1,
        "run_id": "0123",
        "exit_code": 7,
        "signal": None,
        "stdout_bytes": 4,
        "stderr_bytes": 4,
        "log_lost_bytes": 0,
        "log_error": None,
        "log_cut_bytes": 0,
        "leftovers": [],
        "leftovers_total": 0,
        "ended_by": None,
        "not_started": None,
    }
    assert sorted(path.name for path in run.folder.iterdir()) == ["claim", "exit.json", "run.log"]
    assert json.loads((run.folder / "claim").read_text()) == run.supervisor.pid


def test_a_signal_that_ended_the_agent_is_recorded(supervise: Supervise) -> None:
    """An agent killed from outside has a signal and no exit code."""
    run = supervise("sh", "-c", "kill -KILL $$")
    assert run.end() == 0
    assert (run.record["exit_code"], run.record["signal"], run.record["ended_by"]) == (None, 9, None)


def test_a_prompt_of_five_megabytes_arrives_whole(supervise: Supervise) -> None:
    """The agent may read the prompt late, and while it writes."""
    prompt = "".join(f"line {number}\n" for number in range(440_000))
    run = supervise("sh", "-c", "sleep 0.1; cat", prompt=prompt)
    assert run.end() == 0
    assert len(prompt) > 5_000_000
    assert run.text() == prompt.encode()


@pytest.mark.parametrize(
    ("argv", "orders", "words"),
    [
        (["no-such-program"], {"env": {"PATH": "/bin"}}, "the program no-such-program was not found on PATH (/bin)"),
        (["/no/such"], {}, "the program /no/such was not found"),
        (["/etc/passwd"], {}, "the program /etc/passwd cannot be executed: Permission denied"),
        (
            ["true"],
            {"cwd": "/no/such"},
            "the working directory /no/such cannot be entered: No such file or directory",
        ),
        (["true", "a\0b"], {}, "the program true cannot be executed: embedded null byte"),
        (["true"], {"env": {"PATH": "/bin", "A=B": "1"}}, "the program true cannot be executed: illegal environment"),
        (["true", "x" * 3_000_000], {}, "the program true cannot be executed: Argument list too long"),
        (["hidden-secret"], {"secrets": ["secret"]}, "the program hidden-••• was not found"),
    ],
)
def test_what_cannot_be_started_is_said_in_words(
    supervise: Supervise, argv: list[str], orders: dict[str, object], words: str
) -> None:
    """The record of an agent that could not be started says why, and has no start."""
    run = supervise(*argv, send=False)
    run.orders |= orders
    run.send()
    assert run.end() == 0
    assert run.record["not_started"].startswith(words)
    assert (run.record["started_at"], run.record["exit_code"], run.record["ended_by"]) == (None, None, None)


def test_a_script_without_its_interpreter_is_told_from_a_missing_one(supervise: Supervise, tmp_path: Path) -> None:
    """A program that is there but whose interpreter is not is not called missing."""
    script = tmp_path / "agent"
    script.write_text("#!/no/such/node\n")
    script.chmod(0o755)
    run = supervise(str(script))
    assert run.end() == 0
    assert "the interpreter its first line names" in run.record["not_started"]


def test_the_agent_starts_with_a_clean_slate(supervise: Supervise) -> None:
    """Default signals, none blocked, a session of its own and no descriptor but the three."""
    code = (
        "import os, signal\n"
        "print(os.listdir('/dev/fd'), os.getsid(0) == os.getpid() == os.getpgrp())\n"
        "print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))\n"
        "print(open('/proc/self/status').read() if os.path.exists('/proc/self/status') else '')"
    )
    run = supervise(sys.executable, "-I", "-S", "-c", code)
    assert run.end() == 0
    lines = run.text().decode().splitlines()
    # The fourth is the one that lists the directory.
    assert lines[:2] == ["['0', '1', '2', '3'] True", "set()"]
    if sys.platform == "linux":
        ignored = int(next(line for line in lines if line.startswith("SigIgn:")).split()[1], 16)
        # These two are what Python itself ignores. The C library keeps some for itself, which are not valid ones.
        assert {number for number in signal.valid_signals() if ignored & 1 << (number - 1)} <= {
            signal.SIGPIPE,
            signal.SIGXFSZ,
        }


def test_a_shell_agent_sees_no_ignored_signal(supervise: Supervise) -> None:
    """SIGPIPE ends the writer of a pipe that nobody reads, as everywhere."""
    run = supervise("bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}")
    assert run.end() == 0
    assert run.text() == b"y\n141\n"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"no orders",
        marshal.dumps([]),
        marshal.dumps({"version": 1}),
        "cut",
        {"version": 2},
        {"argv": []},
        {"argv": "true"},
        {"argv": ["true", 1]},
        {"log": "relative"},
        {"folder": None},
        {"env": {"A": None}},
        {"time_limit": -1},
        {"time_limit": "soon"},
        {"grace": None},
        {"secrets": "s"},
        {"secrets": ["\ud800"]},
        {"prompt": "\ud800"},
    ],
    ids=repr,
)
def test_orders_that_are_none_do_nothing(supervise: Supervise, document: bytes | str | dict[str, object]) -> None:
    """Without one complete, valid document nothing is claimed, started or written."""
    run = supervise("true", send=False)
    if isinstance(document, dict):
        run.orders |= document
        document = marshal.dumps(run.orders)
    elif isinstance(document, str):
        document = marshal.dumps(run.orders)[:-1]
    run.send(document)
    assert run.end() == 2
    assert list(run.folder.iterdir()) == []


def test_a_claimed_run_is_left_alone(supervise: Supervise) -> None:
    """Of two supervisors with the same orders only the first does anything."""
    first = supervise("sh", "-c", "echo once")
    assert first.end() == 0
    second = supervise("true", send=False)
    second.send(marshal.dumps(first.orders))
    assert second.end() == 3
    assert first.text() == b"once\n"
    assert json.loads((first.folder / "claim").read_text()) == first.supervisor.pid


def test_without_a_folder_nothing_is_started(supervise: Supervise) -> None:
    """What cannot be claimed is not started."""
    run = supervise("true", folder="/no/such/folder")
    assert run.end() == 4
    assert not run.log.exists()


def test_a_stop_before_the_orders_starts_nothing(supervise: Supervise) -> None:
    """A supervisor that is told to stop while it waits for orders records a run that never began."""
    run = supervise("sh", "-c", "echo started", send=False)
    caught = f"{1 << (signal.SIGTERM - 1):016x}"

    def ready() -> bool:
        if sys.platform != "linux":
            return psutil.Process(run.supervisor.pid).cpu_times().user > 0.01
        status = Path(f"/proc/{run.supervisor.pid}/status").read_text()
        return bool(int(status.split("SigCgt:")[1].split()[0], 16) & int(caught, 16))

    run.until(ready, "the supervisor handles SIGTERM")
    run.stop()
    run.send()
    assert run.end() == 0
    assert run.text() == b""
    assert (run.record["ended_by"], run.record["started_at"], run.record["not_started"]) == ("stop", None, None)
    assert (run.folder / "claim").exists()


@pytest.mark.parametrize("moment", range(25))
def test_a_stop_at_any_moment_ends_all(supervise: Supervise, moment: int) -> None:
    """Whether Python, the supervisor or the agent is about to start: what was stopped does not run, then or later."""
    run = supervise("sh", "-c", "echo ran; exec sleep 1000")
    time.sleep(moment * 0.0012)
    run.stop()
    if run.end() == -signal.SIGTERM:
        assert list(run.folder.iterdir()) == []
    else:
        assert run.supervisor.returncode == 0
        assert run.record["ended_by"] == "stop"
    assert run.alive() == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs a lease to hold up who opens a file")
def test_a_stop_reaches_an_agent_whose_program_cannot_be_read_yet(supervise: Supervise, tmp_path: Path) -> None:
    """A run that hangs before its agent's first instruction can be stopped."""
    program = tmp_path / "agent"
    shutil.copy("/bin/sleep", program)
    heed = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        with program.open("r+b") as held:
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            run = supervise(str(program), "1000")
            run.until(lambda: fcntl.fcntl(held, fcntl.F_GETLEASE) != fcntl.F_WRLCK, "the agent opens its program")
            run.stop()
            assert run.end() == 0
    finally:
        signal.signal(signal.SIGIO, heed)
    assert (run.record["ended_by"], run.record["signal"]) == ("stop", signal.SIGTERM)


def test_a_system_without_room_for_an_agent_is_told_of(supervise: Supervise) -> None:
    """When there are no descriptors for the agent's pipes the record says so."""
    run = supervise("true", send=False)
    if sys.platform != "linux":
        pytest.skip("only Linux limits another process")
    psutil.Process(run.supervisor.pid).rlimit(psutil.RLIMIT_NOFILE, (12, 12))
    run.send()
    assert run.end() == 0
    assert run.record["not_started"] == "no process could be made for the agent: Too many open files"


def test_a_supervisor_that_fails_leaves_nothing_running(
    supervise: Supervise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its agent does not go on unwatched, in whichever session, and no record says how it ended."""
    broken = "import supervisor.output; supervisor.output.Stream.read = None; os._exit"
    monkeypatch.setattr(process, "_START", process._START.replace("os._exit", broken))
    run = supervise("bash", "-c", "setsid sleep 1000 & echo ready; wait")
    assert run.end() == 1
    run.until(lambda: not run.alive(), "nothing is left")
    assert (run.folder / "claim").exists()
    assert run.record == {}


def test_the_supervisor_is_imported_as_a_whole_and_little_else() -> None:
    """An upgrade in the middle of a run finds nothing to import; what takes long to import is left for later."""
    start = process._START.replace("os._exit(main())", "print(*sys.modules)")
    folder = Path(process.__file__).parent
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start, folder], capture_output=True, text=True, check=True
    )
    imported = done.stdout.split()
    modules = {f"supervisor.{path.stem}" for path in (folder / "supervisor").glob("*.py")} - {"supervisor.__init__"}
    assert {name for name in imported if name.startswith("supervisor.")} == modules
    assert not {"enum", "json", "pathlib", "re", "signal", "subprocess", "typing"} & set(imported)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_an_agent_never_goes_on_unsupervised(supervise: Supervise) -> None:
    """When the supervisor is killed, so is the agent."""
    run = supervise("sleep", "1000")
    run.until(lambda: len(run.alive()) == 1, "the agent runs")
    run.supervisor.kill()
    run.until(lambda: not run.alive(), "the agent is gone")


def test_the_orders_are_visible_nowhere(supervise: Supervise) -> None:
    """Neither the supervisor's command line, nor its environment, nor a file holds a secret."""
    run = supervise("sh", "-c", "echo ready; exec sleep 1000", env={"PATH": os.environ["PATH"], "TOKEN": "hush"})
    run.orders["env"] = {}
    run.until_log_has(b"ready")
    supervisor = psutil.Process(run.supervisor.pid)
    assert "hush" not in repr(supervisor.cmdline()) + repr(supervisor.environ())
    assert not any(b"hush" in path.read_bytes() for path in run.folder.iterdir())
    run.stop()
    assert run.end() == 0
