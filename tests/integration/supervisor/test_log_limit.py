"""A log that may not grow without end, and lines in it that are not the agent's stream."""

import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.supervisor.supervised import Supervise, Supervised

PYTHON = (sys.executable, "-I", "-S", "-c")
LIMIT = 10_000
FILLER = '{"type":"user","message":"' + 71 * "x" + '"}'
CUT = "ccsched| the log is cut here: it has reached its limit of 10000 bytes; what decides how the run ended is kept"
RESULT = '{"duration_ms":5,"subtype":"success","result":"a \\"type\\": \\"user\\"","type":"result"}'
SAID = '{"type":"assistant","message":{"id":"m"},"parent_tool_use_id":null}'
FAILED = '{"type":"assistant","message":{"id":"m"},"parent_tool_use_id":null,"error":"rate_limit"}'


def _written(supervise: Supervise, *lines: str, **orders: Any) -> Supervised:
    """A run that has written these lines to stdout."""
    code = "import os\nwhile data := os.read(0, 50_000):\n    while data: data = data[os.write(1, data):]"
    run = supervise(*PYTHON, code, prompt="\n".join([*lines, ""]), log_limit=LIMIT, **orders)
    assert run.end() == 0
    return run


def _beyond(run: Supervised) -> list[str]:
    """What is in the log from the cut on, without the number of bytes left out."""
    lines = run.text().decode().splitlines()
    assert lines[-1] == f"ccsched| {run.record['log_cut_bytes']} bytes were left out"
    return lines[lines.index(CUT) + 1 : -1]


def test_a_log_below_its_limit_is_whole(supervise: Supervise) -> None:
    """Up to the last byte of the limit nothing is different."""
    run = _written(supervise, *[FILLER] * 100)
    assert run.text().decode() == (FILLER + "\n") * 100
    assert len(run.text()) == LIMIT
    assert run.record["log_cut_bytes"] == 0


def test_beyond_the_limit_lines_are_left_out_whole(supervise: Supervise) -> None:
    """The log says where it is cut, and how much is missing."""
    run = _written(supervise, *["-" + FILLER] * 5000)
    assert run.text().decode().splitlines()[:99] == ["-" + FILLER] * 99
    assert _beyond(run) == []
    assert run.record["log_cut_bytes"] == (5000 - 99) * 101
    assert run.record["stdout_bytes"] == 5000 * 101


@pytest.mark.parametrize(
    "line",
    [
        RESULT,
        RESULT.replace(":", ": "),
        '{"type":"result","subtype":"success"}',
        '{"type": "rate_limit_event", "rate_limit_info": {"status": "rejected"}}',
        '{"type":"system","subtype":"init","session_id":"s"}',
        FAILED,
        FAILED.replace('":', '": '),
        '{"type":"assistant","message":{},"parent_tool_use_id":null,"local_command_outcome":{"kind":"failed"}}',
    ],
    ids=["result", "spaced result", "type first", "limit", "init", "error", "spaced error", "command"],
)
def test_what_decides_is_kept(supervise: Supervise, line: str) -> None:
    """Lines that the verdict is made of are in the log, however much there is before them."""
    run = _written(supervise, *[FILLER] * 10_000, line, *[FILLER] * 10_000)
    assert _beyond(run) == [line]


def test_what_only_looks_decisive_is_left_out(supervise: Supervise) -> None:
    """The words within what is said, a subagent's trouble and a line that is too long to be a result are no news."""
    run = _written(
        supervise,
        *[FILLER] * 200,
        SAID,
        json.dumps({"type": "assistant", "message": RESULT, "parent_tool_use_id": None}),
        '{"type":"user","tool_use_result":{"type":"result","error":"no"}}',
        FAILED.replace("null", '"toolu_1"'),
        RESULT.replace("success", 2_000_000 * "x"),
        f"x{RESULT}",
    )
    assert _beyond(run) == [SAID]


def test_an_error_that_is_over_is_not_the_last_word(supervise: Supervise) -> None:
    """After a message that reports an error, the next one is kept, too, and no other."""
    other = SAID.replace('"m"', '"n"')
    run = _written(supervise, *[FILLER] * 200, SAID, other, FAILED, *[FILLER] * 9000, SAID, other, FILLER, RESULT)
    assert _beyond(run) == [SAID, FAILED, SAID, RESULT]


def test_no_more_than_eight_megabytes_are_kept(supervise: Supervise) -> None:
    """Not even results may fill the disk, and messages leave half of the room to them."""
    long = RESULT.replace("success", 900_000 * "x")
    message = FAILED.replace('"m"', '"' + 900_000 * "m" + '"')
    run = _written(supervise, *[FILLER] * 101, *[message] * 6, *[long] * 12, RESULT)
    kept = _beyond(run)
    assert [kept.count(line) for line in (message, long, RESULT)] == [4, 5, 1]


def test_the_end_of_stderr_is_kept(supervise: Supervise) -> None:
    """Of what is beyond the limit on stderr the last 64 KiB are in the log, in whole lines: they tell of a crash."""
    run = supervise(
        "bash", "-c", "head -c 9999 /dev/zero | tr '\\0' x; echo; seq -f 'line %06.0f' 20000 >&2", log_limit=LIMIT
    )
    assert run.end() == 0
    kept = _beyond(run)
    assert kept == [f"stderr| line {number:06}" for number in range(20001 - len(kept), 20001)]
    assert 64 * 1024 - 20 < sum(len(line) + 1 for line in kept) <= 64 * 1024


def test_what_the_log_holds_already_counts(supervise: Supervise) -> None:
    """A log that is full from the start takes nothing but what decides, from a new line on."""
    run = supervise("bash", "-c", f"echo '{FILLER}'; echo '{RESULT}'", send=False, log_limit=LIMIT)
    run.log.write_text("x" * LIMIT)
    run.send()
    assert run.end() == 0
    assert run.text().decode().splitlines()[0] == "x" * LIMIT
    assert _beyond(run) == [RESULT]
    assert run.record["log_cut_bytes"] == len(FILLER) + 1


def test_the_cut_is_told_at_once(supervise: Supervise) -> None:
    """Who follows the log sees that it is cut while the run goes on, and a result as it comes."""
    script = f"yes '{FILLER}' | head -n 101; echo '{RESULT}'; exec sleep 1000"
    run = supervise("bash", "-c", script, log_limit=LIMIT)
    run.until_log_has(CUT.encode() + b"\n" + RESULT.encode() + b"\n")
    assert run.record == {}
    run.stop()
    assert run.end() == 0


@pytest.mark.parametrize("stream", [1, 2], ids=["stdout", "stderr"])
def test_a_line_without_end_is_left_out_whole(supervise: Supervise, stream: int) -> None:
    """A line of a hundred megabytes is dropped without being held, and what comes after it is in the log."""
    code = (
        "import os\n"
        f"for _ in range(100): os.write({stream}, b'x' * 1_000_000)\n"
        f"os.write({stream}, b'\\nafter\\n')\n"
        "os.write(1, b'end\\n'); os.read(os.pipe()[0], 1)"
    )
    run = supervise(*PYTHON, code, log_limit=10_000_000, secrets=["hush-hush"])
    run.until_log_has(b"end\n")
    if sys.platform == "linux":
        status = Path(f"/proc/{run.supervisor.pid}/status").read_text()
        assert int(status.split("VmHWM:")[1].split()[0]) < 30_000
    else:
        assert psutil.Process(run.supervisor.pid).memory_info().rss < 30_000_000
    run.stop()
    assert run.end() == 0
    notes = [line for line in run.text().decode().splitlines() if line.startswith("ccsched| ")]
    assert notes == [
        "ccsched| the log is cut here: a line of more than 1048576 bytes may not fit in its limit of 10000000 bytes",
        "ccsched| 100000001 bytes were left out",
    ]
    others = set(run.text().decode().splitlines()) - set(notes)
    assert others == {"end", "after" if stream == 1 else "stderr| after"}
    assert run.record["log_cut_bytes"] == 100_000_001


def test_a_secret_is_masked_where_the_log_is_cut(supervise: Supervise) -> None:
    """The limit counts what is shown, and what is kept beyond it is masked like the rest."""
    run = _written(
        supervise, *["hush-hush " + 91 * "x"] * 200, RESULT.replace("5", '"hush-hush"'), secrets=["hush-hush"]
    )
    assert "hush" not in run.text().decode()
    assert _beyond(run) == [RESULT.replace("5", '"•••"')]


def test_marked_output_is_no_stream(supervise: Supervise) -> None:
    """Each line of both streams begins with the mark, the last one without an end, too, below a header."""
    run = supervise(
        "bash",
        "-c",
        f"echo '{RESULT}'; echo error >&2; sleep 0.1; echo; printf end",
        mark="verify| ",
        header="verify with: hush\nnow",
        secrets=["hush"],
    )
    assert run.end() == 0
    lines = run.text().decode().splitlines()
    assert lines[0] == "ccsched| verify with: ••• now"
    assert sorted(lines[1:3]) == sorted([f"verify| {RESULT}", "verify| error"])
    assert lines[3:] == ["verify| ", "verify| end"]


def test_the_end_of_marked_output_is_kept(supervise: Supervise) -> None:
    """Beyond the limit nothing of a marked process decides, and its last 64 KiB tell how it ended."""
    run = supervise("bash", "-c", f"seq 9000; echo '{RESULT}'; seq 8000", mark="verify| ", log_limit=LIMIT)
    assert run.end() == 0
    kept = _beyond(run)
    numbers = [str(number) for number in range(1, 8001)]
    assert kept == [f"verify| {line}" for line in numbers[-len(kept) :]]
    assert 64 * 1024 - 20 < sum(len(line) + 1 for line in kept) <= 64 * 1024


def test_a_line_is_not_begun_that_may_not_fit(supervise: Supervise) -> None:
    """What waits for the end of its line near the limit is shown when it has ended, in whole."""
    code = (
        "import os\nos.write(1, b'half')\nwhile not os.path.exists('seen'): pass\n"
        "os.write(1, b' and half\\n' + b'x' * 20000)"
    )
    run = supervise(*PYTHON, code, log_limit=LIMIT)
    run.until(run.alive, "the agent runs")
    process = psutil.Process(run.supervisor.pid)
    run.until(lambda: process.status() == psutil.STATUS_SLEEPING and not run.text(), "nothing is to be shown")
    (run.folder / "seen").touch()
    assert run.end() == 0
    assert run.text().decode().splitlines()[0] == "half and half"
    assert _beyond(run) == []
