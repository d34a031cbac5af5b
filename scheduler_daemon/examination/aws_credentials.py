"""Run as a module, in a run's environment: says in a line whether AWS takes its credentials, nothing if it does.

It is a process of its own for the same reasons as ``profile/apart.py``.
"""

import os

from scheduler_daemon.profile.aws_errors import Asked, cause_of

LIMIT = 10.0
"""Seconds that AWS may take in all."""
_ANY_REGION = "us-east-1"
"""Who one is, every region knows."""


def problem() -> str | None:
    """Why the credentials of this process's environment are of no use; it blocks while it asks AWS."""
    try:
        import boto3
        from botocore.config import Config

        session = boto3.Session()
        share = LIMIT / 4
        config = Config(
            connect_timeout=share, read_timeout=share, retries={"mode": "standard", "total_max_attempts": 2}
        )
        client = session.client("sts", region_name=session.region_name or _ANY_REGION, config=config)
        client.get_caller_identity()
    except Exception as error:
        asked = Asked("account", "sts:GetCallerIdentity", os.environ.get("AWS_PROFILE"), None)
        # Its own words may hold anything.
        return cause_of(error, asked)
    return None


if __name__ == "__main__":
    print(problem() or "")  # noqa: T201
