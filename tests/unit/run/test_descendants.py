"""Whom the supervisor takes for a descendant of the agent."""

import os
import shutil
import subprocess
import sys
import time

import psutil
import pytest

from scheduler_daemon.run.supervisor.descendants import Descendants
from scheduler_daemon.run.supervisor.process_table import processes_from_ps
from tests.support.house import until


@pytest.mark.skipif(not shutil.which("/bin/ps"), reason="needs ps")
def test_ps_shows_the_process_table() -> None:
    """Parents, groups, starts and command lines come out of ps, and no zombie does."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    ended = subprocess.Popen(["true"])
    until(lambda: psutil.Process(ended.pid).status() == psutil.STATUS_ZOMBIE, "it has ended")
    try:
        table = {row.pid: row for row in processes_from_ps()}
        assert ended.pid not in table
        row = table[child.pid]
        assert (row.parent, row.group) == (os.getpid(), child.pid)
        assert row.command().endswith(b"-c import time; time.sleep(1000)")
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
        monkeypatch.setattr("scheduler_daemon.run.supervisor.descendants.processes_from_proc", processes_from_ps)
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
