"""A home on a disk that takes nothing: a plain answer, and nothing lost."""

import subprocess
from pathlib import Path

import pytest

from tests.support.house import BIN, PATIENCE, House
from tests.support.namespace import IN_A_NAMESPACE, needs_a_namespace

pytestmark = needs_a_namespace


def script(made: House, text: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell script where it may mount what it likes; $HOME_DIR is the daemon's home."""
    return subprocess.run(
        [*IN_A_NAMESPACE, "sh", "-eu", "-c", text],
        env={**made.environment, "PATH": f"{BIN}:{made.environment['PATH']}", "HOME_DIR": str(made.home.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )


@pytest.fixture
def stopped(tmp_path: Path) -> House:
    """A home without a daemon."""
    made = House(tmp_path / "home")
    made.home.path.mkdir(mode=0o700)
    return made


def test_a_read_only_home_is_named_at_the_start(stopped: House) -> None:
    """The daemon ends with 1 and says what to do."""
    done = script(
        stopped,
        """
        mount -t tmpfs -o mode=700 none "$HOME_DIR"
        mount -o remount,ro "$HOME_DIR"
        code=0; ccschedd --home "$HOME_DIR" || code=$?
        echo "exit $code"
        """,
    )
    assert "exit 1" in done.stdout, done.stderr
    assert "Read-only file system" in done.stderr
    assert "--home" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_named_at_the_start(stopped: House) -> None:
    """The daemon ends with 1 and says that there is no room."""
    done = script(
        stopped,
        """
        mount -t tmpfs -o size=64k,mode=700 none "$HOME_DIR"
        head -c 65536 /dev/zero >"$HOME_DIR/filler" 2>/dev/null || true
        code=0; ccschedd --home "$HOME_DIR" || code=$?
        echo "exit $code"
        """,
    )
    assert "exit 1" in done.stdout, done.stderr
    assert "full" in done.stderr or "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_fills_up_refuses_what_it_cannot_keep_and_goes_on_later(stopped: House) -> None:
    """The request is refused with the reason and not half done; with room again it is taken; the files are whole."""
    done = script(
        stopped,
        """
        mount -t tmpfs -o size=2m,mode=700 none "$HOME_DIR"
        mkdir "$HOME_DIR/work"
        ccschedd --home "$HOME_DIR" 2>"$HOME_DIR/../daemon.log" & daemon=$!
        until ccsched health >/dev/null 2>&1; do sleep 0.05; done
        ccsched jobs create --name before --working-directory "$HOME_DIR/work" >/dev/null
        head -c 4000000 /dev/zero >"$HOME_DIR/filler" 2>/dev/null || true
        code=0
        for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            ccsched jobs create --name "full$number" --working-directory "$HOME_DIR/work" >/dev/null || code=$?
            [ $code = 0 ] || break
        done
        echo "refused with $code at $number"
        ccsched jobs get before >/dev/null && echo "still answers"
        rm "$HOME_DIR/filler"
        ccsched jobs create --name after --working-directory "$HOME_DIR/work" >/dev/null && echo "takes again"
        kill $daemon; wait $daemon && echo "ended well"
        ccschedd --home "$HOME_DIR" 2>>"$HOME_DIR/../daemon.log" & daemon=$!
        until ccsched health >/dev/null 2>&1; do sleep 0.05; done
        ccsched jobs get before >/dev/null && ccsched jobs get after >/dev/null && echo "remembers"
        ccsched jobs get "full$number" 2>/dev/null || echo "nothing half done"
        for file in jobs tasks runs profiles settings; do python3 -m json.tool "$HOME_DIR/$file.json" >/dev/null; done
        kill $daemon; wait $daemon
        """,
    )
    for words in ("refused with 1", "still answers", "takes again", "ended well", "remembers", "nothing half done"):
        assert words in done.stdout, (done.stdout, done.stderr)
    assert "full" in done.stderr
    assert done.returncode == 0, done.stderr
