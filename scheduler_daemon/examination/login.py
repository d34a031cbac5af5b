"""Is the agent logged in?"""

import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from scheduler_daemon.examination.finding import Finding, failed, ok, skipped, warning
from scheduler_daemon.examination.programs import OLDEST_AGENT, version_of
from scheduler_daemon.profile import child
from scheduler_daemon.run.agent_version import agent_version
from scheduler_daemon.schedule.local import local_text

LIMIT = 15.0
"""Seconds that the agent may take to say so."""
SOON = timedelta(hours=24)
"""A login that ends sooner may not last the night."""
_MOST = 65536
"""Bytes that it may say."""


def login(
    command: Sequence[str], named: str, fix: str | None, environment: Mapping[str, str], now: datetime
) -> Finding:
    """Whether the agent is logged in, in the environment of a run; it is asked, and starts no session.

    ``named`` says whose environment it is, and ``fix`` what to type if it is not logged in, if not to log in.
    """
    if shutil.which(command[0], path=environment.get("PATH")) is None:
        return skipped(f"{named}: the agent is not found", check="login")
    version = version_of(agent_version(command))
    if version is None or version < OLDEST_AGENT:
        # An older one would take the question for a prompt.
        return warning(
            f"{named}: it is not known whether the agent is logged in, for it is none that can be asked",
            check="login",
        )
    asked, log_in = [*command, "auth", "status"], shlex.join([*command, "auth", "login"])
    try:
        said = child.run(asked, environment, limit=LIMIT, most=_MOST).output
        state = json.loads(said)
        logged_in = state["loggedIn"]
    except child.Killed:
        problem = f"the agent has not said within {LIMIT:g} seconds whether it is logged in"
        return warning(f"{named}: {problem}", shlex.join(asked), check="login")
    except (ValueError, KeyError, TypeError):
        problem = "the agent does not say whether it is logged in"
        return warning(f"{named}: {problem}", shlex.join(asked), check="login")
    if logged_in is not True:
        return failed(f"{named}: the agent is not logged in", fix or log_in, check="login")
    ends = _instant(state.get("loginExpiresAt"))
    if ends and ends < now + SOON:
        told = f"{named}: the login ends at {local_text(ends)}"
        return warning(told, log_in, check="login")
    return ok(f"{named}: logged in{_by(state)}", check="login")


def _by(state: Mapping[str, object]) -> str:
    method, provider = state.get("authMethod"), state.get("apiProvider")
    if method == "third_party":
        return f" to {provider}, as far as the agent looks"
    words = {"api_key": "an API key", "oauth_token": "a token"}
    return f" by {words.get(method, method)}" if isinstance(method, str) else ""


def _instant(value: object) -> datetime | None:
    """A time as the agent writes one: a text, or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str):
            told = datetime.fromisoformat(value)
            return told if told.tzinfo else told.replace(tzinfo=UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
