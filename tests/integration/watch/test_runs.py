"""Runs of the task that watches: what they change themselves is no news, what others change is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.watch.watching import Watching
from tests.support.house import until


def _one_of(*files: Path) -> Callable[[str], bool]:
    """A run that changed these files."""
    return lambda path: Path(path) in files


def _all(path: str) -> bool:
    """A run that changed whatever was changed."""
    return True


def _none(path: str) -> bool:
    """A run that changed nothing."""
    return False


def test_what_a_run_changes_is_not_told(watching: Watching) -> None:
    """Files that the run changed, made or deleted are told of no more."""
    watching.write("old", "1")
    gone = watching.write("sub/gone")
    key = watching.watch(".")
    watching.watcher.run_began(key)
    gone.unlink()
    own = [gone, watching.write("old", "by the run"), watching.write("sub/new", "by the run")]
    watching.watcher.run_ended(key, _one_of(*own))
    watching.write("later")
    assert watching.told() == ["later"]


def test_what_others_change_meanwhile_is_told_once_after_it(watching: Watching) -> None:
    """While a run goes on nothing is told; then everything that is not the run's, in one firing."""
    key, witness = watching.watch("."), watching.watch(".")
    watching.watcher.run_began(key)
    own = watching.write("own")
    watching.write("theirs")
    assert watching.firing()[0] == witness
    watching.write("theirs too")
    assert watching.firing()[0] == witness
    assert watching.quiet()
    watching.watcher.run_ended(key, _one_of(own))
    assert watching.told() == ["theirs", "theirs too"]
    watching.watcher.remove(witness)
    watching.write("own", "now by somebody else")
    assert watching.told() == ["own"]


@pytest.mark.parametrize("path", ["project", "project/state.json"], ids=["directory", "file"])
def test_a_file_both_have_changed_is_whose_it_is_said_to_be(watching: Watching, path: str) -> None:
    """Who says that the run changed a file says so of all that was done to it meanwhile, and of nothing later."""
    file = watching.write("project/state.json", "1")
    key = watching.watch(path)
    watching.watcher.run_began(key)
    watching.write("project/state.json", "by the run")
    watching.write("project/state.json", "by somebody else")
    watching.watcher.run_ended(key, _one_of(file))
    watching.snapshot(key)
    watching.write("project/state.json", "by somebody else, later")
    assert watching.told() == ["project/state.json"]
    assert watching.quiet()


def test_a_run_may_have_changed_everything(watching: Watching) -> None:
    """If all that changed is the run's, nothing is told."""
    key = watching.watch(".")
    watching.watcher.run_began(key)
    watching.write("one")
    watching.write("sub/two")
    watching.watcher.run_ended(key, _all)
    watching.snapshot(key)
    watching.write("three")
    assert watching.told() == ["three"]


def test_a_run_may_have_changed_nothing(watching: Watching) -> None:
    """If nothing that changed is the run's, all is told."""
    key = watching.watch(".")
    watching.watcher.run_began(key)
    watching.write("theirs")
    watching.watcher.run_ended(key, _none)
    assert watching.told() == ["theirs"]


def test_files_are_asked_about_by_the_watched_path(watching: Watching) -> None:
    """The run is asked of each file once, by its path from the watched one on, links and odd names included."""
    watching.write("real/sub/file")
    (watching.folder / "link").symlink_to("real")
    key = watching.watch("link", "!left-out")
    watching.watcher.run_began(key)
    watching.write("real/sub/file", "changed")
    watching.write("real/caf\udce9")
    watching.write("real/left-out")
    asked: list[str] = []

    def by_run(path: str) -> bool:
        asked.append(path)
        return True

    watching.watcher.run_ended(key, by_run)
    watching.snapshot(key)
    assert sorted(asked) == [f"{watching.folder}/link/caf\udce9", f"{watching.folder}/link/sub/file"]


def test_what_a_run_finds_is_its_matter(watching: Watching) -> None:
    """What has changed before a run begins is not told after it: the run has seen it."""
    key, witness = watching.watch(".", debounce=1.0), watching.watch(".")
    watching.write("before")
    assert watching.firing()[0] == witness
    watching.watcher.run_began(key)
    watching.watcher.remove(witness)
    watching.write("during")
    watching.watcher.run_ended(key, _none)
    assert watching.told() == ["during"]


def test_a_change_that_is_undone_is_none(watching: Watching) -> None:
    """What others did and undid during a run is not told."""
    key = watching.watch(".")
    watching.watcher.run_began(key)
    watching.write("passing").unlink()
    watching.watcher.run_ended(key, _none)
    watching.write("later")
    assert watching.told() == ["later"]


def test_an_end_without_a_beginning_changes_nothing(watching: Watching) -> None:
    """The end of a run that was not known to go on does not swallow changes."""
    key = watching.watch(".", debounce=0.5)
    watching.write("theirs")
    watching.watcher.run_ended(key, _all)
    assert watching.told() == ["theirs"]


def test_a_failure_to_say_whose_it_is_loses_nothing(watching: Watching) -> None:
    """If it cannot be said whose the changes are, they are told."""
    key = watching.watch(".")
    watching.watcher.run_began(key)
    watching.write("whose")

    def fail(path: str) -> bool:
        raise ValueError("nobody knows")

    watching.watcher.run_ended(key, fail)
    assert watching.told() == ["whose"]


def test_a_run_s_late_news_are_none(native: Watching) -> None:
    """What the system tells only after the end of a run is compared with what was there at its end."""
    key = native.watch(".")
    native.watcher.run_began(key)
    with native.news_held():
        own = native.write("own", "by the run")
        native.watcher.run_ended(key, _one_of(own))
        native.snapshot(key)
    native.write("later")
    assert native.told() == ["later"]


def test_news_of_others_may_be_late_too(native: Watching) -> None:
    """What others change right before the end of a run is told, though the system has not yet told of it."""
    key = native.watch(".")
    native.watcher.run_began(key)
    with native.news_held():
        native.write("theirs")
        native.watcher.run_ended(key, _none)
        native.snapshot(key)
    assert native.told() == ["theirs"]


def test_what_comes_right_after_the_beginning_is_not_lost(watching: Watching) -> None:
    """What others change while the watcher has not yet come to the beginning of a run is told after it."""
    key = watching.watch(".")
    with watching.kept_busy():
        watching.watcher.run_began(key)
        watching.write("theirs")
    watching.watcher.run_ended(key, _none)
    assert watching.told() == ["theirs"]


def test_the_beginning_of_a_run_divides_what_is_told(native: Watching) -> None:
    """Of two changes that the watcher comes to at once, the one before the beginning is the run's matter."""
    key = native.watch(".")
    with native.kept_busy():
        told = native.times_told
        native.write("before")
        until(lambda: native.times_told > told, "the system has told of it")
        native.watcher.run_began(key)
        native.write("during")
    native.watcher.run_ended(key, _none)
    assert native.told() == ["during"]
