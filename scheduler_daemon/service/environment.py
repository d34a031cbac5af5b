"""The environment of a login service: what the person's login shell has, as far as it is good for a service."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.service.login_shell import ShellSilent, of_login_shell

__all__ = ["Recorded", "ShellSilent", "hide_passwords", "is_secret", "of_login_shell", "to_record"]

_AS_IT_IS = re.compile(
    r"(?i:(https?|all|no)_proxy)|LANG|LANGUAGE|LC_[A-Z]+|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|CLAUDE_CONFIG_DIR"
    r"|XDG_(CONFIG|DATA|STATE|CACHE)_HOME"
)
"""Variables that hold for a service as they do for a login. TMPDIR is none: it often ends with the session."""
_SECRET = re.compile(
    r"(^|_)(API_?KEY|ACCESS_KEY(_ID)?|PRIVATE_KEY|TOKEN|PAT|SECRET|PASS|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(_|$)"
    r"|(PASSWORD|SSHPASS|MYSQL_PWD)$"
)
_NAMES_A_FILE = re.compile("_(FILE|PATH|DIR)$")
_AGENTS_OWN = re.compile("ANTHROPIC_|CLAUDE_CODE_|AWS_")
"""The agent reads these: where the shell has them, runs would otherwise be without."""
_PASSWORD = re.compile(r"""((?:://[^/\s:@]*|(?:^|[\s="'>])[^/\s:@="'>]+):)(?!\d+/|//)\S*(@)""")
"""Also without a scheme, as curl and others take a proxy."""
_NEEDED = ("claude", "git")
_WANTED = (*_NEEDED, "node")


@dataclass(frozen=True)
class Recorded:
    """What is recorded for the service, and what a person has to know about it."""

    environment: dict[str, str]
    notes: tuple[str, ...]
    """Sentences: what was added or left out, and what to do."""
    missing: tuple[str, ...]
    """Programs that were found nowhere, of those that runs need."""


def to_record(
    shell: Mapping[str, str], caller: Mapping[str, str], given: Mapping[str, str] | None = None
) -> Recorded:
    """What of the login shell's environment, and of the caller's, a service gets.

    Args:
        shell: of the login shell; empty where it was silent.
        caller: of the process that installs the service, for what a shell does not set itself.
        given: what a person said by hand, which wins.
    """
    both = {**caller, **shell}
    given = given or {}
    notes: list[str] = []
    environment = {
        name: value for name, value in both.items() if _AS_IT_IS.fullmatch(name) and value and value.isprintable()
    }
    if environment.get("LC_CTYPE") == "C.UTF-8":
        del environment["LC_CTYPE"]  # Python sets it for itself and its children where no locale is (PEP 538)
    if "PATH" not in given:
        path = _path(shell.get("PATH") or caller.get("PATH", ""), both)
        environment["PATH"] = ":".join([*path, *_folders_of_programs(path, caller.get("PATH", ""), notes)])
    if "SSH_AUTH_SOCK" not in given:
        environment |= _agent_socket(both, notes)
    environment |= given
    missing = tuple(program for program in _NEEDED if not shutil.which(program, path=environment["PATH"]))
    left = [name for name in sorted(shell) if _AGENTS_OWN.match(name) and name not in environment]
    if left:
        notes.append(
            f"Your shell sets {', '.join(left)}, which the service does not get. What the agent needs of it belongs "
            "into a profile, where secrets are kept as such: ccsched profiles create --help"
        )
    return Recorded(dict(sorted(environment.items())), tuple(notes), missing)


def is_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret; no unit file is a place for one."""
    return bool(_SECRET.search(name.upper())) and not _NAMES_A_FILE.search(name.upper())


def hide_passwords(text: str) -> str:
    """A text with the passwords in its URLs hidden."""
    return _PASSWORD.sub(r"\1•••\2", text)


def _path(path: str, environment: Mapping[str, str]) -> list[str]:
    """The folders of a PATH that are absolute and there, each once, by names that outlive the session."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    kept: dict[str, None] = {}
    for entry in path.split(":"):
        folder = Path(entry)
        # fnm gives every shell a link of its own, which goes with it.
        if (runtime and folder.is_relative_to(runtime)) or "fnm_multishells" in folder.parts:
            folder = folder.resolve()
            if runtime and folder.is_relative_to(runtime):
                continue
        if folder.is_absolute() and entry.isprintable() and folder.is_dir():
            kept[str(folder)] = None
    return list(kept)


def _folders_of_programs(path: Sequence[str], callers: str, notes: list[str]) -> Iterator[str]:
    """Folders that have to be added for the agent and what it works with."""
    added: list[str] = []
    for program in _WANTED:
        if shutil.which(program, path=":".join([*path, *added])):
            continue
        found = shutil.which(program, path=":".join(_path(callers, {})))
        if found:
            folder = str(Path(found).parent)
            notes.append(f"{program} is on your PATH but not on that of your login shell; {folder} is added for it.")
            added.append(folder)
            yield folder


def _agent_socket(environment: Mapping[str, str], notes: list[str]) -> dict[str, str]:
    """SSH_AUTH_SOCK, if the socket will be there after this session."""
    socket = environment.get("SSH_AUTH_SOCK")
    if not socket or sys.platform == "darwin":
        return {}  # launchd gives every agent the one of the keychain
    lasting = [environment.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}", environment.get("HOME")]
    if any(folder and Path(socket).is_relative_to(folder) for folder in lasting):
        return {"SSH_AUTH_SOCK": socket}
    notes.append(
        f"SSH_AUTH_SOCK is {socket}, which ends with this session, and is not recorded: git over ssh can use keys "
        "that have no passphrase. The socket of an agent that lasts can be named: "
        "ccsched service install --env SSH_AUTH_SOCK=PATH"
    )
    return {}
