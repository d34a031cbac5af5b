"""What a service is given of a person's environment."""

import os
from pathlib import Path

import pytest

from scheduler_daemon.service.environment import hide_passwords, is_secret, to_record


def program(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    return str(folder)


@pytest.fixture
def usual(tmp_path: Path) -> str:
    """A folder with all that is wanted."""
    for name in ("claude", "git"):
        program(tmp_path / "usual", name)
    return program(tmp_path / "usual", "node")


def test_path(tmp_path: Path, usual: str) -> None:
    """Folders that are absolute and there, each once, in their order."""
    file = tmp_path / "file"
    file.touch()
    path = f"{usual}:/bin:.:relative::{tmp_path}/gone:{file}:/bin:{tmp_path}"
    assert to_record({"PATH": path}, {}).environment == {"PATH": f"{usual}:/bin:{tmp_path}"}


def test_folders_that_end_with_the_session(tmp_path: Path, usual: str) -> None:
    """A link that a version manager makes for each shell is recorded as what it leads to; the rest is left out."""
    runtime, installed = tmp_path / "runtime", tmp_path / "node" / "bin"
    installed.mkdir(parents=True)
    (runtime / "session").mkdir(parents=True)
    (runtime / "link").symlink_to(installed.parent)
    multishell = tmp_path / "fnm_multishells"
    multishell.symlink_to(installed.parent)
    path = f"{runtime}/link/bin:{runtime}/session:{usual}:{multishell}/bin"
    recorded = to_record({"PATH": path, "XDG_RUNTIME_DIR": str(runtime)}, {})
    assert recorded.environment == {"PATH": f"{installed}:{usual}"}


def test_programs_that_only_the_caller_has(tmp_path: Path) -> None:
    """Their folders are added, which is said; one that is nowhere is named."""
    here = program(tmp_path / "here", "claude")
    recorded = to_record({"PATH": "/nowhere"}, {"PATH": f"/:{here}"})
    assert recorded.environment["PATH"] == here
    (note,) = recorded.notes
    assert f"{here} is added" in note
    assert recorded.missing == ("git",)


def test_a_silent_shell(usual: str) -> None:
    """Without a word of the shell's, it is the caller's PATH."""
    assert to_record({}, {"PATH": usual}).environment == {"PATH": usual}


def test_what_is_recorded(usual: str, tmp_path: Path) -> None:
    """Proxies, locale and the like, of the shell before the caller; nothing else, and what was given by hand wins."""
    kept = {
        "HTTPS_PROXY": "http://a",
        "no_proxy": "b",
        "LANG": "de_DE.UTF-8",
        "LC_TIME": "C",
        "NODE_EXTRA_CA_CERTS": "/c",
        "CLAUDE_CONFIG_DIR": "/d",
        "XDG_CONFIG_HOME": "/e",
    }
    left = {
        "TMPDIR": "/t",
        "XDG_SESSION_ID": "1",
        "EDITOR": "vi",
        "LC_CTYPE": "C.UTF-8",
        "http_proxy": "",
        "NVM": "n",
    }
    recorded = to_record({**kept, **left, "PATH": usual}, {"LANG": "fr", "ALL_PROXY": "socks5://x"}, {"LANG": "it"})
    assert recorded.environment == {**kept, "LANG": "it", "ALL_PROXY": "socks5://x", "PATH": usual}
    assert recorded.notes == ()


def test_what_the_agent_reads_is_named_and_not_recorded(usual: str) -> None:
    """A key in a shell's files would be missed by runs: it is said where it belongs, and its value nowhere."""
    shell = {"PATH": usual, "ANTHROPIC_API_KEY": "sk-ant-1", "CLAUDE_CODE_USE_BEDROCK": "1"}
    recorded = to_record(shell, {})
    assert recorded.environment == {"PATH": usual}
    (note,) = recorded.notes
    assert "ANTHROPIC_API_KEY, CLAUDE_CODE_USE_BEDROCK" in note
    assert "sk-ant-1" not in note


def test_the_agent_socket(usual: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSH_AUTH_SOCK is recorded where it outlives the session; else it is said why not. macOS gives it by itself."""

    def recorded(socket: str) -> tuple[bool, bool]:
        both = {"PATH": usual, "HOME": "/home/nina", "XDG_RUNTIME_DIR": "/run/user/7", "SSH_AUTH_SOCK": socket}
        found = to_record(both, {})
        return "SSH_AUTH_SOCK" in found.environment, bool(found.notes)

    monkeypatch.setattr("sys.platform", "linux")
    assert recorded("/run/user/7/gcr/ssh") == (True, False)
    assert recorded(f"/run/user/{os.getuid()}/agent") == (True, False)
    assert recorded("/home/nina/.ssh/agent") == (True, False)
    assert recorded("/tmp/ssh-XX/agent.9") == (False, True)
    monkeypatch.setattr("sys.platform", "darwin")
    assert recorded("/home/nina/.ssh/agent") == (False, False)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("ANTHROPIC_API_KEY", True), ("AWS_SECRET_ACCESS_KEY", True), ("GITHUB_TOKEN", True), ("apikey", True),
        ("DB_PASSWORD", True), ("GOOGLE_APPLICATION_CREDENTIALS", True), ("CLAUDE_CODE_MAX_OUTPUT_TOKENS", False),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", False), ("KEYBOARD", False), ("TOKENIZERS_PARALLELISM", False),
        ("PGPASSWORD", True), ("MYSQL_PWD", True), ("GH_PAT", True), ("SMTP_PASS", True), ("PATTERN", False),
        ("COMPASS", False),
    ],
)  # fmt: skip
def test_names_of_secrets(name: str, secret: bool) -> None:
    """A name says whether the value is one that no file of a service should have."""
    assert is_secret(name) is secret


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://nina:s3:cr@et@proxy:1/a", "http://nina:•••@proxy:1/a"),
        ('Environment="P=http://a:b@c" D=http://e:f@g', 'Environment="P=http://a:•••@c" D=http://e:•••@g'),
        ('"P=http://a:b\\"c/d%%@e"', '"P=http://a:•••@e"'),
        ("http://token@proxy:3128", "http://token@proxy:3128"),
        ("https://proxy:3128/a@b", "https://proxy:3128/a@b"),
        ("nina:secret@proxy:3128", "nina:•••@proxy:3128"),
        ("Environment=HTTPS_PROXY=nina:secret@proxy", "Environment=HTTPS_PROXY=nina:•••@proxy"),
        ("/usr/bin:/opt/node@22/bin:/bin", "/usr/bin:/opt/node@22/bin:/bin"),
        ("de_DE.UTF-8@euro", "de_DE.UTF-8@euro"),
    ],
)
def test_passwords_are_hidden(text: str, shown: str) -> None:
    """A URL's password is not shown, whatever stands around it."""
    assert hide_passwords(text) == shown
