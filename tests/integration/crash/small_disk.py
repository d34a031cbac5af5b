"""A night on a disk of its own that fills up at one step; run where it may mount what it likes.

python -m tests.integration.crash.small_disk FOLDER STEP
"""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from tests.integration.crash.night import Night
from tests.integration.crash.steps import Step
from tests.support.house import PATIENCE, house, repository


def main(folder: Path, step: str) -> None:
    """The disk is full from that step on, until somebody has noticed; with room again the night goes well."""
    with house(folder) as made:
        made.home.path.mkdir(exist_ok=True)
        settings = (made.home.path / "settings.json").read_bytes()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", made.home.path], check=True)
        (made.home.path / "settings.json").write_bytes(settings)
        night = Night(made, repository(folder / "repo"))
        filler = made.home.path / "filler"
        noticed = made.log.stat().st_size

        def fill(_night: Night, _waits: int) -> None:
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                for size in (1 << 20, 1 << 10, 1):
                    with contextlib.suppress(OSError):
                        while True:
                            file.write(b"x" * size)

        night.happens([(Step(step, ()), fill)])
        deadline = time.monotonic() + PATIENCE / 40
        while b'"error"' not in made.log.read_bytes()[noticed:] and time.monotonic() < deadline:
            time.sleep(0.05)
        filler.unlink()
        night.goes_well()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
