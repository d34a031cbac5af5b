"""The daemon's own copy of what supervisors run."""

import shutil
from pathlib import Path

import pytest

from scheduler_daemon.run.process import keep_supervisor


def test_without_room_for_a_copy_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of an earlier version does not stay in its place: it may not know the orders of this one."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    keep_supervisor(tmp_path / "program")
    assert (tmp_path / "program" / "supervisor" / "main.py").exists()
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        keep_supervisor(tmp_path / "program")
    assert not (tmp_path / "program").exists()
