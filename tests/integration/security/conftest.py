"""A house in a place where all users of the machine come by, and one of those users."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.needed import need_root

STRANGER = 64_999
"""A uid that nobody on the machine has."""


@pytest.fixture
def stranger() -> int:
    """Another user of this machine."""
    need_root("to become another user")
    return STRANGER


@pytest.fixture(scope="module")
def commons() -> Iterator[Path]:
    """A folder that everybody may look into, as pytest's own is not."""
    path = Path(tempfile.mkdtemp(prefix="ccsched-commons-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
