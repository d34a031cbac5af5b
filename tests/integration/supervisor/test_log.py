"""What the agent says, in the run's log."""

import json
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.supervisor.supervised import Supervise

PYTHON = (sys.executable, "-I", "-S", "-c")


def test_lines_come_as_they_are_written(supervise: Supervise) -> None:
    """A line is in the log while the agent still runs, and a part of a line soon after."""
    run = supervise("sh", "-c", "echo one; echo two >&2; printf 'thr'; cat /dev/zero | tail -c 1")
    run.until_log_has(b"one\n")
    run.until_log_has(b"stderr| two\n")
    run.until_log_has(b"thr")
    assert run.record == {}
    run.stop()
    assert run.end() == 0


def test_bytes_pass_unchanged(supervise: Supervise) -> None:
    """Invalid UTF-8, NUL and a missing last newline are as the agent wrote them."""
    data = bytes(range(256)) * 2000
    run = supervise(
        *PYTHON, "import os\nwhile data := os.read(0, 999): os.write(1, data)", prompt=data.decode("latin-1")
    )
    assert run.end() == 0
    assert run.text() == data.decode("latin-1").encode()
    run = supervise(*PYTHON, f"import os; os.write(1, {bytes(range(256))!r})")
    assert run.end() == 0
    assert run.text() == bytes(range(256))


def test_streams_never_mix_within_a_line(supervise: Supervise) -> None:
    """Two busy writers of lines in pieces: every line in the log is whole, and of one stream."""
    code = (
        "import os, sys\n"
        "fd, size = (1, 700) if os.fork() else (2, 90)\n"
        "line = bytes([64 + fd]) * size + b'\\n'\n"
        "data = line * 2000\n"
        "for at in range(0, len(data), 4093): os.write(fd, data[at:at + 4093])\n"
        "if fd == 1: os.wait()"
    )
    run = supervise(*PYTHON, code)
    assert run.end() == 0
    lines = run.text().splitlines()
    assert sorted(set(lines)) == [b"A" * 700, b"stderr| " + b"B" * 90]
    assert len(lines) == 4000
    assert (run.record["stdout_bytes"], run.record["stderr_bytes"]) == (2000 * 701, 2000 * 91)


def test_a_long_line_is_not_broken_by_the_other_stream(supervise: Supervise) -> None:
    """A line of a megabyte goes to the log in parts, and what stderr says meanwhile comes after it."""
    code = "import os\nfor _ in range(1000): os.write(1, b'x' * 1000); os.write(2, b'error\\n')\nos.write(1, b'\\n')"
    run = supervise(*PYTHON, code)
    assert run.end() == 0
    lines = run.text().splitlines()
    assert b"x" * 1_000_000 in lines
    assert lines.count(b"stderr| error") == 1000
    assert len(lines) == 1001


def test_an_unfinished_line_holds_up_the_other_stream_until_it_ends(supervise: Supervise) -> None:
    """What was shown of a line before it ended goes on in the same line of the log."""
    code = (
        "import os, sys\n"
        "os.write(1, b'half')\n"
        "while not os.path.exists('seen'): pass\n"
        "os.write(2, b'meanwhile\\n'); os.write(1, b' and half\\n')"
    )
    run = supervise(*PYTHON, code)
    run.until_log_has(b"half")
    (run.folder / "seen").touch()
    assert run.end() == 0
    assert run.text() == b"half and half\nstderr| meanwhile\n"


def test_an_agent_that_never_ends_its_line_is_not_blocked(supervise: Supervise) -> None:
    """More on stderr than pipe and patience hold breaks the silent line on stdout, rather than hang the run."""
    code = (
        "import os\n"
        "os.write(1, b'...')\n"
        "while not os.path.exists('seen'): pass\n"
        "for _ in range(4000): os.write(2, b'e' * 99 + b'\\n')\n"
        "os.write(1, b'done')"
    )
    run = supervise(*PYTHON, code)
    run.until_log_has(b"...")
    (run.folder / "seen").touch()
    assert run.end() == 0
    lines = run.text().splitlines()
    assert lines.count(b"stderr| " + b"e" * 99) == 4000
    assert [line for line in lines if not line.startswith(b"stderr")] == [b"...", b"done"]


def test_memory_stays_bounded(supervise: Supervise) -> None:
    """Lines of a megabyte and lines of a hundred bytes, on both streams, take less than 30 MB."""
    code = (
        "import os, sys\n"
        "fd, line = (1, b'x' * 999_999 + b'\\n') if os.fork() else (2, b'y' * 99 + b'\\n')\n"
        "data = line * (4_000_000 // len(line))\n"
        "for _ in range(10): os.write(fd, data)\n"
        "if fd == 1: os.wait(); print('end', flush=True); os.read(os.pipe()[0], 1)"
    )
    run = supervise(*PYTHON, code, secrets=["a secret", "an other"])
    run.until_log_has(b"end\n")
    process = psutil.Process(run.supervisor.pid)
    if sys.platform == "linux":
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert int(status.split("VmHWM:")[1].split()[0]) < 30_000
    else:
        assert process.memory_info().rss < 30_000_000
    run.stop()
    assert run.end() == 0
    assert run.record["stdout_bytes"] == 40_000_004
    assert run.record["stderr_bytes"] == 40_000_000


def test_secrets_are_masked_in_both_streams(supervise: Supervise) -> None:
    """Plain or JSON-escaped, in one piece or in many, over lines: a secret is never in the log."""
    secrets = ['to"ken\\é', "tok", "-----BEGIN\nabc\n-----END\n", ""]
    forms = [secrets[0], json.dumps(secrets[0])[1:-1], json.dumps(secrets[0], ensure_ascii=False)[1:-1], secrets[2]]
    text = "".join(f"<{form}>\n" for form in forms)
    code = (
        "import os, sys, time\n"
        "data = os.read(0, 9999)\n"
        "for fd in (1, 2):\n"
        "    for at in range(len(data)): os.write(fd, data[at:at + 1]); time.sleep(0.0005)"
    )
    run = supervise(*PYTHON, code, secrets=secrets, prompt=text)
    assert run.end() == 0
    shown = "<•••>\n<•••>\n<•••>\n<•••\n>\n"
    assert sorted(run.text().decode().splitlines()) == sorted(
        shown.splitlines() + [f"stderr| {line}" for line in shown.splitlines()]
    )


def test_a_secret_is_masked_when_its_line_is_shown_in_parts(supervise: Supervise) -> None:
    """Half a secret, however long it waits for the other half, is not shown."""
    code = (
        "import os\nos.write(1, b'password: hush-')\nwhile not os.path.exists('seen'): pass\nos.write(1, b'hush!\\n')"
    )
    run = supervise(*PYTHON, code, secrets=["hush-hush"])
    run.until_log_has(b"password: ")
    assert run.text() == b"password: "
    (run.folder / "seen").touch()
    assert run.end() == 0
    assert run.text() == "password: •••!\n".encode()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_does_not_end_the_run(supervise: Supervise) -> None:
    """A log that takes nothing is told of in the record, with what was lost, and the agent goes on."""
    run = supervise("sh", "-c", "echo out; echo error >&2; exit 3", log="/dev/full")
    assert run.end() == 0
    assert run.record["exit_code"] == 3
    assert run.record["log_error"] == "the log could not be written: No space left on device"
    assert run.record["log_lost_bytes"] == len("out\n") + len("error\n")


def test_a_log_that_can_be_written_again_goes_on(supervise: Supervise, tmp_path: Path) -> None:
    """What comes after a failure is written, from a new line on."""
    place = tmp_path / "logs"
    code = "import os\nos.write(1, b'lost\\n')\nwhile not os.path.exists('seen'): pass\nos.write(1, b'kept\\n')"
    run = supervise(*PYTHON, code, log=str(place / "run.log"))
    run.until(lambda: run.alive(), "the agent runs")
    time.sleep(0.3)
    place.mkdir()
    (run.folder / "seen").touch()
    assert run.end() == 0
    assert (place / "run.log").read_bytes() == b"kept\n"
    assert (run.record["log_lost_bytes"], run.record["stdout_bytes"]) == (5, 10)


def test_a_quiet_agent_wakes_nobody(supervise: Supervise) -> None:
    """While nothing happens the supervisor sleeps, a time limit or not."""
    run = supervise("sh", "-c", "echo ready; exec sleep 1000", time_limit=1000)
    run.until_log_has(b"ready")
    process = psutil.Process(run.supervisor.pid)
    time.sleep(0.2)
    before = process.num_ctx_switches()
    time.sleep(1.5)
    assert process.num_ctx_switches() == before
    run.stop()
    assert run.end() == 0


def test_a_log_is_appended_to(supervise: Supervise) -> None:
    """What a log holds already stays."""
    run = supervise("echo", "new", send=False)
    run.log.write_bytes(b"old\n")
    run.send()
    assert run.end() == 0
    assert run.text() == b"old\nnew\n"
