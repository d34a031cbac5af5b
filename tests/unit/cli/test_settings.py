"""Wrong usage of ``settings``, which needs no daemon."""

import pytest
from click.testing import CliRunner

from scheduler_daemon.cli.main import ccsched


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("time_limit",), "Say what the setting is to be: VALUE, or --default"),
        (("time_limit", "3", "--default"), "VALUE and --default both say"),
        (("time_limit", "soon"), "does not say how long; write numbers and units"),
        (("agent_command", "claude 'x"), "A quotation mark has no partner"),
        (("agent_command", '["claude"'), "It begins as a JSON list and is none"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_says_what_to_do(arguments: tuple[str, ...], told: str) -> None:
    """What cannot be meant is told before any daemon is asked."""
    result = CliRunner().invoke(ccsched, ["settings", "set", *arguments], env={"CCSCHED_HOME": "/nonexistent"})
    assert told in " ".join(result.output.split())
    assert result.exit_code == 2
