"""Two users of one machine, each with a daemon of their own: neither can pass for the other."""

import pytest

from tests.boot.machine import Machine
from tests.boot.person import Person

pytestmark = pytest.mark.boot
LONG = "~/" + "x" * 100
"""A home whose path has no room for a socket: it is in the runtime directory."""
FOR_ALL = """import os, socketserver
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        open(os.path.expanduser("~/heard"), "a").write(str(self.rfile.readline()))
os.umask(0)
socketserver.UnixStreamServer("{0}", Answer).serve_forever()
"""
ASKS = """import socket
asked = socket.socket(socket.AF_UNIX)
asked.connect("/home/nina/.claude-scheduler/daemon.sock")
asked.send(b'{"jsonrpc": "2.0", "id": 1, "method": "runs.list"}\\n')
print(asked.recv(1000))
"""


@pytest.fixture(scope="module")
def nina(machine: Machine) -> Person:
    """She has ccsched, and no daemon of hers runs."""
    machine.install_package()
    return Person(machine, "nina")


@pytest.fixture(scope="module")
def otto(machine: Machine) -> Person:
    """Her neighbour, who means no good."""
    return Person(machine, "otto")


def _lies_in_wait(otto: Person, folder: str) -> None:
    """He answers at a socket that is open to all."""
    otto.types(f"mkdir -p {folder} && chmod 777 {folder}")
    script = FOR_ALL.format(f"{folder}/daemon.sock")
    otto.types(f"cat > lurk.py <<'END'\n{script}END")
    otto.machine.does(
        "systemd-run", "--quiet", "--uid=otto", "--setenv=HOME=/home/otto", "python3", "/home/otto/lurk.py"
    )
    otto.machine.until(lambda: otto.tries(f"test -S {folder}/daemon.sock").returncode == 0, "he listens")


def test_a_folder_in_tmp_that_somebody_else_made_is_not_used(nina: Person, otto: Person) -> None:
    """Without a runtime directory the socket would be in /tmp: daemon and client refuse what is another's there."""
    otto.types(f"mkdir -m 777 /tmp/ccsched-{nina.uid}")
    for command in ("ccschedd", "ccsched health"):
        done = nina.tries(f"{command} --home {LONG}")
        assert done.returncode != 0
        assert "belongs to" in done.stderr
    assert otto.types(f"ls /tmp/ccsched-{nina.uid}") == ""


def test_a_daemon_of_somebody_elses_is_told_nothing(nina: Person, otto: Person) -> None:
    """Asked in a home that is his, by mistake or by a link of his, she sends nothing."""
    _lies_in_wait(otto, "/var/tmp/open")
    otto.types("ln -s /var/tmp/open /var/tmp/link")
    for home in ("/var/tmp/open", "/var/tmp/link"):
        done = nina.tries(f"ccsched health --home {home}")
        assert done.returncode == 3
        assert "belongs to another user" in done.stderr
    assert otto.tries("test -e heard").returncode == 1


def test_a_daemon_of_hers_is_closed_to_him(nina: Person, otto: Person) -> None:
    """By its modes, and by name where these were opened."""
    nina.machine.does("systemd-run", "--quiet", "--uid=nina", "--setenv=HOME=/home/nina", "ccschedd")
    nina.machine.until(lambda: nina.tries("ccsched health").returncode == 0, "her daemon answers")
    nina.types("chmod 755 ~")
    assert "belongs to another user" in otto.tries("ccsched health --home /home/nina/.claude-scheduler").stderr
    (nina.machine.root / "var/tmp/asks.py").write_text(ASKS)
    assert "Permission denied" in otto.tries("python3 /var/tmp/asks.py").stderr
    nina.types("chmod -R a+rwX ~/.claude-scheduler")
    assert "this daemon is not yours" in otto.types("python3 /var/tmp/asks.py")
