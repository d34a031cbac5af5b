"""Machines, and what is on them before anything of ours is."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boot.machine import Machine

ROOT = Path(__file__).parents[2]
API = """
import threading
from messages_api import MessagesApi
with MessagesApi(port=8100):
    threading.Event().wait()
"""
MODEL_UNIT = """
[Service]
Environment=PYTHONPATH=/opt/support
ExecStart=/usr/bin/python3 /opt/support/serve.py
[Install]
WantedBy=multi-user.target
"""


@pytest.fixture(scope="module")
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine for the tests of one file, booted, with the agent, the model and the wheels on it."""
    if "CCSCHED_BOOT_TREE" not in os.environ:
        pytest.fail("what a machine is made of is not there; run: make test-boot")
    name = request.module.__name__.rpartition("_")[2]
    folder = Path(os.environ["CCSCHED_BOOT_FOLDER"]) / name
    support = folder / "support"
    support.mkdir(parents=True)
    shutil.copy(ROOT / "tests/support/messages_api.py", support)
    (support / "serve.py").write_text(API)
    claude = shutil.which(os.environ.get("CCSCHED_TEST_CLAUDE") or "claude")
    assert claude
    mounts = {
        Path(os.environ["CCSCHED_BOOT_WHEELS"]): "/opt/wheels",
        Path(os.environ["CCSCHED_BOOT_PACKAGES"]): "/opt/packages",
        support: "/opt/support",
        Path(claude).resolve(): "/usr/local/bin/claude",
    }
    made = Machine(name, Path(os.environ["CCSCHED_BOOT_TREE"]), folder, mounts)
    try:
        (made.root / "etc/systemd/system/model.service").write_text(MODEL_UNIT)
        made.boot()
        made.does("systemctl", "enable", "--now", "--quiet", "model")
        yield made
    finally:
        made.close()
