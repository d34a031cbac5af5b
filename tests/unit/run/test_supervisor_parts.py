"""What the supervisor masks, and whom it takes for a descendant."""

import os
import shutil
import subprocess
import sys
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.run.supervisor import MASK, Descendants, Mask, processes_from_ps

SECRETS = st.lists(st.text(alphabet="ab\n", min_size=1, max_size=5).map(str.encode), min_size=1, max_size=4)


@given(SECRETS, st.text(alphabet="abc\n", max_size=60).map(str.encode), st.lists(st.integers(0, 60)))
def test_a_mask_does_not_depend_on_how_the_text_is_cut(secrets: list[bytes], text: bytes, cuts: list[int]) -> None:
    """In any pieces the outcome is that of the whole: every secret byte covered, every other byte there."""
    covered = [False] * len(text)
    for secret in secrets:
        for at in range(len(text)):
            if text.startswith(secret, at):
                covered[at : at + len(secret)] = [True] * len(secret)
    pieces = [text[start:end] for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), None], strict=True)]
    mask = Mask(secrets)
    shown = b"".join(mask.feed(piece) for piece in pieces) + mask.feed(b"", last=True)
    assert shown.replace(MASK, b"") == bytes(byte for byte, hidden in zip(text, covered, strict=True) if not hidden)
    assert shown == Mask(secrets).feed(text, last=True)
    assert (MASK in shown) == any(covered)


@given(SECRETS, st.lists(st.text(alphabet="ab\n", max_size=9).map(str.encode)))
def test_a_mask_holds_back_less_than_a_secret(secrets: list[bytes], pieces: list[bytes]) -> None:
    """However much comes, what is held stays shorter than the longest secret."""
    mask = Mask(secrets)
    for piece in pieces:
        mask.feed(piece)
        assert len(mask._held) < max(map(len, secrets))


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        ([b"abcd", b"cdefgh"], b"<abcdefgh>", b"<" + MASK + b">"),
        ([b"abc"], b"abcabc", MASK + MASK),
        ([b"abc", b"abcdef"], b"abcdef abc", MASK + b" " + MASK),
        ([b"abc"], b"ab", b"ab"),
        ([], b"abc", b"abc"),
    ],
)
def test_secrets_that_meet_are_masked_whole(secrets: list[bytes], text: bytes, shown: bytes) -> None:
    """Nothing of a secret shows where another one overlaps it."""
    assert Mask(secrets).feed(text, last=True) == shown


@pytest.mark.skipif(not shutil.which("/bin/ps"), reason="needs ps")
def test_ps_shows_the_process_table() -> None:
    """Parents, groups, starts and command lines come out of ps, and no zombie does."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    try:
        table = {row.pid: row for row in processes_from_ps()}
        assert ended.pid not in table
        row = table[child.pid]
        assert (row.parent, row.group) == (os.getpid(), child.pid)
        assert row.command.endswith(b"-c import time; time.sleep(1000)")
        began = time.mktime(time.strptime(row.start.decode(), "%a %b %d %H:%M:%S %Y"))
        assert abs(began - psutil.Process(child.pid).create_time()) < 5
    finally:
        child.kill()
        child.wait()
        ended.wait()


@pytest.mark.parametrize("table", ["native", "ps"])
def test_without_adoption_orphans_are_found_where_they_were_seen(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    """Without a subreaper, who was seen before its parent left, or is in the agent's group, is found."""
    if table == "ps":
        monkeypatch.setattr("scheduler_daemon.run.supervisor.processes_from_proc", processes_from_ps)
    script = "setsid sleep 1001 & sleep 1002 & setsid sh -c 'sleep 1003 & echo ready; wait' & wait"
    agent = subprocess.Popen(["bash", "-c", script], start_new_session=True, stdout=subprocess.PIPE)
    descendants = Descendants(os.getpid(), adopts=False)
    descendants.agent = agent.pid
    family: list[psutil.Process] = []
    try:
        assert agent.stdout
        with agent.stdout:
            assert agent.stdout.readline() == b"ready\n"
        family = psutil.Process(agent.pid).children(recursive=True)
        assert len(family) == 4
        mine = {process.pid for process in family}
        assert {row.pid for row in descendants.running()} >= {agent.pid, *mine}
        agent.kill()
        agent.wait()
        assert {row.pid for row in descendants.running()} >= mine
    finally:
        for process in family:
            process.kill()
        agent.kill()
        agent.wait()
