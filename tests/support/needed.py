"""Programs that a test needs and that this project does not bring."""

import os
import shutil

import pytest


def need(*programs: str) -> None:
    """Skip the test where one of the programs is missing; but fail it in CI, which is there to run everything."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("CI") == "true":
        # A suite that skips what it is there for is green for nothing.
        pytest.fail(f"not on PATH: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not on PATH: {', '.join(missing)}")
