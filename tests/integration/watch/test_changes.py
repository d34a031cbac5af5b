"""What counts as a change: editors' ways of saving, creations, deletions, moves, and what nobody means."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.watch.watching import Watching


def _in_place(file: Path) -> None:
    file.write_text("written in place")


def _renamed_over(file: Path) -> None:
    new = file.with_name(f".{file.name}.new")
    new.write_text("renamed over")
    new.rename(file)


def _deleted_and_created(file: Path) -> None:
    file.unlink()
    file.write_text("deleted and created")


def _as_vim(file: Path) -> None:
    (file.parent / "4913").touch()
    (file.parent / "4913").unlink()
    backup = file.with_name(f"{file.name}~")
    file.rename(backup)
    file.write_text("saved by vim")
    backup.unlink()


def _appended(file: Path) -> None:
    with file.open("a") as content:
        content.write("more")


def _touched(file: Path) -> None:
    os.utime(file, (1, 1))


WAYS_TO_SAVE = [_in_place, _renamed_over, _deleted_and_created, _as_vim, _appended, _touched]


@pytest.mark.parametrize("save", WAYS_TO_SAVE, ids=lambda save: save.__name__.strip("_"))
@pytest.mark.parametrize("watched", ["project", "project/src/code.py"], ids=["directory", "file"])
def test_each_way_of_saving_is_one_change(any_watching: Watching, watched: str, save: Callable[[Path], None]) -> None:
    """However a file is saved, that is one firing, and it names the file alone."""
    file = any_watching.write("project/src/code.py", "print()")
    any_watching.watch(watched)
    save(file)
    assert any_watching.told() == ["project/src/code.py"]
    save(any_watching.write("project/src/code.py", "again"))
    assert any_watching.told() == ["project/src/code.py"]


def test_a_saved_file_is_watched_on(any_watching: Watching) -> None:
    """After a file was replaced, writing to the new one is a change too."""
    file = any_watching.write("notes.txt", "1")
    any_watching.watch("notes.txt")
    _renamed_over(file)
    assert any_watching.told() == ["notes.txt"]
    _appended(file)
    assert any_watching.told() == ["notes.txt"]


def test_what_comes_and_goes_is_no_change(any_watching: Watching) -> None:
    """A file that is gone again before anything is told is not told of."""
    any_watching.watch(".")
    any_watching.write("passing").unlink()
    any_watching.write("staying")
    assert any_watching.told() == ["staying"]


def test_creations_and_deletions_are_changes(any_watching: Watching) -> None:
    """New files and deleted ones are told of, in the order of their names."""
    old = any_watching.write("b/old")
    any_watching.watch(".")
    old.unlink()
    any_watching.write("a/new")
    assert any_watching.told_in_all(2) == ["a/new", "b/old"]


def test_a_directory_that_is_moved_in_brings_its_files(any_watching: Watching) -> None:
    """All files of a directory that is moved in are told of, and later changes in it."""
    any_watching.write("elsewhere/deep/er/file")
    any_watching.write("watched/own")
    any_watching.watch("watched")
    (any_watching.folder / "elsewhere").rename(any_watching.folder / "watched" / "moved")
    assert any_watching.told() == ["watched/moved/deep/er/file"]
    any_watching.write("watched/moved/deep/er/other")
    assert any_watching.told() == ["watched/moved/deep/er/other"]


def test_a_directory_that_is_moved_away_takes_its_files(any_watching: Watching) -> None:
    """Files that leave with their directory are told of; what happens to them afterwards is not."""
    any_watching.write("watched/sub/file")
    any_watching.watch("watched")
    (any_watching.folder / "watched" / "sub").rename(any_watching.folder / "away")
    assert any_watching.told() == ["watched/sub/file"]
    any_watching.write("away/file", "changed elsewhere")
    any_watching.write("watched/own")
    assert any_watching.told() == ["watched/own"]


def test_a_directory_that_is_renamed_is_watched_on(any_watching: Watching) -> None:
    """Files in a renamed directory are gone from the old path and new at the other, where they are watched."""
    any_watching.write("watched/before/file")
    any_watching.watch("watched")
    (any_watching.folder / "watched/before").rename(any_watching.folder / "watched/after")
    assert any_watching.told_in_all(2) == ["watched/after/file", "watched/before/file"]
    any_watching.write("watched/after/file", "more")
    assert any_watching.told() == ["watched/after/file"]


def test_a_directory_that_is_made_anew_is_watched_on(any_watching: Watching) -> None:
    """A directory that was deleted and made again, perhaps with the same inode, is watched as the first one was."""
    any_watching.write("watched/sub/file")
    any_watching.watch("watched")
    for round_ in range(3):
        shutil.rmtree(any_watching.folder / "watched/sub")
        any_watching.write("watched/sub/file", f"round {round_}")
        assert any_watching.told() == ["watched/sub/file"]


def test_a_tree_that_is_made_at_once_is_seen_whole(any_watching: Watching) -> None:
    """Nothing is missed of a deep tree whose directories are younger than their watches."""
    any_watching.watch(".")
    made = {f"tree/{a}/{b}/{c}/file" for a in range(3) for b in range(3) for c in range(2)}
    for path in sorted(made):
        any_watching.write(path)
    assert any_watching.told_in_all(len(made)) == sorted(made)


def test_only_the_directory_itself_if_asked(any_watching: Watching) -> None:
    """Without ``recursive``, nothing below a directory in the watched one counts."""
    any_watching.write("sub/deep", "1")
    any_watching.watch(".", recursive=False)
    any_watching.write("sub/deep", "22")
    any_watching.write("other/new")
    any_watching.write("here")
    assert any_watching.told() == ["here"]


def test_links_in_a_directory_are_changes_and_not_followed(any_watching: Watching) -> None:
    """A link that is set elsewhere is a change; what happens behind it is none."""
    any_watching.write("outside/file")
    link = any_watching.folder / "watched" / "link"
    any_watching.write("watched/file")
    link.symlink_to("../outside")
    any_watching.watch("watched")
    any_watching.write("outside/file", "changed behind the link")
    link.unlink()
    link.symlink_to("../elsewhere")
    assert any_watching.told() == ["watched/link"]


def test_pipes_and_directories_are_no_files(any_watching: Watching) -> None:
    """What has no content of its own is not told of."""
    any_watching.watch(".")
    os.mkfifo(any_watching.folder / "pipe")
    (any_watching.folder / "empty").mkdir()
    (any_watching.folder / "empty").chmod(0o700)
    any_watching.write("file")
    assert any_watching.told() == ["file"]


def test_what_nobody_means_is_no_change(any_watching: Watching) -> None:
    """Traces of git, the agent, Python and editors are passed over at any depth."""
    any_watching.watch(".")
    for name in (
        ".git/index", "sub/deep/.git/HEAD", ".claude/worktrees/job/file", "sub/.claude/worktrees/file",
        "__pycache__/code.pyc", "sub/.DS_Store", ".code.py.swp", "sub/code.py~", ".#code.py", "#code.py#", "4913",
        "state.json.tmp",
    ):  # fmt: skip
        any_watching.write(name, "not meant")
    any_watching.write(".claude/settings.json", "meant")
    assert any_watching.told() == [".claude/settings.json"]


def test_a_pattern_brings_back_what_nobody_means(any_watching: Watching) -> None:
    """Who names such files by a pattern is told of them."""
    any_watching.watch(".", "*.tmp", ".git/HEAD")
    any_watching.write("report.tmp")
    any_watching.write(".git/HEAD")
    any_watching.write(".git/index")
    any_watching.write("report.txt")
    assert any_watching.told() == [".git/HEAD", "report.tmp"]


def test_only_what_the_patterns_name_is_told(any_watching: Watching) -> None:
    """Files that no pattern names, or a later one leaves out, are not told of."""
    any_watching.watch(".", "*.py", "docs/**", "!test_*.py", "!docs/drafts/")
    for path in ("a.py", "deep/b.py", "deep/test_b.py", "docs/x/y.md", "docs/drafts/z.md", "c.txt"):
        any_watching.write(path)
    assert any_watching.told_in_all(3) == ["a.py", "deep/b.py", "docs/x/y.md"]


def test_a_watch_of_all_but_something(any_watching: Watching) -> None:
    """If the first pattern leaves something out, everything else counts."""
    any_watching.watch(".", "!build/", "!*.log")
    for path in ("build/out.o", "sub/build/x", "run.log", "code.c"):
        any_watching.write(path)
    assert any_watching.told() == ["code.c"]


def test_a_file_is_watched_whatever_its_name(any_watching: Watching) -> None:
    """Neither patterns nor what nobody means keep the watched path itself from being told of."""
    any_watching.write("x.tmp")
    any_watching.watch("x.tmp", "*.py")
    any_watching.write("x.tmp", "changed")
    assert any_watching.told() == ["x.tmp"]


def test_names_need_not_be_text(any_watching: Watching) -> None:
    """A name of any bytes is told of in characters that any record can hold."""
    any_watching.watch(".")
    name = os.fsdecode(b"caf\xe9\n")
    any_watching.write(name)
    assert any_watching.told() == ["caf\\xe9\n"]


def test_what_one_leaves_out_another_may_want(any_watching: Watching) -> None:
    """Each watch of a directory is about its own files, whichever was first, and one may go."""
    sparing = any_watching.watch(".", "!node_modules/")
    thorough = any_watching.watch(".", "*.tmp", "*.js")
    any_watching.write("node_modules/x.tmp")
    assert any_watching.firing()[0] == thorough
    any_watching.write("both.js")
    assert {any_watching.firing()[0], any_watching.firing()[0]} == {sparing, thorough}
    any_watching.watcher.remove(thorough)
    any_watching.write("node_modules/y.js")
    any_watching.write("code.py")
    assert any_watching.told() == ["code.py"]
