"""Circumstances made to break the daemon: each run still ends once and truly, and the daemon goes on."""

import asyncio
import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.run import process
from scheduler_daemon.run.local import LocalLauncher
from scheduler_daemon.run.order import Launched
from tests.support.house import BIN, ENDED, House, RpcFailed, git, house, repository, until
from tests.unit.engine.conftest import World, cron

SOON = 15.0
"""Seconds in which a run that can do nothing more must have ended."""
PROMPT = 5.0
"""Seconds in which the daemon must answer or end, whatever else it waits for."""


def edit(made: House, name: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Edit a JSON file by hand, as an editor saves it."""
    path = made.home.path / name
    objects = json.loads(path.read_text())
    change(objects)
    replacement = path.with_suffix(".new")
    replacement.write_text(json.dumps(objects))
    replacement.rename(path)


def shows(made: House, name: str, count: int) -> None:
    """Wait until a JSON file has so many objects."""
    until(lambda: len(json.loads((made.home.path / name).read_text())) == count, f"{name} has {count} objects")


def ends_soon(made: House, run: dict[str, Any]) -> dict[str, Any]:
    """The run once it has ended, which must be soon."""
    until(lambda: made.run(run)["status"] in ENDED, "the run has ended", SOON)
    return made.run(run)


def slow_profile(made: House, command: str) -> None:
    """A profile named slow, whose one variable takes its time."""
    variable = {"name": "SLOW", "source": "command", "value": command}
    edit(made, "profiles.json", lambda profiles: profiles.append({"name": "slow", "env_vars": [variable]}))
    until(lambda: "profiles.json" in str(made.call("daemon.reload")["taken"]), "the edit is taken in")


def answers(made: House) -> bool:
    """Whether the daemon answers a plain request promptly."""
    with made.connect() as connection:
        connection.settimeout(PROMPT)
        connection.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "daemon.health"}\n')
        try:
            return bool(connection.recv(4096))
        except TimeoutError:
            return False


def start_with(made: House, python: Path) -> None:
    """Start the daemon with another Python than that of the tests."""
    packages = next(entry for entry in sys.path if entry.endswith("site-packages"))
    made.environment["PYTHONPATH"] = f"{packages}{os.pathsep}{Path(__file__).parents[3]}"
    with made.log.open("ab") as log:
        made.daemon = subprocess.Popen(
            [python, BIN / "ccschedd", "--home", made.home.path],
            env=made.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def ready() -> bool:
        with contextlib.suppress(OSError):
            return bool(made.call("daemon.health"))
        return False

    until(ready, "the daemon answers")


@pytest.fixture
def other_python(tmp_path: Path) -> Path:
    """A Python that a test may take away from under the daemon, as an upgrade does."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(Path(sys.executable).resolve())
    return python


@contextlib.contextmanager
def held_git(made: House) -> Iterator[Path]:
    """Inside, every git waits; it has been asked for once the yielded file is there."""
    folder = made.home.path.parent
    slow, called, programs = folder / "slow", folder / "git-called", folder / "bin"
    programs.mkdir()
    (programs / "git").write_text(
        f"#!/bin/sh\nif [ -e {slow} ]; then touch {called}; while [ -e {slow} ]; do sleep 0.05; done; fi\n"
        f'exec {shutil.which("git")} "$@"\n'
    )
    (programs / "git").chmod(0o755)
    made.environment["PATH"] = f"{programs}{os.pathsep}{made.environment['PATH']}"
    made.start()
    try:
        yield slow
    finally:
        slow.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", ["worktree", "nested repository"])
def test_a_repository_deleted_in_the_middle_leaves_the_one_around_it_alone(
    daemon: House, repo: Path, kind: str
) -> None:
    """A person's unfinished files in the repository around are not taken for the run's, and not committed."""
    if kind == "worktree":
        job = daemon.job(repo, name="nightly", use_git_worktree=True)
        loss = f"rm -rf '{repo / '.claude' / 'worktrees' / 'nightly'}'"
    else:
        job = daemon.job(repository(repo / "inner"), name="nightly")
        loss = "rm -rf .git"
    (repo / "README.md").write_text("half a change\n")
    (repo / "mine.txt").write_text("unfinished\n")
    before = git(repo, "rev-parse", "main"), (repo / "README.md").read_text()
    task = daemon.task(job, "t", f"write a.txt: a\nbash {loss}")
    ended = ends_soon(daemon, daemon.call("tasks.run", task=task["id"]))
    assert (git(repo, "rev-parse", "main"), (repo / "README.md").read_text()) == before
    assert git(repo, "status", "--porcelain", "README.md", "mine.txt").split("\n") == ["M README.md", "?? mine.txt"]
    assert (ended["status"], ended["commit"]) == ("failed", None)


def test_a_run_whose_folder_is_deleted_does_not_run_twice(daemon: House, tmp_path: Path) -> None:
    """What the supervisor has left is gone, but the agent has run: it must not run again."""
    command = "append marks.txt: once\nwait 1"
    run = daemon.call("tasks.run", task=daemon.task(daemon.job(tmp_path), "t", command)["id"])
    until((tmp_path / "marks.txt").exists, "the agent works", SOON)
    shutil.rmtree(daemon.home.run_folder(run["id"]))
    ends_soon(daemon, run)
    assert (tmp_path / "marks.txt").read_text().split() == ["once"]


def test_a_run_whose_supervisor_cannot_be_started_fails(tmp_path: Path, other_python: Path) -> None:
    """A Python that is gone from under the daemon fails the run, with the reason."""
    with house(tmp_path) as made:
        start_with(made, other_python)
        task = made.task(made.job(tmp_path), "t", "say x")
        other_python.unlink()
        ended = ends_soon(made, made.call("tasks.run", task=task["id"]))
        assert (ended["status"], ended["outcome"]) == ("failed", "not_started")
        assert str(other_python) in ended["errors"][0]


def test_a_run_whose_supervisor_always_dies_is_given_up(tmp_path: Path, other_python: Path) -> None:
    """It fails after a few attempts; it is not started again hundreds of times a second for ever."""
    with house(tmp_path) as made:
        start_with(made, other_python)
        task = made.task(made.job(tmp_path), "t", "say x")
        other_python.unlink()
        other_python.write_text("#!/bin/sh\ncat >/dev/null\nexit 1\n")
        other_python.chmod(0o755)
        ended = ends_soon(made, made.call("tasks.run", task=task["id"]))
        assert (ended["status"], ended["outcome"]) == ("failed", "not_started")


@pytest.mark.parametrize("who", ["person", "agent"])
def test_a_branch_whose_name_is_no_utf8_does_not_keep_a_run_from_ending(daemon: House, repo: Path, who: str) -> None:
    """Git takes any bytes for a name, and the record takes what git says."""
    command = "write a.txt: a"
    if who == "person":
        subprocess.run([b"git", b"-C", os.fsencode(repo), b"checkout", b"-q", b"-b", b"caf\xe9"], check=True)
    else:
        command = "bash git checkout -q -b \"$(printf 'caf\\351')\"\n" + command
    run = daemon.call("tasks.run", task=daemon.task(daemon.job(repo), "t", command)["id"])
    ended = ends_soon(daemon, run)
    assert (ended["status"], ended["branch"]) == ("success", "caf\\xe9")


@pytest.mark.parametrize("damage", ["malformed", "cut short"])
def test_a_zone_that_cannot_be_read_harms_only_its_own_tasks(tmp_path: Path, damage: str) -> None:
    """The daemon starts and serves with a damaged file in the system's database of zones."""
    zone = tmp_path / "zones" / "Europe" / "Amsterdam"
    zone.parent.mkdir(parents=True)
    found = next(Path(each) / "Europe" / "Amsterdam" for each in zoneinfo.TZPATH if (Path(each) / "Europe").exists())
    whole = found.read_bytes()
    zone.write_bytes(whole)
    with house(tmp_path) as made:
        made.environment["PYTHONTZPATH"] = str(zone.parents[1])
        made.start()
        schedule = {"type": "calendar", "cron_expression": "* * * * * *", "timezone": "Europe/Amsterdam"}
        job = made.job(tmp_path)
        made.task(job, "bad", "say x", schedule=schedule)
        good = made.task(job, "good", "say y")
        made.end()
        zone.write_bytes(b"TZif2" + b"\xff" * 100 if damage == "malformed" else whole[:-30])
        made.start()
        # By then its due time has come.
        until(lambda: made.call("daemon.health")["uptime_seconds"] > 1.5, "the daemon goes on")
        assert made.ended(made.call("tasks.run", task=good["id"]))["status"] == "success"


def test_a_clock_that_was_years_ahead_does_not_silence_a_task_for_years(tmp_path: Path) -> None:
    """A machine that starts with a wrong date and is put right runs its tasks at the right hour all the same."""
    world = World(tmp_path)
    try:
        world.time = datetime(2036, 1, 1, tzinfo=UTC)
        world.task(world.job(), "t", cron("0 2 * * *"))
        world.time = datetime(2026, 1, 1, tzinfo=UTC)
        world.later(hours=1)
        world.boot()
        world.later(days=1, hours=2)
        assert [run.task_name for run in world.runs()] == ["t"]
    finally:
        world.store.close()


def test_a_live_run_that_cannot_be_watched_just_now_has_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many open files when a run is taken over: its process lives, so the record says that it is running."""
    home = Home(tmp_path / "home")
    home.logs.mkdir(parents=True)
    world = World(tmp_path)
    run = world.engine.requests.run_task(world.task(world.job(path=str(tmp_path)), "t"))
    world.engine.wake()
    (order,) = world.launcher.launched
    (home.run_folder(run.id)).mkdir(parents=True)
    (home.run_folder(run.id) / "claim").touch()
    supervisor = subprocess.Popen(["sleep", "60"])
    asked = asyncio.Event()

    def no_descriptor(pid: int) -> str | None:
        asked.set()
        raise OSError(errno.EMFILE, "Too many open files")

    async def take_over() -> None:
        identity = process.identity(supervisor.pid)
        assert identity
        execution = Execution(supervisor_pid=supervisor.pid, supervisor_identity=identity, directory=str(tmp_path))
        world.engine.reports.launched(run.id, Launched(execution, None, str(home.log(run.id))))
        launcher = LocalLauncher(home)
        with monkeypatch.context() as patched:
            patched.setattr(process, "identity", no_descriptor)
            launcher.adopt(order, execution, world.engine.reports)
            await asyncio.wait_for(asked.wait(), SOON)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while world.run(run).status is RunStatus.RUNNING:  # noqa: ASYNC110 - the record gives no event
                        await asyncio.sleep(0.01)
        await launcher.detach()

    try:
        asyncio.run(take_over())
        assert supervisor.poll() is None
        assert world.run(run).status is RunStatus.RUNNING
    finally:
        supervisor.kill()
        supervisor.wait()
        world.store.close()


def test_a_git_that_waits_does_not_hold_up_the_daemon_when_a_file_is_edited(tmp_path: Path, repo: Path) -> None:
    """While an edited jobs.json is looked at, requests are answered and due runs start."""
    with house(tmp_path) as made, held_git(made) as slow:
        made.job(repo, use_git_worktree=True)
        shows(made, "jobs.json", 1)
        slow.touch()
        edit(made, "jobs.json", lambda jobs: jobs[0].update(description="changed"))
        until(lambda: made.call("jobs.list")["jobs"][0]["description"] == "changed", "the edit is taken in", SOON)
        assert answers(made)


def test_a_git_that_waits_does_not_hold_up_the_end_of_the_daemon(tmp_path: Path, repo: Path) -> None:
    """SIGTERM while a new job is looked at ends the daemon promptly."""

    def ask() -> None:
        with contextlib.suppress(OSError, RpcFailed):
            made.job(repo, use_git_worktree=True)

    with house(tmp_path) as made, held_git(made) as slow:
        slow.touch()
        asking = threading.Thread(target=ask)
        asking.start()
        until((tmp_path / "git-called").exists, "git is asked about the job", SOON)
        assert made.daemon
        made.daemon.send_signal(signal.SIGTERM)
        try:
            assert made.daemon.wait(PROMPT) == 0
        finally:
            slow.unlink()
            asking.join()


def test_a_pipe_in_the_place_of_a_repository_does_not_stop_the_daemon(tmp_path: Path) -> None:
    """A .git that never ends being read, left by a run, does not stand in the way of anything else."""
    with house(tmp_path) as made:
        made.start()
        (tmp_path / "work").mkdir()
        task = made.task(made.job(tmp_path / "work"), "t", "say x")
        os.mkfifo(tmp_path / "work" / ".git")
        made.call("tasks.run", task=task["id"])
        assert answers(made)
        assert answers(made)


def test_a_path_that_cannot_be_looked_at_is_refused(daemon: House, tmp_path: Path) -> None:
    """By the method with its field; by hand, the edit is put aside, and the daemon can be started again."""
    daemon.job(tmp_path)
    shows(daemon, "jobs.json", 1)
    path = "/" + "x" * 300
    edit(daemon, "jobs.json", lambda jobs: jobs[0].update(working_directory={"path": path}))
    until((daemon.home.path / "jobs.json.rejected").exists, "the edit is rejected", SOON)
    with pytest.raises(RpcFailed) as caught:
        daemon.job(Path(path))
    assert caught.value.code == -32602, caught.value.message


def test_a_task_with_runs_is_not_deleted_by_hand(tmp_path: Path) -> None:
    """The edit is put aside, and who follows an unfinished run hears of its end."""
    with house(tmp_path, max_concurrent_runs=1) as made:
        made.start()
        (tmp_path / "busy").mkdir()
        busy = made.task(made.job(tmp_path / "busy", name="busy"), "busy", "wait 60")
        job = made.job(tmp_path)
        task = made.task(job, "t", "say x")
        made.call("tasks.run", task=busy["id"])
        run = made.call("tasks.run", task=task["id"])
        shows(made, "tasks.json", 2)
        request = {"jsonrpc": "2.0", "id": 1, "method": "runs.follow", "params": {"run": run["id"]}}
        with made.connect() as connection, connection.makefile("rwb") as file:
            connection.settimeout(SOON)
            file.write(json.dumps(request).encode() + b"\n")
            file.flush()
            assert json.loads(file.readline())["result"]["status"] == "upcoming"
            edit(made, "tasks.json", lambda tasks: tasks.pop([each["name"] for each in tasks].index("t")))
            until((made.home.path / "tasks.json.rejected").exists, "the edit is rejected", SOON)
            assert len(made.call("tasks.list")["tasks"]) == 2
            made.call("runs.stop", run=run["id"])
            assert json.loads(file.readline())["params"]["run"]["status"] == "cancelled"


def test_a_task_disabled_by_hand_lets_its_upcoming_runs_go(daemon: House, tmp_path: Path) -> None:
    """As tasks.disable does."""
    job = daemon.job(tmp_path)
    daemon.task(job, "first", "bash while [ ! -e go ]; do sleep 0.05; done")
    daemon.task(job, "second", "write ran.txt: x")
    shows(daemon, "tasks.json", 2)
    runs = daemon.call("jobs.run", job=job["id"])["runs"]
    edit(daemon, "tasks.json", lambda tasks: tasks[1].update(enabled=False))
    until(lambda: not daemon.call("tasks.get", task="second")["enabled"], "the edit is taken in", SOON)
    (tmp_path / "go").touch()
    daemon.ended(runs[0])
    assert ends_soon(daemon, runs[1])["status"] == "cancelled"
    assert not (tmp_path / "ran.txt").exists()


def test_slow_preparations_hold_up_neither_requests_nor_the_end(tmp_path: Path) -> None:
    """Twelve runs wait for a command each: a task can be made, the daemon ends at once, the next starts them."""
    with house(tmp_path, max_concurrent_runs=12) as made:
        made.start()
        slow_profile(made, f"[ -e {tmp_path}/go ] || {{ echo x >>{tmp_path}/asked; sleep 20; }}")
        for number in range(12):
            (tmp_path / str(number)).mkdir()
            task = made.task(made.job(tmp_path / str(number)), "t", "append m.txt: x", profile="slow")
            made.call("tasks.run", task=task["id"])
        until(lambda: (tmp_path / "asked").read_text().count("x") == 12, "all are prepared", SOON)
        begun = time.monotonic()
        made.task(made.job(tmp_path, name="quick"), "quick", "say x")
        assert made.end() == 0
        assert time.monotonic() - begun < PROMPT
        (tmp_path / "go").touch()
        made.start()
        assert {run["status"] for run in made.all_ended()} == {"success"}
        assert [(tmp_path / str(number) / "m.txt").read_text() for number in range(12)] == ["x\n"] * 12


def test_two_stops_and_a_delete_while_a_run_is_prepared_all_get_an_answer(daemon: House, tmp_path: Path) -> None:
    """The agent never starts, and nothing is left."""
    slow_profile(daemon, f"touch {tmp_path}/asked; sleep 1")
    job = daemon.job(tmp_path)
    run = daemon.call("tasks.run", task=daemon.task(job, "t", "write ran.txt: x", profile="slow")["id"])
    until((tmp_path / "asked").exists, "the run is prepared", SOON)
    said: list[object] = []

    def stop() -> None:
        try:
            said.append(daemon.call("runs.stop", run=run["id"])["status"])
        except RpcFailed as error:
            # Deleted before it could be shown, or ended before it could be stopped.
            said.append(error.code)

    threads = [threading.Thread(target=stop) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert daemon.call("jobs.delete", job=job["id"]) == {"job_id": job["id"], "tasks": 1, "runs": 1, "worktree": None}
    for thread in threads:
        thread.join(SOON)
    assert len(said) == 2
    assert set(said) <= {"cancelled", -32001, -32003}
    assert not (tmp_path / "ran.txt").exists()
    assert daemon.runs() == []
