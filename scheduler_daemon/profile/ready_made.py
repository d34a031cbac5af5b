"""The profiles that are there from the first start, ready but for their secret."""

from uuid import UUID

from scheduler_daemon.model.enums import EnvVarSource
from scheduler_daemon.model.profile import EnvVar, Profile

ZAI = UUID("5270805b-3731-41da-8710-fe765f2e58be")
BEDROCK = UUID("9e4eaa7d-ba4e-44c0-861a-712aa75382d1")


SHORTCUTS = {"zai": ZAI, "bedrock": BEDROCK}
"""What the client's options call them."""


def ready_made() -> list[Profile]:
    """Z.AI and Amazon Bedrock; their variables are documented at docs.z.ai and code.claude.com."""
    return [
        Profile(
            id=ZAI,
            name="ZAI",
            description=(
                "Z.AI's API in place of Anthropic's. Fill in your key: "
                "ccsched profiles update 5270805b --secret ANTHROPIC_AUTH_TOKEN"
            ),
            env_vars=[
                _plain("ANTHROPIC_BASE_URL", "https://api.z.ai/api/anthropic"),
                _to_be_filled_in("ANTHROPIC_AUTH_TOKEN"),
                # The agent would take a key of Anthropic's before the token, and send it to somebody else.
                EnvVar(name="ANTHROPIC_API_KEY", source=EnvVarSource.UNSET),
                _plain("API_TIMEOUT_MS", "3000000"),
            ],
        ),
        Profile(
            id=BEDROCK,
            name="AWS Bedrock",
            description=(
                "Claude on Amazon Bedrock. Fill in your Bedrock API key: "
                "ccsched profiles update 9e4eaa7d --secret AWS_BEARER_TOKEN_BEDROCK. Or use an AWS profile: "
                "ccsched profiles update 9e4eaa7d --remove AWS_BEARER_TOKEN_BEDROCK --plain AWS_PROFILE=NAME. "
                "Another region: ccsched profiles update 9e4eaa7d --plain AWS_REGION=REGION"
            ),
            env_vars=[
                _plain("CLAUDE_CODE_USE_BEDROCK", "1"),
                _plain("AWS_REGION", "us-east-1"),
                _to_be_filled_in("AWS_BEARER_TOKEN_BEDROCK"),
            ],
        ),
    ]


def _plain(name: str, value: str) -> EnvVar:
    return EnvVar(name=name, value=value, config={"plain": True})


def _to_be_filled_in(name: str) -> EnvVar:
    return EnvVar(name=name, config={"required": True})
