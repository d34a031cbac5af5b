"""Text from elsewhere is safe on a terminal, and as wide as it looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.cli import text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1bP1;2|data\x1b\\after", "after"),
        ("over\rwritten\x08\x07", "overwritten"),
        ("abc\u202edcba", "abcdcba"),
        ("\x1b]never closed\nnext line", "\nnext line"),
        ("two\nlines\tand a tab", "two\nlines   and a tab"),
    ],
)
def test_printable_takes_what_drives_a_terminal_away(hostile: str, shown: str) -> None:
    """No sequence, control character or turned direction is left; the words are."""
    assert text.printable(hostile) == shown


@given(st.text())
def test_nothing_printable_controls(anything: str) -> None:
    """Of any text only newlines are left below the space, and nothing of the C1 range."""
    shown = text.printable(anything)
    assert not [each for each in shown if (each < " " and each != "\n") or "\x7f" <= each <= "\x9f"]


@given(st.text())
def test_a_line_is_one_line(anything: str) -> None:
    """Whatever a name holds, it shows as one line of printable characters that can be encoded."""
    shown = text.line(anything)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    shown.encode()


def test_a_line_shows_what_it_escapes() -> None:
    """A newline in a name is seen as such, not dropped."""
    assert text.line("a\nb\x1b\udcff") == r"a\nb\x1b\udcff"


@pytest.mark.parametrize(
    ("shown", "columns"),
    [
        ("plain", 5),
        ("naïve", 5),
        ("cafe\u0301", 4),
        ("日本", 4),
        ("🎉", 2),
        ("❤\ufe0f", 2),
        ("👩\u200d💻", 2),
        ("👍🏽", 2),
        ("🇩🇪", 2),
    ],
)
def test_width_is_what_a_terminal_takes(shown: str, columns: int) -> None:
    """Wide characters and emoji take two columns, marks none."""
    assert text.width(shown) == columns


@given(st.text(), st.integers(1, 30))
def test_cut_fits(anything: str, columns: int) -> None:
    """A cut text is never wider than asked for, and a padded one exactly as wide."""
    shown = text.cut(text.line(anything), columns)
    assert text.width(shown) <= columns
    assert text.width(text.pad(shown, columns)) == columns


def test_cut_says_that_it_cut() -> None:
    """An ellipsis stands for what is left out, and a text that fits is left alone."""
    assert text.cut("日本語", 4) == "日…"
    assert text.cut("abcd", 4) == "abcd"


def test_an_excerpt_says_how_much_is_left_out() -> None:
    """A long text is cut to its first lines."""
    assert text.excerpt("a\nb\nc\nd", lines=2) == "a\nb\n… 2 more lines"
    assert text.excerpt("a\nb\n", lines=2) == "a\nb"
