"""Every command as a person types it, against a real daemon, with the stand-in for the agent."""

import json
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import BIN, PATIENCE, House, git, house, repository, until


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[House]:
    """A house whose daemon runs."""
    with house(tmp_path) as made:
        made.start()
        yield made
        assert made.end() == 0


def typed(made: House, line: str, stdin: str = "") -> Any:
    """What a line prints into a pipe; it must go well."""
    done = made.ccsched(*shlex.split(line), stdin=stdin)
    assert done.returncode == 0, (line, done.stderr)
    return json.loads(done.stdout)


def refused(made: House, line: str, code: int) -> str:
    """What a line says on standard error; it must fail with this code and print nothing else."""
    done = made.ccsched(*shlex.split(line))
    assert done.returncode == code, (line, done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_whole_line_from_a_job_to_its_logs(daemon: House, tmp_path: Path) -> None:
    """Every command of the client, each with the answer a script can read."""
    repo = repository(tmp_path / "repo")
    job = typed(daemon, f"jobs create --name nightly --working-directory {repo} --use-worktree --worktree-name night")
    assert typed(daemon, "jobs list") == {"jobs": [job]}
    first = typed(daemon, "tasks create --job nightly --name first --prompt 'write a.txt: a' --cron '0 2 * * *'")
    second = typed(
        daemon, f"tasks create --job {job['id'][:8]} --name second --prompt-file - --schedule sequential", "say b"
    )
    third = typed(daemon, "tasks create --job nightly --name third --prompt 'say c' --every 2h --disabled")
    assert [task["id"] for task in typed(daemon, "jobs tasks nightly")] == [first["id"], second["id"], third["id"]]
    assert [task["name"] for task in typed(daemon, "tasks list --job nightly")["tasks"]] == [
        "first",
        "second",
        "third",
    ]
    assert typed(daemon, "tasks get second")["command"] == "say b"
    assert typed(daemon, "tasks get third")["schedule"]["interval_type"] == "hours"
    assert [each["task_name"] for each in typed(daemon, "scheduler")["scheduled"]] == ["first"]
    assert typed(daemon, "tasks enable third")["enabled"] is True
    assert {each["task_name"] for each in typed(daemon, "scheduler")["scheduled"]} == {"first", "third"}
    assert typed(daemon, "tasks disable third")["enabled"] is False
    runs = typed(daemon, "jobs run nightly --wait")["runs"]
    assert [(run["task_name"], run["status"], run["outcome"]) for run in runs] == [
        ("first", "success", "done"),
        ("second", "success", "no_change"),
    ]
    assert [run["id"] for run in typed(daemon, "runs list --job nightly")["runs"]] == [runs[1]["id"], runs[0]["id"]]
    assert typed(daemon, f"runs get {runs[0]['id'][:8]}") == runs[0]
    logs = daemon.ccsched("runs", "logs", runs[0]["id"])
    assert logs.stdout == Path(runs[0]["log_path"]).read_text()
    pretty = daemon.ccsched("runs", "logs", "--pretty", runs[0]["id"])
    assert "Write a.txt" in pretty.stdout
    assert git(repo, "log", "--format=%s", "main..night") == "task: first"
    assert typed(daemon, "jobs get nightly")["status"] == "completed"
    assert typed(daemon, "health")["status"] == "ok"
    state = typed(daemon, "state")
    assert (state["jobs"]["total"], state["tasks"]["total"], state["runs"]["success"]) == (1, 3, 2)
    assert typed(daemon, "jobs delete nightly --force") == {"job_id": job["id"], "tasks": 3, "runs": 2}
    assert typed(daemon, "runs list") == {"runs": []}


def test_a_job_is_stopped_from_the_command_line(daemon: House, tmp_path: Path) -> None:
    """The live run and those that wait; `runs stop` says that one is over."""
    typed(daemon, f"jobs create --name long --working-directory {tmp_path}")
    for name in ("one", "two"):
        typed(daemon, f"tasks create --job long --name {name} --prompt 'wait 60'")
    runs = typed(daemon, "jobs run long")["runs"]
    until(daemon.claim(runs[0]).exists, "the agent is started")
    assert set(typed(daemon, "jobs stop long")["stopped"]) == {run["id"] for run in runs}
    assert {run["status"] for run in typed(daemon, "runs list")["runs"]} == {"cancelled"}
    assert "ended already" in refused(daemon, f"runs stop {runs[0]['id']}", 1)


def test_a_failed_run_makes_waiting_for_it_fail(daemon: House, tmp_path: Path) -> None:
    """So that a script can go by it."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, "tasks create --job j --name bad --prompt 'fail it broke'")
    done = daemon.ccsched("tasks", "run", "bad", "--wait")
    assert done.returncode == 1


def test_following_a_run_shows_it_as_it_goes(daemon: House, tmp_path: Path) -> None:
    """What the agent says is there before the run has ended."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, "tasks create --job j --name slow --prompt-file -", "say the beginning\nwait 2\nsay the end")
    run = typed(daemon, "tasks run slow")
    with subprocess.Popen(
        [BIN / "ccsched", "runs", "logs", "-f", "--pretty", run["id"]],
        env=daemon.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as follower:
        assert follower.stdout
        seen = ""
        while "the beginning" not in seen:
            seen += follower.stdout.readline()
        assert daemon.run(run)["status"] == "running"
        seen += follower.stdout.read()
        assert follower.wait(PATIENCE) == 0
    assert "the end" in seen
    assert "success" in seen


def test_what_is_wrong_is_said_and_the_exit_code_says_which_kind(daemon: House, tmp_path: Path) -> None:
    """1 refused, 2 usage; each message names the thing and what to do."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, f"jobs create --name twin --working-directory {tmp_path}")
    typed(daemon, f"jobs create --name twin --working-directory {tmp_path}")
    for line, code, words in (
        ("jobs create --name x --working-directory /no/such/place", 1, "/no/such/place"),
        (f"jobs create --name x --working-directory {tmp_path} --use-worktree", 1, "git repository"),
        ("jobs create --name x", 2, "--working-directory"),
        ("jobs get nobody", 1, "ccsched jobs list"),
        ("jobs get twin", 1, "2 jobs answer"),
        ("jobs get abc", 1, "4 characters"),
        ("jobs run j", 1, "ccsched tasks create"),
        ("jobs delete j", 1, "--force"),
        ("tasks create --name t --prompt x", 2, "--job"),
        ("tasks create --job nobody --name t --prompt x", 1, "no job has"),
        ("tasks create --job j --name t --prompt ''", 1, "empty"),
        ("tasks create --job j --name t --prompt x --cron '61 * * * *'", 1, "61"),
        ("tasks create --job j --name t --prompt x --cron '0 0 31 6 *'", 1, "never"),
        ("tasks create --job j --name t --prompt x --cron '0 2 * * *' --timezone Mars/Base", 1, "Mars/Base"),
        ("tasks create --job j --name t --prompt x --profile nobody", 1, "no profile has"),
        ("tasks create --job j --name t --prompt x --prompt-file y", 2, "--prompt"),
        ("tasks create --job j --name t --prompt x --schedule sometimes", 2, "sequential"),
        ("runs get 00000000", 1, "no run has"),
        ("runs list --status done", 2, "success"),
        ("jobs lst", 2, "list"),
        ("--output xml jobs list", 2, "table"),
    ):
        assert words in refused(daemon, line, code), line
    assert len(typed(daemon, "jobs list")["jobs"]) == 3
    assert typed(daemon, "tasks list") == {"tasks": []}


def test_without_a_daemon_it_says_how_to_start_one(tmp_path: Path) -> None:
    """Exit code 3, for each command alike; help needs no daemon."""
    made = House(tmp_path / "home")
    for line in ("health", "jobs list", "runs logs -f abcd"):
        assert "ccschedd" in refused(made, line, 3)
    assert made.ccsched("jobs", "create", "--help").returncode == 0


def test_a_socket_that_a_killed_daemon_left_is_no_daemon(daemon: House) -> None:
    """Exit code 3; the next daemon takes its place."""
    daemon.kill()
    assert "ccschedd" in refused(daemon, "health", 3)
    daemon.start()
    assert typed(daemon, "health")["status"] == "ok"


def test_a_home_too_deep_for_a_socket_works_all_the_same(tmp_path: Path) -> None:
    """The socket is in the runtime directory then, and the client finds it there."""
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        deep = tmp_path / ("deep" * 30)
        deep.mkdir()
        with house(deep) as made:
            made.environment["XDG_RUNTIME_DIR"] = short
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("XDG_RUNTIME_DIR", short)
                made.start()
                assert typed(made, "health")["home"] == str(made.home.path)
                assert made.home.socket().parent == Path(short) / "ccsched"
                assert made.end() == 0


def test_no_place_for_a_socket_is_said(tmp_path: Path) -> None:
    """Both by the daemon, that cannot start, and by the client, that cannot reach it."""
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    made = House(deep / "home", {"XDG_RUNTIME_DIR": str(deep)})
    assert made.spawn().wait(PATIENCE) == 1
    assert "longer than" in made.log.read_text()
    assert "longer than" in refused(made, "health", 3)


def test_the_long_name_is_the_same_program(daemon: House, tmp_path: Path) -> None:
    """`claude-code-scheduler cli ARGS` is `ccsched ARGS`."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    done = subprocess.run(
        [BIN / "claude-code-scheduler", "cli", "jobs", "list"],
        env=daemon.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == typed(daemon, "jobs list")


def test_a_prompt_of_five_megabytes_comes_from_a_file(daemon: House, tmp_path: Path) -> None:
    """A command line could not hold it; the run gets all of it."""
    prompt = tmp_path / "prompt.md"
    prompt.write_text("write big.txt: " + "x" * 5_000_000)
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, f"tasks create --job j --name big --prompt-file {prompt}")
    assert typed(daemon, "tasks run big --wait")["status"] == "success"
    assert (tmp_path / "big.txt").stat().st_size >= 5_000_000
