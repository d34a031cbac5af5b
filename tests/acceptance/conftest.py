"""What acceptance tests share: the real agent."""

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def claude() -> str:
    """The real ``claude``: the program CCSCHED_TEST_CLAUDE names, or the one on PATH."""
    found = os.environ.get("CCSCHED_TEST_CLAUDE") or shutil.which("claude")
    if found is None or shutil.which(found) is None:
        missing = f"no such program: {found}" if found else "no claude on PATH, and CCSCHED_TEST_CLAUDE is not set"
        if os.environ.get("CI") == "true":
            # A suite that skips its most important tests is green for nothing.
            pytest.fail(missing)
        pytest.skip(missing)
    return found
