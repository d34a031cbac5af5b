"""What a watch may be."""

from uuid import uuid4

import pytest

from scheduler_daemon.watch import Watch, WatchRefused


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "not absolute"),
        ("relative/path", "'relative/path', is not absolute; write it from / or ~ on"),
        ("~nobody-of-this-name/x", "not absolute"),
        ("/a\0b", "zero byte"),
        ("/\ud800", "no character"),
    ],
)
def test_what_is_no_place_is_refused(path: str, reason: str) -> None:
    """A path that names no place by itself is refused, and the refusal says how to write it."""
    with pytest.raises(WatchRefused, match=reason) as refusal:
        Watch(uuid4(), path)
    assert refusal.value.field == "path"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/", "/"),
        ("/a//b/./c/", "/a/b/c"),
        ("/a/../b", "/a/../b"),
        ("~", "/home/ada"),
        ("~/x y", "/home/ada/x y"),
    ],
)
def test_a_path_is_taken_as_it_is_meant(written: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` is the home directory; what says nothing is dropped, but not what has a meaning behind links."""
    monkeypatch.setenv("HOME", "/home/ada")
    assert Watch(uuid4(), written).path == meant


def test_patterns_are_checked_with_the_watch() -> None:
    """A watch with a pattern that cannot be read is not made."""
    with pytest.raises(WatchRefused, match="cannot be read"):
        Watch(uuid4(), "/tmp", ["*.py", "[z-a]"])
