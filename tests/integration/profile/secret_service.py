"""A real Secret Service of a test's own: gnome-keyring on a bus that nobody else is on."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import psutil

from tests.support.house import PATIENCE, until

_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
_LOGIN = "/org/freedesktop/secrets/collection/login"


class SecretService:
    """A keychain, and the environment of whoever may use it."""

    def __init__(self, folder: Path, base: Mapping[str, str]) -> None:
        self._folder = folder
        self._services = folder / "services"
        self._services.mkdir(parents=True)
        (folder / "run").mkdir(mode=0o700)
        self.environment = {
            **base,
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder / 'bus'}",
        }

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """A bus with an unlocked keychain on it."""
        config = self._folder / "bus.conf"
        config.write_text(_BUS.format(socket=escape(str(self._folder / "bus")), services=escape(str(self._services))))
        with (
            _daemon(
                ["dbus-daemon", "--nofork", "--print-address", f"--config-file={config}"], self.environment
            ) as bus,
        ):
            assert bus.stdout is not None
            assert bus.stdout.readline(), "the bus does not come up"
            keyring = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
            with _daemon(keyring, self.environment, "the password of the keychain"):
                until(lambda: _LOGIN in self._call("ReadAlias", "string:default"), "the keychain is there")
                yield
        # The bus leaves alive what it was asked to start.
        for pid in self._folder.glob("*.pid"):
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(int(pid.read_text())).kill()

    def add(self, service: str, account: str, password: str) -> None:
        """Add an entry by the command that a person is told to type."""
        subprocess.run(
            [sys.executable, "-m", "keyring", "set", service, account],
            env=self.environment,
            input=password + "\n",
            text=True,
            check=True,
            timeout=PATIENCE,
        )

    def lock(self) -> None:
        """Lock it, as after a time of idleness."""
        assert _LOGIN in self._call("Lock", f"array:objpath:{_LOGIN}")

    def nobody_answers(self) -> None:
        """Whoever is asked for the password never answers, as at night."""
        prompter = self._folder / "prompter"
        pid = shlex.quote(str(self._folder / "prompter.pid"))
        prompter.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 600\n")
        prompter.chmod(0o700)
        name = "org.gnome.keyring.SystemPrompter"
        (self._services / f"{name}.service").write_text(f"[D-BUS Service]\nName={name}\nExec={prompter}\n")
        self._call("ReloadConfig", to="org.freedesktop.DBus", interface="org.freedesktop.DBus", path="/")

    def _call(
        self,
        method: str,
        *arguments: str,
        to: str = "org.freedesktop.secrets",
        interface: str = "org.freedesktop.Secret.Service",
        path: str = "/org/freedesktop/secrets",
    ) -> str:
        sent = ["dbus-send", "--session", "--print-reply", f"--dest={to}", path, f"{interface}.{method}"]
        done = subprocess.run(
            [*sent, *arguments], env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout


@contextlib.contextmanager
def _daemon(argv: list[str], environment: Mapping[str, str], given: str = "") -> "Iterator[subprocess.Popen[str]]":
    daemon = subprocess.Popen(
        argv,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with daemon:
        assert daemon.stdin is not None
        daemon.stdin.write(given)
        daemon.stdin.close()
        try:
            yield daemon
        finally:
            os.killpg(daemon.pid, signal.SIGKILL)
