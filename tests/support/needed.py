"""What a test needs and this project does not bring: programs, and to be root."""

import os
import shutil
from typing import NoReturn

import pytest


def need(*programs: str) -> None:
    """Skip the test where one of the programs is missing; but fail it in CI, which is there to run everything."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        _do_without(f"not on PATH: {', '.join(missing)}")


def need_root(what_for: str) -> None:
    """Skip the test where it is not root's; but fail it in CI."""
    if os.geteuid() != 0:
        _do_without(f"needs root, {what_for}")


def _do_without(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        # A suite that skips what it is there for is green for nothing.
        pytest.fail(reason)
    pytest.skip(reason)
