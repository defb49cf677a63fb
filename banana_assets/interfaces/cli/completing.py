"""What may stand where somebody presses Tab: commands, options, words of closed sets, and names out of the store.

The scripts of `banana completion` ask with ``banana __complete WORD... INCOMPLETE``. Answered is a line a candidate:
``plain``, ``file`` or ``dir``, the candidate and its meaning, with tabs between. Nothing heavy is imported, and
nothing is ever said on stderr: a broken store completes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from banana_assets.core.text import visible
from banana_assets.interfaces.cli.main import COMMANDS, GROUPS, SHORT_NAMES, load

WIDEST_MEANING = 70


def answer(words: Sequence[str]) -> None:
    """Write the candidates for the last of the words that follow ``banana``."""
    for kind, value, meaning in candidates(words):
        sys.stdout.write(f"{kind}\t{value}\t{meaning}\n")


def candidates(words: Sequence[str]) -> list[tuple[str, str, str]]:
    """Kind, value and meaning of what may stand in place of the last word."""
    told, incomplete = _whole(words)
    if told[:1] == ["help"]:
        told = told[1:]
    if not told:
        summaries = {name: command.summary for group in GROUPS.values() for name, command in group.items()}
        names = {name: summaries.get(name, "") for name in (summaries if not incomplete else COMMANDS)}
        return [("plain", name, meaning) for name, meaning in names.items() if name.startswith(incomplete)]
    if told[0] not in COMMANDS:
        return []
    from click.shell_completion import ShellComplete

    from banana_assets.interfaces.cli.completed_values import equip
    from banana_assets.interfaces.cli.running import prepared

    command = prepared(load(told[0]), told[0])
    equip(command, SHORT_NAMES.get(told[0], told[0]))
    found = ShellComplete(command, {}, "banana", "").get_completions(told[1:], incomplete)
    return [(item.type, item.value, _short(item.help or "")) for item in found]


def _whole(words: Sequence[str]) -> tuple[list[str], str]:
    """The finished words and the one at the cursor; bash hands ``--format=json`` over as three."""
    kept: list[str] = []
    for position, word in enumerate(words):
        last = position == len(words) - 1
        if word == "=" and kept and kept[-1].startswith("--"):
            if last:
                return kept, ""
            continue
        kept.append(word)
    *told, incomplete = kept or [""]
    return told, incomplete


def _short(text: str) -> str:
    flat = visible(" ".join(text.split()))
    return flat if len(flat) <= WIDEST_MEANING else f"{flat[: WIDEST_MEANING - 3]}..."
