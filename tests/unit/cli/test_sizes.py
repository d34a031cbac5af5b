"""Numbers of bytes as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.cli.sizes import NotASize, bytes_of, spelled


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("65536", 65536),
        ("100b", 100),
        ("64k", 2**16),
        ("256MiB", 2**28),
        ("1 GiB", 2**30),
        ("2TB", 2**41),
        ("1Mi", 2**20),
    ],
    ids=str,
)
def test_a_size_is_bytes_or_has_a_unit(written: str, meant: int) -> None:
    """Each unit is 1024 of the one before, however it is spelled."""
    assert bytes_of(written) == meant


@pytest.mark.parametrize("written", ["", "MiB", "1.5GiB", "-1", "1PiB", "1 i", "9" * 99], ids=lambda text: text[:9])
def test_what_is_no_size_is_refused(written: str) -> None:
    """With how to write one."""
    with pytest.raises(NotASize, match="write a number, or one with a unit: 256MiB, 1GiB"):
        bytes_of(written)


@given(st.integers(0, 2**49))
def test_a_size_is_shown_as_it_may_be_typed(number: int) -> None:
    """Nothing is rounded."""
    assert bytes_of(spelled(number)) == number


def test_a_size_is_shown_by_its_largest_unit() -> None:
    """Of which it is a whole number."""
    assert [spelled(number) for number in (0, 1000, 2**16, 2**28, 3 * 2**40)] == [
        "0",
        "1000",
        "64KiB",
        "256MiB",
        "3TiB",
    ]
