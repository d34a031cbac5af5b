"""What the supervisor masks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.run.supervisor.mask import MASK, Mask

SECRETS = st.lists(st.text(alphabet="ab\n", min_size=1, max_size=5).map(str.encode), min_size=1, max_size=4)


@given(SECRETS, st.text(alphabet="abc\n", max_size=60).map(str.encode), st.lists(st.integers(0, 60)))
def test_a_mask_does_not_depend_on_how_the_text_is_cut(secrets: list[bytes], text: bytes, cuts: list[int]) -> None:
    """In any pieces the outcome is that of the whole: every secret byte covered, every other byte there."""
    covered = [False] * len(text)
    for secret in secrets:
        for at in range(len(text)):
            if text.startswith(secret, at):
                covered[at : at + len(secret)] = [True] * len(secret)
    pieces = [text[start:end] for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), None], strict=True)]
    mask = Mask(secrets)
    shown = b"".join(mask.feed(piece) for piece in pieces) + mask.feed(b"", last=True)
    assert shown.replace(MASK, b"") == bytes(byte for byte, hidden in zip(text, covered, strict=True) if not hidden)
    assert shown == Mask(secrets).feed(text, last=True)
    assert (MASK in shown) == any(covered)


@given(SECRETS, st.lists(st.text(alphabet="ab\n", max_size=9).map(str.encode)))
def test_a_mask_holds_back_less_than_a_secret(secrets: list[bytes], pieces: list[bytes]) -> None:
    """However much comes, what is held stays shorter than the longest secret."""
    mask = Mask(secrets)
    for piece in pieces:
        mask.feed(piece)
        assert len(mask._held) < max(map(len, secrets))


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        ([b"abcd", b"cdefgh"], b"<abcdefgh>", b"<" + MASK + b">"),
        ([b"abc"], b"abcabc", MASK + MASK),
        ([b"abc", b"abcdef"], b"abcdef abc", MASK + b" " + MASK),
        ([b"abc"], b"ab", b"ab"),
        ([], b"abc", b"abc"),
    ],
)
def test_secrets_that_meet_are_masked_whole(secrets: list[bytes], text: bytes, shown: bytes) -> None:
    """Nothing of a secret shows where another one overlaps it."""
    assert Mask(secrets).feed(text, last=True) == shown
