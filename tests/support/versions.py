"""Another version of this package, side by side with this one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import scheduler_daemon
from tests.support.house import House

_MAIN = "from scheduler_daemon.{module} import main; import sys; sys.exit(main())"


class Installation:
    """A copy of the package that says it is of another version, and whose records may have a further step."""

    def __init__(self, folder: Path, version: str, step: str = "") -> None:
        self.folder = folder
        self.package = folder / "scheduler_daemon"
        shutil.copytree(Path(scheduler_daemon.__file__).parent, self.package)
        self.become(version)
        if step:
            steps = self.package / "store" / "migrations.py"
            steps.write_text(steps.read_text().replace("\nLATEST =", f"\nSTEPS += ({step!r},)\nLATEST ="))

    def become(self, version: str) -> None:
        """Have this version installed in its place."""
        init = self.package / "__init__.py"
        init.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', init.read_text()))

    def argv(self, module: str) -> list[str]:
        """The command line of its daemon, or of its client, as far as their arguments."""
        return [sys.executable, "-P", "-c", _MAIN.format(module=module)]

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process use it."""
        return {"PYTHONPATH": str(self.folder)}

    def start(self, made: House, *options: str) -> "subprocess.Popen[bytes]":
        """Start its daemon on a house; what it logs is in ``house.log``."""
        with made.log.open("ab") as log:
            made.daemon = subprocess.Popen(
                [*self.argv("ccschedd"), "--home", str(made.home.path), *options],
                env={**made.environment, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return made.daemon

    def ccsched(self, made: House, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Its client, in a pipe."""
        return subprocess.run(
            [*self.argv("cli.main"), *arguments],
            env={**made.environment, **self.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
