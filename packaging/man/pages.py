"""Write the man pages ccsched(1) and ccschedd(8) into a folder: `python packaging/man/pages.py FOLDER`.

What the commands take is told by the commands themselves, everything else by the templates beside this file. One page
covers all of ccsched, so that it can be searched; it is mdoc, which Linux and macOS both show.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path

import click
from mdoc import escaped, prose

from scheduler_daemon import __version__
from scheduler_daemon.ccschedd import main as ccschedd
from scheduler_daemon.cli.main import ccsched
from scheduler_daemon.cli.sections import Sectioned

_HERE = Path(__file__).parent
_ALIAS = ("claude-code-scheduler.1", "ccsched.1")
"""A name that `man` is asked for, too, and the page that answers."""

Lines = Iterator[str]


def commands() -> Lines:
    """Every command of ccsched, each noun under a heading of its own."""
    context = _context(ccsched)
    everywhere = {option.name for option in _options(ccsched, context)}
    for name, command, inner in _below(ccsched, context):
        yield f".Ss {escaped(name)}"
        if not isinstance(command, click.Group):
            yield _called(".Nm", [name], command, inner)
            yield ".Pp"
            yield from prose(command.help or "")
            if options := list(_own_options(command, inner, everywhere)):
                yield from (".Pp", *options)
            continue
        yield from prose(command.help or "")
        yield ".Bl -tag -width Ds"
        for verb, leaf, innermost in _below(command, inner):
            yield _called(".It Nm", [name, verb], leaf, innermost)
            yield from prose(leaf.help or "")
            yield from _own_options(leaf, innermost, everywhere)
        yield ".El"


def shared_options() -> Lines:
    """The options that every command of ccsched takes."""
    context = _context(ccsched)
    return _list(_options(ccsched, context), context)


def daemon_options() -> Lines:
    """The options of ccschedd."""
    context = _context(ccschedd)
    return _list(_options(ccschedd, context), context)


def _context(command: click.Command, name: str | None = None, parent: click.Context | None = None) -> click.Context:
    return click.Context(command, parent, name or command.name, **command.context_settings)


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{name} is listed and not there"
        if not command.hidden:
            yield name, command, _context(command, name, context)


def _called(macro: str, words: Sequence[str], command: click.Command, context: click.Context) -> str:
    """How a command is called, as one line of mdoc."""
    own = any(parameter in command.params for parameter in _options(command, context))
    arguments = (each for each in command.get_params(context) if isinstance(each, click.Argument))
    return " ".join(
        chain(
            (macro,),
            (f"Cm {escaped(word, literal=True)}" for word in words),
            ("Oo Ar options Oc",) if own else (),
            (_argument(each.make_metavar(context)) for each in arguments),
        )
    )


def _argument(metavar: str) -> str:
    optional = metavar.startswith("[")
    name = metavar.replace("[", "").replace("]", "").removesuffix("...").strip("{}")
    words = f"Ar {escaped(name)}{' ...' if metavar.endswith('...') else ''}"
    return f"Oo {words} Oc" if optional else words


def _options(command: click.Command, context: click.Context) -> list[click.Option]:
    return [each for each in command.get_params(context) if isinstance(each, click.Option) and not each.hidden]


def _own_options(command: click.Command, context: click.Context, everywhere: Collection[str]) -> Lines:
    """The options of one command; under its headings, if it has any."""
    if isinstance(command, Sectioned):
        for heading, options in command.sections.items():
            yield ".Pp"
            yield f".Em {escaped(heading)} :"
            yield from _list(options, context)
        return
    yield from _list([each for each in _options(command, context) if each.name not in everywhere], context)


def _list(options: Sequence[click.Option], context: click.Context) -> Lines:
    if not options:
        return
    yield ".Bl -tag -width Ds -compact"
    for option in options:
        record = option.get_help_record(context)
        assert record is not None, f"{option.name} is hidden"
        yield _option(option, context)
        yield from prose(record[1].replace("  [", " ["))
    yield ".El"


def _option(option: click.Option, context: click.Context) -> str:
    names = (" , ".join(f"Fl {escaped(name[1:], literal=True)}" for name in each) for each in _spellings(option))
    value = "" if option.is_flag or option.count else f" Ar {escaped(_value(option.make_metavar(context)))}"
    return f".It {' | '.join(names)}{value}"


def _value(metavar: str) -> str:
    """What an option takes; click writes a choice in brackets, as if it could be left out."""
    return metavar[1:-1] if metavar.startswith("[") else metavar


def _spellings(option: click.Option) -> list[list[str]]:
    """What turns it on, and what turns it off where there is such a thing."""
    return [each for each in (option.opts, option.secondary_opts) if each]


_FILLED: dict[str, Callable[[], Lines]] = {
    "@COMMANDS@": commands,
    "@SHARED-OPTIONS@": shared_options,
    "@DAEMON-OPTIONS@": daemon_options,
}


def page(template: Path) -> str:
    """A whole page."""
    lines = chain.from_iterable(
        _FILLED[line]() if line in _FILLED else (line.replace("@VERSION@", __version__),)
        for line in template.read_text().splitlines()
    )
    return "".join(f"{line}\n" for line in lines)


def main(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for template in sorted(_HERE.glob("*.in")):
        (folder / template.stem).write_text(page(template))
    alias, answering = _ALIAS
    (folder / alias).write_text(f".so man1/{answering}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python packaging/man/pages.py FOLDER")
    main(Path(sys.argv[1]))
