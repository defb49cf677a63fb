"""``banana completion SHELL``: the script that completes commands, options and names in a shell."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


class Shell(StrEnum):
    """The shells that there is a script for."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


BASH = r"""# Completion of banana for bash: banana completion bash
_banana_completion() {
    local kind value meaning cur="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while IFS=$'\t' read -r kind value meaning; do
        case "$kind" in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    # A colon ends a word for bash: what stands before it is on the line already.
    if [[ "$cur" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
    fi
}
complete -o nosort -F _banana_completion banana
"""

ZSH = r"""#compdef banana
# Completion of banana for zsh: banana completion zsh
_banana() {
    local kind value meaning files="" folders=""
    local -a found
    while IFS=$'\t' read -r kind value meaning; do
        case "$kind" in
            dir) folders=1 ;;
            file) files=1 ;;
            plain) found+=("${value//:/\\:}${meaning:+:$meaning}") ;;
        esac
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#found} )) && _describe -V 'banana' found
    [[ -n "$files" ]] && _files
    [[ -n "$folders" ]] && _path_files -/
    return 0
}
if [[ "${zsh_eval_context[-1]}" == loadautofunc ]]; then
    _banana "$@"
else
    compdef _banana banana
fi
"""

FISH = r"""# Completion of banana for fish: banana completion fish
function __banana_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    for line in ($before[1] __complete $before[2..-1] "$current" 2>/dev/null)
        set -l parts (string split -m 2 \t -- $line)
        switch $parts[1]
            case dir
                __fish_complete_directories "$current"
            case file
                __fish_complete_path "$current"
            case plain
                printf '%s\t%s\n' $parts[2] "$parts[3]"
        end
    end
end
complete --command banana --no-files --keep-order --arguments '(__banana_complete)'
"""

SCRIPTS = {Shell.bash: BASH, Shell.zsh: ZSH, Shell.fish: FISH}


@app.command()
def completion(shell: Annotated[Shell, typer.Argument(help="The shell.", show_default=False)]) -> None:
    """Print the script that completes commands, options and names of builds, plans and more in a shell.

    bash, for every new shell: `banana completion bash > ~/.local/share/bash-completion/completions/banana`, with
    the package bash-completion; or the line `eval "$(banana completion bash)"` in ~/.bashrc.

    zsh: `banana completion zsh > ~/.zfunc/_banana`, with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc; or the line
    `eval "$(banana completion zsh)"` after it.

    fish: `banana completion fish > ~/.config/fish/completions/banana.fish`.
    """
    sys.stdout.write(SCRIPTS[shell])
