"""The accounts that runs use: do all variables of a profile have a value, and is the agent logged in with them?"""

import shlex
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from scheduler_daemon.examination.aws_credentials import LIMIT as AWS_LIMIT
from scheduler_daemon.examination.finding import Check, Finding, failed, ok, warning
from scheduler_daemon.examination.login import LIMIT as LOGIN_LIMIT
from scheduler_daemon.examination.login import login
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.profile import LIMIT, Unresolved, child, resolve
from scheduler_daemon.run.preparation import inherited_environment, run_environment

GROUP = "accounts"
_SLACK = 5.0
_MOST = 65536
_ELSEWHERE = {
    EnvVarSource.KEYCHAIN: "keychain",
    EnvVarSource.AWS_SSM: "AWS credentials",
    EnvVarSource.AWS_SECRETS_MANAGER: "AWS credentials",
}
"""What is asked for variables of these sources."""

Environments = MutableMapping[UUID | None, Mapping[str, str]]
"""By profile, None for none: the environment that its runs get, with its secrets."""


@dataclass(frozen=True)
class Account:
    """What a profile, or no profile, gives to runs."""

    profile: Profile | None
    due: bool
    """Whether something that is due soon needs it."""

    @property
    def id(self) -> UUID | None:
        """The profile's."""
        return self.profile.id if self.profile else None

    @property
    def named(self) -> str:
        """How it is told of."""
        return f"with profile {self.profile.name}" if self.profile else "without a profile"


def of_accounts(subject: Subject, due: frozenset[UUID | None], environments: Environments) -> list[Check]:
    """A check of each profile that enabled tasks use, and of none if one does without, or nothing is there yet.

    ``due`` are the profiles that something needs soon. The environments that are had are put in ``environments``.
    """
    enabled = subject.enabled()
    used = dict.fromkeys(subject.profile_of(task) for task in enabled) or {None: None}
    known = [each for each in used if each is None or each in subject.profiles]
    checks = []
    for profile_id in sorted(known, key=lambda each: subject.profiles[each].name if each else ""):
        account = Account(subject.profiles[profile_id] if profile_id else None, profile_id in due)
        checks.append(
            Check(
                GROUP,
                account.named,
                partial(_look, subject, account, environments),
                limit=LIMIT + LOGIN_LIMIT + AWS_LIMIT + 2 * _SLACK,
                about=("account", profile_id),
            )
        )
    return checks


def _look(subject: Subject, account: Account, environments: Environments) -> list[Finding]:
    try:
        resolved = resolve(account.profile, run_environment(inherited_environment()))
    except Unresolved as error:
        assert account.profile is not None, "without one, nothing is resolved"
        return _unresolved(account.profile, account.due, error)
    environments[account.id] = resolved.environment
    found = _resolved(account.profile) if account.profile else []
    if _pays_amazon(resolved.environment):
        found.append(_amazon(account, resolved.environment))
    fix = f"ccsched profiles update {_short(account.profile)} --secret ANTHROPIC_API_KEY" if account.profile else None
    return [*found, login(subject.settings.agent_command, account.named, fix, resolved.environment, subject.now)]


def _resolved(profile: Profile) -> list[Finding]:
    asked = [_ELSEWHERE[variable.source] for variable in profile.env_vars if variable.source in _ELSEWHERE]
    count = len(profile.env_vars)
    variables = "1 variable has its value" if count == 1 else f"all {count} variables have their values"
    found = [ok(f"profile {profile.name}: {variables}", check="secrets")]
    return found + [
        ok(f"profile {profile.name}: what it wants was given", check=what) for what in dict.fromkeys(asked)
    ]


def _unresolved(profile: Profile, due: bool, error: Unresolved) -> list[Finding]:
    fix = f"ccsched profiles check {_short(profile)}"
    say = failed if due else warning
    return [
        say(
            f"profile {profile.name}: {each.name} has no value (source {each.source}): {each.problem}",
            fix,
            check=_ELSEWHERE.get(each.source, "secrets"),
        )
        for each in error.findings
    ]


def _pays_amazon(environment: Mapping[str, str]) -> bool:
    """Whether the agent goes to Bedrock with AWS credentials; it says that it is logged in whatever they are."""
    wanted = environment.get("CLAUDE_CODE_USE_BEDROCK", "").lower() in ("1", "true", "yes", "on")
    return wanted and not environment.get("AWS_BEARER_TOKEN_BEDROCK")


def _amazon(account: Account, environment: Mapping[str, str]) -> Finding:
    asked = (sys.executable, "-P", "-m", "scheduler_daemon.examination.aws_credentials")
    fix = "aws sts get-caller-identity"
    if profile := environment.get("AWS_PROFILE"):
        fix += f" --profile {shlex.quote(profile)}"
    say = failed if account.due else warning
    try:
        said = child.run(asked, environment, limit=AWS_LIMIT + _SLACK, most=_MOST).output.decode().strip()
    except child.Killed:
        said = f"AWS has not answered within {AWS_LIMIT:g} seconds"
    if said:
        return say(f"{account.named}: {said}", fix, check="AWS credentials")
    return ok(f"{account.named}: AWS takes them", check="AWS credentials")


def _short(profile: Profile) -> str:
    """Enough of its id to type."""
    return str(profile.id)[:8]
