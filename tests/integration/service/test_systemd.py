"""``ccsched service …`` with systemd: what it asks of it, and what it says, with a real daemon."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from scheduler_daemon.cli import service_daemon
from scheduler_daemon.service import naming
from tests.integration.service.conftest import Person
from tests.support.house import STAND_IN as AGENT
from tests.support.house import until


def unit(person: Person) -> str:
    return f"{naming.of_home(person.home)}.service"


def unit_file(person: Person) -> Path:
    return person.user / ".config" / "systemd" / "user" / unit(person)


def test_the_life_of_a_service(person: Person) -> None:
    """Installed, it runs and says so; once more changes nothing; removed, nothing of it is left but the home."""
    before = sorted(person.user.rglob("*"))
    planned = person.service("install", "--dry-run")
    assert sorted(person.user.rglob("*")) == before
    assert person.asked() == []
    assert not person.home.path.exists()

    installed = person.service("install")
    assert installed["changed"]
    assert installed["daemon"]["pid"] == person.call("daemon.health")["pid"]
    assert unit_file(person).stat().st_mode & 0o777 == 0o600
    ran = [step["argv"] for step in planned["steps"] if step["do"] == "run_command"]
    assert person.asked() == ran
    assert ran == [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable", unit(person)],
        ["systemctl", "--user", "start", unit(person)],
    ]
    (wrote,) = [step for step in planned["steps"] if step["do"] == "write_file"]
    assert wrote["path"] == str(unit_file(person))
    assert wrote["content"] == unit_file(person).read_text()

    again = person.service("install")
    assert not again["changed"]
    assert again["daemon"] == installed["daemon"]
    assert person.asked() == []

    status = person.service("status")
    assert status["running"] and status["enabled"] and status["lingers"] is False
    assert status["environment"] == installed["environment"]

    removed = person.ccsched("service", "uninstall", "--output", "table")
    assert f"rm -r {person.home.path}" in removed.stdout
    assert sorted(person.user.rglob("*")) == before
    assert not person.health()
    assert person.asked()[:2] == [["systemctl", "--user", verb, unit(person)] for verb in ("stop", "disable")]
    none = person.ccsched("service", "uninstall", "--output", "table")
    assert (none.returncode, none.stdout) == (0, "There is no service to remove.\n")
    assert person.ccsched("service", "status").returncode == 3
    missing = person.ccsched("service", "start")
    assert missing.returncode == 1
    assert "ccsched service install" in missing.stderr


def test_a_change_of_the_environment(person: Person) -> None:
    """What was given by hand stays until it is taken away; a changed file is read, and said to be."""
    proxy = "http://nina:s3cret@proxy.example:3128"
    first = person.service("install", "--env", "GREETING=good morning, 100%", "--env", f"HTTPS_PROXY={proxy}")
    person.asked()
    hidden = "http://nina:•••@proxy.example:3128"
    assert first["environment"]["HTTPS_PROXY"] == hidden
    assert proxy in unit_file(person).read_text()
    assert "s3cret" not in person.ccsched("service", "install", "--dry-run", "--env", f"ALL_PROXY={proxy}").stdout

    second = person.service("install", "--env", "MORE=1", "--no-env", "HTTPS_PROXY")
    assert person.asked() == [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "restart", unit(person)],
    ]
    assert second["restarted"]
    assert second["environment"].pop("MORE") == "1"
    assert {**second["environment"], "HTTPS_PROXY": hidden} == first["environment"]

    with unit_file(person).open("a") as file:
        file.write("# mine\n")
    problems = person.service("status")["problems"]
    assert any("ccsched" in problem and "service restart" in problem for problem in problems)
    person.service("restart")
    assert person.asked()[0] == ["systemctl", "--user", "daemon-reload"]
    assert not any("has changed on disk" in problem for problem in person.service("status")["problems"])
    assert person.service("install", "--no-start")["changed"]
    assert "# mine" not in unit_file(person).read_text()


def test_no_service_beside_another_daemon(person: Person) -> None:
    """Where a daemon was started by hand, its process is named and what to type; nothing is written."""
    person.start()
    assert person.daemon
    refused = person.ccsched("service", "install")
    assert refused.returncode == 1
    assert f"process {person.daemon.pid}" in refused.stderr
    assert "ccsched daemon stop" in refused.stderr
    assert not unit_file(person).exists()
    assert person.asked() == []


def test_a_daemon_whose_agent_is_slow_answers(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks how the service is does not take it for stuck while the agent is asked for its version."""
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 1.5; echo 7\n")
    slow.chmod(0o700)
    person.settings(agent_command=[str(slow)])
    monkeypatch.setattr(service_daemon, "_ASKING", 1.0)
    assert person.service("install")["daemon"]["agent"] == "7"


def test_stop_and_start(person: Person, tmp_path: Path) -> None:
    """A live run goes on when the service is stopped, which is said, and is ended first with --stop-runs."""
    person.settings(agent_command=[sys.executable, "-I", str(AGENT)], stop_grace=1)
    person.service("install")
    run = person.call("tasks.run", task=person.task(person.job(tmp_path), "long", "hang")["id"])
    until(lambda: person.claim(run).exists(), "the run lives")
    assert person.service("stop") == {"stopped_runs": 0, "live_runs": 1}
    down = person.ccsched("service", "status", "--output", "table")
    assert down.returncode == 3
    assert "service start" in down.stdout
    assert "service start" in person.ccsched("health").stderr
    assert person.service("start")["live_runs"] == 1
    pid = person.call("daemon.health")["pid"]
    assert person.service("restart")["pid"] != pid
    assert person.run(run)["status"] == "running"
    assert person.service("stop", "--stop-runs") == {"stopped_runs": 1, "live_runs": 0}
    person.service("start")
    assert person.run(run)["outcome"] == "stopped"
    os.kill(person.call("daemon.health")["pid"], signal.SIGKILL)
    until(lambda: person.ccsched("service", "status").returncode == 3, "it is seen that it does not run")


def test_a_daemon_that_cannot_start(person: Person) -> None:
    """The last lines of its log say why, and the exit status is 1."""
    person.home.path.mkdir()
    person.home.state_db.write_bytes(b"no record at all, but some text that is longer than a header" * 50)
    failed = person.ccsched("service", "install")
    assert failed.returncode == 1
    assert "ccschedd: " in failed.stderr
    assert "ccsched service logs" in failed.stderr
    status = json.loads(person.ccsched("service", "status", "--output", "json").stdout)
    assert status["active"] == "failed"
    assert "exit status" in status["detail"]


def test_lingering(person: Person) -> None:
    """It is said that it is off and what to type; --linger turns it on, or says what an administrator types."""
    off = person.ccsched("service", "install", "--no-start", "--output", "table")
    assert "service install --linger" in off.stdout
    (person.managers / "no-linger").touch()
    person.asked()
    refused = person.ccsched("service", "install", "--linger")
    assert refused.returncode == 1
    assert "as root type: loginctl enable-linger" in refused.stderr
    (person.managers / "no-linger").unlink()
    person.service("install", "--linger", "--no-start")
    assert person.asked()[-1][:2] == ["loginctl", "enable-linger"]
    on = json.loads(person.ccsched("service", "status", "--output", "json").stdout)
    assert on["lingers"] and not on["running"]
    assert "Lingering stays on" in person.ccsched("service", "uninstall", "--output", "table").stdout


def test_secrets_are_refused(person: Person) -> None:
    """A service's file is no place for a secret; it is said what is."""
    refused = person.ccsched("service", "install", "--env", "ANTHROPIC_API_KEY=sk-ant-1")
    assert refused.returncode == 2
    assert "ccsched profiles create --name NAME --secret ANTHROPIC_API_KEY" in refused.stderr
    assert "sk-ant-1" not in refused.stderr


def test_no_manager(person: Person) -> None:
    """Where there is no systemd of one's own, both ways out are named, and status says 3."""
    (person.runtime / "systemd" / "private").unlink()
    done = person.ccsched("service", "install")
    assert done.returncode == 1
    assert f"ccsched --home {person.home.path} daemon start" in done.stderr
    assert f"ccschedd --home {person.home.path}" in done.stderr
    assert person.ccsched("service", "status").returncode == 3
