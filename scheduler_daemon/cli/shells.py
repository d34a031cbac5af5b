"""How each shell asks for completions, and takes them: names with blanks, quotes and colons come out as one word.

Click finds out what a word may become; its own scripts insert a name with a blank as two words.
"""

import os
import re
from dataclasses import dataclass

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

_SEPARATOR = "\x1f"
"""What the scripts join words by."""
_NO_HELP = "_"

_BASH = r"""# bash completion for ccsched and claude-code-scheduler
%(complete_func)s() {
    local program=$1 response line
    case $program in
        "~/"*) program=$HOME/${program:2} ;;
    esac
    COMPREPLY=()
    response=$(%(complete_var)s=bash_complete COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORD="$2" \
        COMP_TYPE="$COMP_TYPE" "$program" 2>/dev/null)
    while IFS= read -r line; do
        case $line in
            plain,*) COMPREPLY[${#COMPREPLY[@]}]=${line#plain,} ;;
            dir,*) compopt -o dirnames 2>/dev/null ;;
            file,*) compopt -o default 2>/dev/null ;;
        esac
    done <<< "$response"
}

# The order is the daemon's; bash before 4.4 has its own.
complete -o nosort -F %(complete_func)s %(programs)s 2>/dev/null || complete -F %(complete_func)s %(programs)s
"""

_ZSH = r"""#compdef %(programs)s

%(complete_func)s() {
    local program=${(Q)words[1]} kind value description
    local -a response plain described
    [[ $program == '~/'* ]] && program=$HOME/${program#'~/'}
    response=("${(@f)$(%(complete_var)s=zsh_complete COMP_WORDS="${(pj:\x1f:)${(@Q)words[1,CURRENT-1]}}" \
        COMP_WORD="$QIPREFIX$PREFIX" COMP_LINE="$LBUFFER" "$program" 2>/dev/null)}")
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    for kind value description in "${response[@]}"; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files ;;
            plain)
                if [[ $description == _ ]]; then
                    plain+=("$value")
                else
                    described+=("${${value//\\/\\\\}//:/\\:}:$description")
                fi
                ;;
        esac
    done
    (( $#described )) && _describe -V 'completion' described
    (( $#plain )) && compadd -V completion -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(programs)s
fi
"""

_FISH = r"""# fish completion for ccsched and claude-code-scheduler
function %(complete_func)s
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l option (string match -r '^--[^=]+=' -- $word)
    set -l path (string replace -r '^--[^=]+=' '' -- $word)
    for line in (env %(complete_var)s=fish_complete COMP_WORDS=(string join \x1f -- $words) COMP_WORD="$word" \
            $program 2>/dev/null)
        set -l parts (string split -m 1 , -- $line)
        switch $parts[1]
            case dir
                printf '%%s\n' "$option"(__fish_complete_directories $path)
            case file
                printf '%%s\n' "$option"(__fish_complete_path $path)
            case plain
                echo $parts[2]
        end
    end
end

for program in %(programs)s
    complete --command $program --no-files --keep-order --arguments "(%(complete_func)s)"
end
"""


@dataclass(frozen=True)
class Word:
    """One word of a command line."""

    text: str
    """As the program gets it: without quotes and backslashes."""
    raw: str
    """As it was typed."""
    quote: str
    """The quotation mark that is still open at its end, or nothing."""


def split(line: str) -> list[Word]:
    """The words of a command line up to the cursor; the last one is that at the cursor, maybe empty.

    Quotes and backslashes are the shell's (POSIX.1-2017, Shell & Utilities, 2.2); what it would expand stays.
    """
    words: list[Word] = []
    text = raw = quote = ""
    escaped = False
    for character in line:
        if escaped:
            text += character if not quote or character in '$`"\\' else f"\\{character}"
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            if character == quote:
                quote = ""
            else:
                text += character
        elif character in "'\"":
            quote = character
        elif character in " \t\n":
            if raw:
                words.append(Word(text, raw, ""))
                text = raw = ""
            continue
        else:
            text += character
        raw += character
    return [*words, Word(text, raw, quote)]


class _Shell(ShellComplete):
    """What the shells share."""

    _word = ""
    """The word that is to be completed."""

    def source_vars(self) -> dict[str, str]:  # type: ignore[override]  # click's type knows only its own names
        """What the templates want to know; one script completes both programs."""
        return {
            "complete_func": "_ccsched_completion",
            "complete_var": self.complete_var,
            "programs": "ccsched claude-code-scheduler",
        }

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words after the program's name, and the one that is to be completed."""
        self._word = split(os.environ["COMP_WORD"])[-1].text
        return os.environ["COMP_WORDS"].split(_SEPARATOR)[1:], self._word

    @property
    def _option(self) -> str:
        """What stands before the value in a word such as ``--job=nightly``."""
        name, equals, _ = self._word.partition("=")
        return name + equals if equals and name.startswith("-") else ""


class Bash(_Shell):
    """bash 3.2 and newer."""

    name = "bash"
    source_template = _BASH
    _kept = ""
    """What of the word stays on the line, before that which a completion takes the place of."""
    _quote = ""
    """The quotation mark that is open there."""
    _described = False

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words, from the line itself: bash breaks them at ``=`` and ``:`` as well."""
        *before, at_cursor = split(os.environ["COMP_LINE"])
        self._word = at_cursor.text
        # What readline puts a completion in the place of is the end of the word, from a break or a quote on.
        start = split(at_cursor.raw.removesuffix(os.environ["COMP_WORD"]))[-1]
        self._kept, self._quote = start.text, start.quote
        return [word.text for word in before[1:]], at_cursor.text

    def complete(self) -> str:
        """The completions; an id among several is shown with what it is the id of."""
        items = self.get_completions(*self.get_completion_args())
        listed = os.environ.get("COMP_TYPE") in _LISTING
        self._described = listed and len(items) > 1
        return "\n".join(map(self.format_completion, items))

    def format_completion(self, item: CompletionItem[str]) -> str:
        """One line."""
        if item.type != "plain":
            return f"{item.type},"
        rest = _quoted((self._option + item.value).removeprefix(self._kept), self._quote)
        return f"plain,{rest}  ({item.help})" if self._described and item.is_id and item.help else f"plain,{rest}"


_LISTING = ("9", "33", "63", "64")
"""The values of COMP_TYPE for which bash inserts what all completions begin with, and lists them."""

_NOT_PLAIN = re.compile(r"(?![\w@%+=:,./-])[\x00-\x7f]")


def _quoted(text: str, quote: str) -> str:
    """A text as it is to be typed where a quotation mark is open, or none."""
    if quote == "'":
        return text.replace("'", "'\\''")
    if quote:
        return re.sub(r'[$`"\\]', r"\\\g<0>", text)
    return _NOT_PLAIN.sub(r"\\\g<0>", text)


class Zsh(_Shell):
    """zsh, which quotes what it inserts."""

    name = "zsh"
    source_template = _ZSH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words; the home may be named before them, as in ``CCSCHED_HOME=/srv ccsched …``."""
        arguments, word = super().get_completion_args()
        for before in split(os.environ["COMP_LINE"])[: -len(arguments) - 2]:
            name, _, value = before.text.partition("=")
            if name == "CCSCHED_HOME":
                os.environ[name] = os.path.expandvars(value)
        return arguments, word

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Three lines."""
        return f"{item.type}\n{item.value}\n{_one_line(item.help) or _NO_HELP}"


class Fish(_Shell):
    """fish, which quotes what it inserts, and sets the variables that stand before a command."""

    name = "fish"
    source_template = _FISH

    def format_completion(self, item: CompletionItem[str]) -> str:
        """One line; the description follows a tab."""
        described = f"\t{_one_line(item.help)}" if item.help else ""
        return f"{item.type},{self._option}{item.value}{described}"


def _one_line(help_text: str | None) -> str:
    return " ".join((help_text or "").split())


for _shell in (Bash, Zsh, Fish):
    add_completion_class(_shell)
