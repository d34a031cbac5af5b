"""A command line that is not finished, in words as the shell would make them."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.cli.shells import split


@pytest.mark.parametrize(
    ("line", "texts", "raw", "quote"),
    [
        ("", [""], "", ""),
        ("a ", ["a", ""], "", ""),
        ("a b", ["a", "b"], "b", ""),
        ("a  'b c", ["a", "b c"], "'b c", "'"),
        ('a "b c', ["a", "b c"], '"b c', '"'),
        ('a "b c"', ["a", "b c"], '"b c"', ""),
        ("a b\\ c\\", ["a", "b c"], "b\\ c\\", ""),
        ('"\\$\\x\\"', ['$\\x"'], '"\\$\\x\\"', '"'),
        ("'\\'", ["\\"], "'\\'", ""),
        ("a '' b", ["a", "", "b"], "b", ""),
        ("--job='x y", ["--job=x y"], "--job='x y", "'"),
    ],
)
def test_the_last_word_may_be_unfinished(line: str, texts: list[str], raw: str, quote: str) -> None:
    """Its quotation mark may be open, and it may be empty; as it was typed it is kept as well."""
    words = split(line)
    assert [word.text for word in words] == texts
    assert (words[-1].raw, words[-1].quote) == (raw, quote)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1))
def test_what_a_shell_would_take_is_taken(texts: list[str]) -> None:
    """Words that were quoted by the book come out as they were."""
    assert [word.text for word in split(shlex.join(texts))] == texts
