"""What acceptance tests share: the real agent."""

import os

import pytest

from tests.support.needed import need


@pytest.fixture(scope="session")
def claude() -> str:
    """The real ``claude``: the program CCSCHED_TEST_CLAUDE names, or the one on PATH."""
    claude = os.environ.get("CCSCHED_TEST_CLAUDE") or "claude"
    need(claude)
    return claude
