"""A person on a machine: what they have there, what they type, and what they see."""

import json
import shlex
from typing import Any

from tests.boot.machine import Done, Machine

ENDED = ("success", "failed", "cancelled")
PROFILE = """ccsched profiles create --name model --plain ANTHROPIC_BASE_URL=http://127.0.0.1:8100 \
  --plain CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 --plain DISABLE_AUTOUPDATER=1 \
  --command ANTHROPIC_API_KEY='echo sk-ant-none-is-needed-here'"""


class Person:
    """One user of a machine, with a repository; no session of theirs is open unless they log in."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine = machine
        self.name = name
        self.home = machine.root / "home" / name
        self.uid = int(self.types("id -u"))
        self.types(
            "git config --global user.name Nina && git config --global user.email nina@example.invalid"
            " && git init --quiet --initial-branch main project"
            " && git -C project commit --quiet --allow-empty --message Begin"
        )

    def types(self, script: str, *, check: bool = True) -> str:
        """What a line of shell prints, typed in the home directory."""
        return self.tries(script, check=check).stdout

    def tries(self, script: str, *, check: bool = False) -> Done:
        """The same, and how it ended."""
        return self.machine.login(self.name, f"cd && {script}", check=check)

    def asks(self, script: str) -> Any:
        """What a command of ours answers, as JSON."""
        return json.loads(self.types(script))

    def installs(self) -> None:
        """What the README says, with a virtual environment in place of pipx."""
        self.types(
            "python3 -m venv ~/.local/lib/ccsched && mkdir -p ~/.local/bin"
            " && ~/.local/lib/ccsched/bin/pip install --quiet --no-index --find-links /opt/wheels ccsched"
            " && ln -s ~/.local/lib/ccsched/bin/ccsched ~/.local/lib/ccsched/bin/ccschedd ~/.local/bin/"
        )

    def systemctl(self, words: str, *, check: bool = True) -> str:
        """What the person's own systemd says."""
        return self.types(f"XDG_RUNTIME_DIR=/run/user/{self.uid} systemctl --user {words}", check=check)

    def daemon(self) -> int:
        """The process that the service is; 0 if there is none."""
        return int(self.systemctl("show ccsched --property MainPID --value"))

    def task(self, name: str, prompt: str, options: str = "") -> None:
        """A task of a job of the same name, in the repository, with the real agent."""
        work = f"--working-directory ~/project --use-worktree --worktree-name {name} --worktree-branch main"
        if f'"{name}"' not in self.types("ccsched jobs list"):
            self.types(f"ccsched jobs create --name {name} {work} --profile model")
        self.types(f"ccsched tasks create --job {name} --name {name} --prompt {shlex.quote(prompt)} {options}")

    def runs(self, task: str) -> list[dict[str, Any]]:
        """The runs of a task, oldest first."""
        listed = self.asks(f"ccsched runs list --task {task}")
        runs = listed["runs"] if isinstance(listed, dict) else listed
        return sorted(runs, key=lambda run: str(run["created_at"]))

    def ended(self, task: str) -> list[dict[str, Any]]:
        """The same, once there are some and all of them have ended."""
        self.machine.until(
            lambda: (runs := self.runs(task)) and all(run["status"] in ENDED for run in runs),
            f"{task} has ended",
            100,
        )
        return self.runs(task)

    def processes(self, pattern: str) -> set[int]:
        """The person's processes whose command line has it."""
        found = self.types(f"pgrep --uid {self.uid} --full -- {shlex.quote(pattern)}", check=False)
        return {int(pid) for pid in found.split()}
