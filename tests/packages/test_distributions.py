"""The wheel and the sdist."""

import email
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import scheduler_daemon
from tests.packages import ROOT


def test_the_wheel_holds_the_program_and_nothing_else(tmp_path: Path) -> None:
    """The wheel has the whole program and the services' templates, and is the same when built from the sdist."""
    version = scheduler_daemon.__version__
    _build(ROOT, tmp_path, "sdist", "wheel")
    wheel = tmp_path / f"ccsched-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        metadata = email.message_from_bytes(archive.read(f"ccsched-{version}.dist-info/METADATA"))
        programs = archive.read(f"ccsched-{version}.dist-info/entry_points.txt").decode()
    package = ROOT / "scheduler_daemon"
    program = {str(file.relative_to(ROOT)) for file in _files(package)}
    templates = {
        f"scheduler_daemon/service/templates/{file.relative_to(ROOT / 'packaging')}"
        for manager in ("systemd", "launchd")
        for file in _files(ROOT / "packaging" / manager)
    }
    about = {
        f"ccsched-{version}.dist-info/{name}"
        for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }
    assert files == program | templates | about
    assert "scheduler_daemon/py.typed" in files
    assert (metadata["Version"], metadata["License-Expression"]) == (version, "MIT")
    assert [line.split(" = ")[0] for line in programs.splitlines()[1:]] == [
        "ccsched",
        "ccschedd",
        "claude-code-scheduler",
    ]

    with tarfile.open(tmp_path / f"ccsched-{version}.tar.gz") as sdist:
        sdist.extractall(tmp_path, filter="data")
    _build(tmp_path / f"ccsched-{version}", tmp_path / "again", "wheel")
    assert (tmp_path / "again" / wheel.name).read_bytes() == wheel.read_bytes()


def _build(source: Path, folder: Path, *targets: str) -> None:
    options = [option for target in targets for option in ("--target", target)]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", folder, *options],
        cwd=source,
        check=True,
        capture_output=True,
    )


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
