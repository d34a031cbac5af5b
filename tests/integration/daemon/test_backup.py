"""Backup and restore of a daemon that goes on meanwhile."""

import json
import os
import shlex
import stat
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.pseudo_terminal import PseudoTerminal
from tests.support.house import BIN, PATIENCE, House, RpcFailed, house, until

SHOWN = ("jobs", "tasks", "profiles", "settings", "runs")


def shown(made: House) -> dict[str, Any]:
    """What the JSON files hold."""
    return {name: json.loads((made.home.path / f"{name}.json").read_text()) for name in SHOWN}


def test_everything_comes_back(daemon: House, tmp_path: Path) -> None:
    """Also what a person had written into the files; what was there instead is kept, and comes back in turn."""
    assert daemon.daemon
    file = tmp_path / "backup.tar.gz"
    daemon.call("settings.set", changes={"reserve": 70})
    secret = {"name": "KEY", "source": "static", "value": "s3cret"}
    daemon.call("profiles.create", name="mine", env_vars=[secret])
    job = daemon.job(tmp_path, "first")
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(job, "t", "say hello")["id"]))
    log = daemon.home.log(run["id"]).read_bytes()
    until(lambda: [each["last_run_status"] for each in shown(daemon)["tasks"]] == ["success"], "all is shown")
    before = shown(daemon)
    assert (before["settings"]["reserve"], before["runs"][0]["status"]) == (70, "success")
    made = daemon.ccsched("backup", file, "--logs", "--output", "table")
    assert made.stdout.startswith(f"Backed up 1 job, 1 task, 3 profiles and 1 run with 1 log to {file}, ")
    assert made.stderr == "It holds 1 secret of your profiles as they are: keep it where nobody else reads.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob(".*")] == []

    daemon.call("jobs.delete", job=job["id"])
    daemon.job(tmp_path, "second")
    assert daemon.ccsched("backup", file).stderr == f"Error: {file} exists; add --force to overwrite it\n"
    done = daemon.ccsched("restore", file, "--force")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["runs"], answer["logs"], answer["present"]["jobs"]) == (1, 1, 1)
    assert shown(daemon) == before
    assert daemon.home.log(run["id"]).read_bytes() == log
    assert daemon.call("daemon.health")["pid"] == daemon.daemon.pid

    undone = daemon.ccsched("restore", Path(answer["kept"]) / "state.db", "--force", "--output", "table")
    assert undone.stdout.startswith("Restored 1 job, 0 tasks, 3 profiles and 0 runs as of ")
    assert [each["name"] for each in daemon.call("jobs.list")["jobs"]] == ["second"]


def test_live_runs_are_not_restored_over(daemon: House, tmp_path: Path) -> None:
    """The refusal names them and changes nothing; with --stop-runs they end first, and what follows is let go."""
    job = daemon.job(tmp_path)
    slow, after = daemon.task(job, "slow", "hang"), daemon.task(job, "after", "say after")
    first, second = daemon.call("jobs.run", job=job["id"])["runs"]
    until(daemon.claim(first).exists, "the agent is started")
    daemon.call("daemon.backup", file=str(tmp_path / "backup"))
    refused = daemon.ccsched("restore", tmp_path / "backup", "--force")
    assert refused.returncode == 1
    assert (
        f"runs are under way, which the backup knows nothing of: slow of job job ({first['id'][:8]})"
        in refused.stderr
    )
    assert daemon.run(first)["status"] == "running"
    assert not daemon.home.replacement.exists()
    done = daemon.ccsched("restore", tmp_path / "backup", "--force", "--stop-runs")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(daemon.run(run)["status"], daemon.run(run)["outcome"]) for run in (first, second)] == [
        ("failed", "interrupted"),
        ("cancelled", "not_started"),
    ]
    assert "restored from a backup" in daemon.run(first)["errors"][0]
    assert {each["id"] for each in daemon.call("tasks.list")["tasks"]} == {slow["id"], after["id"]}


def test_what_was_under_way_can_be_caught_up_on(daemon: House, tmp_path: Path) -> None:
    """With --catch-up a run that was to come in the backup starts, as after a power cut."""
    daemon.call("settings.set", changes={"max_concurrent_runs": 1})
    hanging = daemon.call("tasks.run", task=daemon.task(daemon.job(tmp_path, "one"), "slow", "hang")["id"])
    waiting = daemon.call("tasks.run", task=daemon.task(daemon.job(tmp_path, "two"), "quick", "say hello")["id"])
    until(daemon.claim(hanging).exists, "the agent is started")
    daemon.call("daemon.backup", file=str(tmp_path / "backup"))
    daemon.ccsched("restore", tmp_path / "backup", "--force", "--stop-runs", "--catch-up")
    assert daemon.ended(waiting)["status"] == "success"
    assert daemon.run(hanging)["outcome"] == "interrupted"


def test_a_person_is_asked(daemon: House, tmp_path: Path) -> None:
    """On a terminal, with what is replaced by what; in a pipe --force is wanted; a dry run only tells."""
    job = daemon.job(tmp_path)
    daemon.call("daemon.backup", file=str(tmp_path / "backup"))
    daemon.call("jobs.delete", job=job["id"])
    piped = daemon.ccsched("restore", tmp_path / "backup")
    assert piped.returncode == 1
    assert "0 jobs, 0 tasks, 2 profiles and 0 runs would be replaced" in piped.stderr
    told = daemon.ccsched("restore", tmp_path / "backup", "--dry-run", "--output", "table").stdout
    assert "holds     1 job, 0 tasks, 2 profiles and 0 runs, 0 logs" in told
    command = [str(BIN / "ccsched"), "restore", str(tmp_path / "backup")]
    for answer, words in (("n", "Nothing was restored."), ("y", "Restored 1 job")):
        with PseudoTerminal(command, {**daemon.environment, "TERM": "xterm", "COLUMNS": "200"}) as terminal:
            terminal.wait_for("Put 1 job, 0 tasks, 2 profiles and 0 runs as of ")
            terminal.type(f"{answer}\r")
            terminal.wait_for(words)
    assert len(daemon.call("jobs.list")["jobs"]) == 1


def test_a_backup_is_refused_where_it_cannot_be(daemon: House, tmp_path: Path) -> None:
    """Each in a sentence that says why; nothing is left there."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    for file, words in (
        (tmp_path, "is a directory; name a file in it"),
        (tmp_path / "gone" / "backup", "there is no directory"),
        (tmp_path / "pipe", "is not a file; name another"),
        (Path("backup"), "must be an absolute path"),
    ):
        with pytest.raises(RpcFailed, match=words):
            daemon.call("daemon.backup", file=str(file))
    daemon.call("daemon.backup", file=str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    with tarfile.open(tmp_path / "target") as tar:
        assert tar.getnames() == ["manifest.json", "state.db"]
    with pytest.raises(RpcFailed, match="is no backup of ccsched"):
        daemon.call("daemon.restore", file=str(daemon.home.path / "jobs.json"))
    to_nowhere = daemon.ccsched("backup", "/dev/full/backup")
    assert to_nowhere.returncode == 1
    assert [path.name for path in tmp_path.glob(".*.tmp")] == []


def test_a_damaged_record_on_another_machine(tmp_path: Path) -> None:
    """Without a daemon the daemon's own command does it, as the client says; also where nothing was before."""
    with house(tmp_path) as made:
        made.start()
        made.job(tmp_path, "precious")
        made.end()
        away = made.ccsched("backup", tmp_path / "backup")
        assert away.returncode == 3
        typed = shlex.split(away.stderr.splitlines()[-1].removeprefix("It can be done without it, too: "))
        assert made.spawn(*typed[1:]).wait(PATIENCE) == 0
        made.home.state_db.write_bytes(b"what a pity " * 1000)
        assert made.spawn().wait(PATIENCE) == os.EX_CONFIG
        assert made.spawn("--restore", str(tmp_path / "backup")).wait(PATIENCE) == 0
        (kept,) = made.home.backups.iterdir()
        assert (kept / "state.db").read_bytes().startswith(b"what a pity")
        made.start()
        assert [each["name"] for each in made.call("jobs.list")["jobs"]] == ["precious"]
        refused = made.log.stat().st_size
        assert made.spawn("--restore", str(tmp_path / "backup")).wait(PATIENCE) == os.EX_CONFIG
        assert f"let it do this: ccsched --home {made.home.path} restore" in made.log.read_text()[refused:]
    (tmp_path / "b").mkdir()
    with house(tmp_path / "b") as other:
        assert other.spawn("--restore", str(tmp_path / "backup")).wait(PATIENCE) == 0
        other.start()
        assert [each["name"] for each in other.call("jobs.list")["jobs"]] == ["precious"]


def test_a_backup_can_be_sent_on(daemon: House, tmp_path: Path) -> None:
    """To standard output, with nothing else in it, and nothing left behind."""
    daemon.job(tmp_path)
    with (tmp_path / "sent").open("wb") as sent:
        subprocess.run([BIN / "ccsched", "backup", "-"], env=daemon.environment, stdout=sent, check=True, timeout=60)
    assert daemon.call("daemon.restore", file=str(tmp_path / "sent"), dry_run=True)["jobs"] == 1
    assert list(daemon.home.path.glob(".backup-*")) == []
