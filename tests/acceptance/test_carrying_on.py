"""Nights that do not stop, with the real ``claude``: usage limits, retries, and work that has to pass."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import House, git, house, repository, until
from tests.support.messages_api import MessagesApi, environment

pytestmark = pytest.mark.claude


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    """The stand-in for the model."""
    with MessagesApi() as made:
        yield made


@pytest.fixture
def night(tmp_path: Path, claude: str, api: MessagesApi) -> Iterator[House]:
    """A daemon whose runs call the real agent."""
    with house(tmp_path, agent_command=[claude]) as made:
        made.environment.update(environment(api.url, tmp_path / "user"))
        # Only a subscription is told when its limits are reset.
        del made.environment["ANTHROPIC_API_KEY"]
        made.environment["CLAUDE_CODE_OAUTH_TOKEN"] = "sk-ant-oat01-no-token-is-needed-here"
        made.start()
        yield made
        assert made.end() == 0
        assert made.processes() == []


@pytest.mark.parametrize("done_before", [True, False], ids=["in the middle", "at once"])
def test_a_usage_limit_is_waited_for_and_the_session_goes_on(
    night: House, api: MessagesApi, tmp_path: Path, done_before: bool
) -> None:
    """The run that was refused says when it goes on; that one resumes the session and commits what both have done."""
    repo = repository(tmp_path / "repo")
    prompt = ("write first.txt: one\n" if done_before else "") + "status 429 1"
    task = night.task(night.job(repo), "night", prompt)
    first = night.ended(night.call("tasks.run", task=task["id"]))
    assert (first["status"], first["outcome"]) == ("failed", "usage_limit"), first["errors"]
    assert first["commit"] is None
    waiting = night.call("runs.get", run=first["continued_by"])
    assert waiting["status"] == "upcoming"
    assert "limit" in night.call("tasks.why", task=task["id"])["message"]
    night.end()
    night.start()
    second = night.ended(waiting)
    assert (second["status"], second["session_id"]) == ("success", first["session_id"]), second["errors"]
    assert api.prompts[-1].startswith("This session was ended before its task was done")
    if done_before:
        assert git(repo, "show", "--format=", "--name-only", second["commit"]) == "first.txt"


def test_an_overloaded_api_is_tried_again(night: House, tmp_path: Path) -> None:
    """As often as the task says; the end names how often that was."""
    task = night.task(
        night.job(tmp_path), "night", "status 529", retry={"max_retries": 1, "retry_delay": 0, "max_retry_delay": 0}
    )
    first = night.ended(night.call("tasks.run", task=task["id"]))
    assert first["outcome"] == "agent_error"
    second = night.ended(night.call("runs.get", run=first["continued_by"]))
    assert (second["attempt"], second["continued_by"]) == (2, None)
    assert "tried 2 times" in second["errors"][-1]


def test_the_agent_mends_what_the_verify_command_found(night: House, tmp_path: Path) -> None:
    """It is called again in its session, told what was said, and all it did is committed once that passes."""
    repo = repository(tmp_path / "repo")
    verify = {"command": "test -e fixed.txt || { echo 'write fixed.txt: yes'; exit 1; }"}
    task = night.task(night.job(repo), "night", "write first.txt: one", verify=verify)
    run = night.ended(night.call("tasks.run", task=task["id"]))
    assert (run["status"], run["outcome"]) == ("success", "done"), run["errors"]
    assert [each["passed"] for each in run["verify_rounds"]] == [False, True]
    assert git(repo, "show", "--format=", "--name-only", run["commit"]).split() == ["first.txt", "fixed.txt"]
    assert run["num_turns"] == 4
    assert run["cost_usd"] > 0


@pytest.mark.parametrize(
    ("prompt", "fields", "outcome"),
    [
        ("hang", {"time_limit": 3}, "timed_out"),
        ("hang", {"stall_after": 2, "stop_when_stalled": True}, "timed_out"),
        ("write a.txt: a\nwrite b.txt: b", {"max_turns": 1}, "max_turns"),
        ("write a.txt: a\nwrite b.txt: b", {"max_budget_usd": 0.0001}, "max_budget"),
        ("status 429 60", {"wait_for_limit": False}, "usage_limit"),
        ("write a.txt: a", {"permissions": "default"}, "denied"),
        ("write a.txt: a", {"verify": {"command": "false", "max_fix_rounds": 0}}, "unverified"),
        ("status 401", {}, "not_logged_in"),
        ("bash kill -KILL $PPID", {}, "interrupted"),
        ("status 500", {}, "agent_error"),
        ("say nothing to do", {}, "no_change"),
        ("write a.txt: a", {}, "done"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else "",
)
def test_every_outcome_is_the_real_agents(
    night: House, tmp_path: Path, prompt: str, fields: dict[str, object], outcome: str
) -> None:
    """And an end that is no success says what to do."""
    repo = repository(tmp_path / "repo")
    task = night.task(night.job(repo), "night", prompt, **fields)
    run = night.ended(night.call("tasks.run", task=task["id"]))
    assert run["outcome"] == outcome, run["errors"]
    assert (run["status"] == "success") is (outcome in ("done", "no_change"))
    assert bool(run["errors"]) is (run["status"] != "success")
    until(lambda: not night.home.run_folder(run["id"]).exists(), "nothing of it is left")
