"""What the verify command said, as it is found again in a run's log."""

from pathlib import Path

import pytest

from scheduler_daemon.run.legs import VERIFY_MARK, Leg, Legs

ROUND = Leg(number=1, argv=["true"], prompt="", header="verify", mark=VERIFY_MARK, time_limit=1)
LONG = "x" * 100_000


def said(folder: Path, log: str) -> str:
    """What a first round of verifying said that added this to the log."""
    path = folder / "run.log"
    path.write_bytes(b'{"type":"result"}\n')
    legs = Legs(folder / "live", path)
    legs.make_ready(ROUND)
    with path.open("ab") as file:
        file.write(log.encode())
    return legs.said(1)


@pytest.mark.parametrize("odd", ["\r", "\f", "\v", "\x1c", "\x85", "\u2028"], ids=ascii)
def test_only_a_newline_ends_a_line(tmp_path: Path, odd: str) -> None:
    """Nothing is lost of a line with other characters in it that some take for a line's end."""
    assert said(tmp_path, f"verify| 10 %{odd}20 %{odd}done\nverify| bye\n") == f"10 %{odd}20 %{odd}done\nbye"


def test_what_others_wrote_is_left_out(tmp_path: Path) -> None:
    """Our own notes are no part of it."""
    assert said(tmp_path, "ccsched| verify, round 1: make\nverify| one\nverify| two") == "one\ntwo"


@pytest.mark.parametrize("end", ["", "\n"], ids=["unended", "ended"])
def test_of_one_long_line_the_end_is_kept(tmp_path: Path, end: str) -> None:
    """As much of it as is kept of many lines."""
    assert said(tmp_path, f"verify| {LONG}the end{end}").rstrip("\n").endswith("xxxthe end")


def test_of_a_long_output_the_beginning_is_left_out(tmp_path: Path) -> None:
    """In the middle of a line, if need be."""
    found = said(tmp_path, f"verify| first\nverify| {LONG}second\nverify| third\n")
    assert found.endswith("xxxsecond\nthird")
    assert "first" not in found
