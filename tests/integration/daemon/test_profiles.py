"""Profiles over the socket: their secrets are seen by nobody who does not ask for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, RpcFailed, until

ZAI = "5270805b-3731-41da-8710-fe765f2e58be"
BEDROCK = "9e4eaa7d-ba4e-44c0-861a-712aa75382d1"


def variables(profile: dict[str, Any]) -> dict[str, str]:
    """Names and values."""
    return {variable["name"]: variable["value"] for variable in profile["env_vars"]}


def test_two_profiles_are_there_from_the_first_start(daemon: House) -> None:
    """With their ids, and what to fill in; once deleted they stay away."""
    zai, bedrock = daemon.call("profiles.list")["profiles"]
    assert (zai["id"], zai["name"]) == (ZAI, "ZAI")
    assert "ccsched profiles update 5270805b --secret ANTHROPIC_AUTH_TOKEN" in zai["description"]
    assert (bedrock["id"], bedrock["name"]) == (BEDROCK, "AWS Bedrock")
    assert "ccsched profiles update 9e4eaa7d --secret AWS_BEARER_TOKEN_BEDROCK" in bedrock["description"]
    daemon.call("profiles.delete", profile="ZAI")
    daemon.end()
    daemon.start()
    assert [profile["id"] for profile in daemon.call("profiles.list")["profiles"]] == [BEDROCK]


def test_a_ready_made_profile_that_was_deleted_can_be_had_again(daemon: House, tmp_path: Path) -> None:
    """The refusal says how; its id is the same."""
    daemon.call("profiles.delete", profile="ZAI")
    with pytest.raises(RpcFailed) as refused:
        daemon.task(daemon.job(tmp_path), "t", "say hello", profile=ZAI)
    assert "ccsched profiles create --zai" in refused.value.data["hint"]
    assert daemon.call("profiles.create", ready_made="zai")["id"] == ZAI
    with pytest.raises(RpcFailed, match=f"the profile {ZAI} is there"):
        daemon.call("profiles.create", ready_made="zai")


def test_a_run_with_a_profile_that_is_not_filled_in_says_how(daemon: House, tmp_path: Path) -> None:
    """Before the agent starts; once filled in, it runs."""
    task = daemon.task(daemon.job(tmp_path), "t", "say hello", profile=ZAI)
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert (run["status"], run["outcome"]) == ("failed", "not_started")
    assert "ccsched profiles update 5270805b --secret ANTHROPIC_AUTH_TOKEN" in run["errors"][0]
    key = {"name": "ANTHROPIC_AUTH_TOKEN", "source": "static", "value": "hunter2-hunter2"}
    daemon.call("profiles.update", profile="ZAI", set=[key])
    assert daemon.ended(daemon.call("tasks.run", task=task["id"]))["status"] == "success"


def test_secrets_are_masked_unless_they_are_to_be_revealed(daemon: House) -> None:
    """In every answer and event; what is said to be plain is shown."""
    with daemon.connect() as connection, connection.makefile("rwb") as file:
        file.write(b'{"jsonrpc": "2.0", "id": 1, "method": "events.subscribe"}\n')
        file.flush()
        file.readline()
        created = daemon.call(
            "profiles.create",
            name="work",
            env_vars=[
                {"name": "KEY", "value": "hunter2"},
                {"name": "URL", "value": "https://example.invalid", "config": {"plain": True}},
                {"name": "EMPTY", "value": ""},
                {"name": "ASKED", "source": "command", "value": "pass show work"},
            ],
        )
        event = json.loads(file.readline())
    shown = {"KEY": "•••", "URL": "https://example.invalid", "EMPTY": "", "ASKED": "pass show work"}
    assert event["params"]["object"] == created
    assert variables(created) == shown
    assert variables(daemon.call("profiles.get", profile="work")) == shown
    assert "hunter2" not in json.dumps(daemon.call("profiles.list"))
    assert variables(daemon.call("profiles.get", profile="work", reveal=True)) == {**shown, "KEY": "hunter2"}
    assert "hunter2" in json.dumps(daemon.call("profiles.list", reveal=True))
    assert "hunter2" not in daemon.log.read_text()


def test_variables_are_set_replaced_and_removed_one_by_one(daemon: House) -> None:
    """The others stay, secrets too, in their order."""
    daemon.call("profiles.create", name="work", env_vars=[{"name": name, "value": "x"} for name in "ABC"])
    new = [{"name": "B", "source": "unset"}, {"name": "D", "value": "y"}]
    updated = daemon.call("profiles.update", profile="work", set=new, remove=["A"])
    assert [(each["name"], each["source"]) for each in updated["env_vars"]] == [
        ("B", "unset"),
        ("C", "static"),
        ("D", "static"),
    ]
    assert variables(daemon.call("profiles.get", profile="work", reveal=True)) == {"B": "", "C": "x", "D": "y"}
    renamed = daemon.call("profiles.update", profile="work", changes={"name": "home", "description": "mine"})
    assert (renamed["name"], renamed["description"]) == ("home", "mine")


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("create", {"name": "ZAI"}, "name: another profile is called 'ZAI' already"),
        ("create", {"name": "x", "env_vars": [{"name": "A B", "value": "hunter2"}]}, "env_vars.0.name: must match"),
        (
            "create",
            {"name": "x", "env_vars": [{"name": "A", "value": "•••"}]},
            "stands for a value that is not shown",
        ),
        (
            "create",
            {"name": "x", "env_vars": [{"name": "A", "source": "vault"}]},
            "must be one of 'static', 'environment'",
        ),
        ("create", {"name": "x", "env_vars": [{"name": "A"}, {"name": "A"}]}, "env_vars sets A twice"),
        ("update", {"profile": "ZAI", "remove": ["NOPE"]}, "no variable NOPE; it has ANTHROPIC_BASE_URL,"),
        ("update", {"profile": "ZAI", "changes": {"name": "AWS Bedrock"}}, "another profile is called 'AWS Bedrock'"),
        ("get", {"profile": "nobody"}, "no profile has the id or the name 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused(daemon: House, method: str, params: dict[str, object], message: str) -> None:
    """Naming the field, and no value."""
    before = daemon.call("profiles.list", reveal=True)
    with pytest.raises(RpcFailed) as refused:
        daemon.call(f"profiles.{method}", **params)
    assert message in refused.value.message
    assert "hunter2" not in refused.value.message
    assert daemon.call("profiles.list", reveal=True) == before


def test_a_profile_in_use_is_deleted_only_by_force(daemon: House, tmp_path: Path) -> None:
    """The refusal names its users; by force they are left without it, in the files too."""
    profile = daemon.call("profiles.create", name="work")
    job = daemon.call("jobs.create", name="j", working_directory={"path": str(tmp_path)}, profile="work")
    task = daemon.task(job, "t", "say hello", profile="work")
    with pytest.raises(RpcFailed) as refused:
        daemon.call("profiles.delete", profile="work")
    assert "job 'j'" in refused.value.message
    assert "task 't'" in refused.value.message
    assert "--force" in refused.value.data["hint"]
    answer = daemon.call("profiles.delete", profile="work", force=True)
    assert answer["profile_id"] == profile["id"]
    assert [(each["kind"], each["name"]) for each in answer["detached"]] == [("job", "j"), ("task", "t")]
    assert daemon.call("jobs.get", job="j")["profile"] is None
    assert daemon.call("tasks.get", task=task["id"])["profile"] is None
    until(lambda: "work" not in (daemon.home.path / "profiles.json").read_text(), "the file shows it gone")


def test_a_profile_is_checked_without_a_run(daemon: House) -> None:
    """Each variable on its own: which source has a value, and why another has none."""
    daemon.call(
        "profiles.create",
        name="work",
        env_vars=[
            {"name": "GOOD", "source": "command", "value": "echo hunter2"},
            {"name": "BAD", "source": "command", "value": "echo hunter2; exit 3"},
            {"name": "MISSING", "source": "environment", "value": "CCSCHED_TEST_NOT_SET"},
            {"name": "GONE", "source": "unset"},
        ],
    )
    answer = daemon.call("profiles.check", profile="work")
    assert [(each["name"], each["source"], each["ok"]) for each in answer["variables"]] == [
        ("GOOD", "command", True),
        ("BAD", "command", False),
        ("MISSING", "environment", False),
        ("GONE", "unset", True),
    ]
    assert "exit status 3" in answer["variables"][1]["problem"]
    assert "hunter2" not in json.dumps(answer)
    assert daemon.runs() == []


def test_a_task_takes_the_profile_of_its_job_unless_it_has_its_own(daemon: House, tmp_path: Path) -> None:
    """Seen by what the agent's processes have in their environment."""
    for name in ("ours", "own"):
        value = {"name": "WHOSE", "value": name, "config": {"plain": True}}
        daemon.call("profiles.create", name=name, env_vars=[value])
    job = daemon.call("jobs.create", name="j", working_directory={"path": str(tmp_path)}, profile="ours")
    daemon.task(job, "inherits", "bash printf %s $WHOSE > inherits.txt")
    daemon.task(job, "has", "bash printf %s $WHOSE > has.txt", profile="own")
    daemon.call("jobs.run", job="j")
    daemon.all_ended()
    assert (tmp_path / "inherits.txt").read_text() == "ours"
    assert (tmp_path / "has.txt").read_text() == "own"
