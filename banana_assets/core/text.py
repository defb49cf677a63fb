"""Text of logs as it may be shown: a log is written by others, and a terminal obeys what it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, AnyStr, Generic

# C0 but tab and line feed, DEL, C1, and the characters that turn the direction of writing.
_UNSEEN = [*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_REPLACED = dict.fromkeys(_UNSEEN, "\ufffd")


def visible(text: str) -> str:
    """The text with each control character, and so each escape sequence's start, shown as U+FFFD."""
    return text.translate(_REPLACED)


def cut(text: str, most: int) -> str:
    """The text, at most so many characters of it, the last an ellipsis where some are missing."""
    return text if len(text) <= most else text[: most - 1] + "…"


def short_path(path: str) -> str:
    """The name of a file with the folder that it is in: where that folder is, is for who keeps the machine."""
    return "/".join(path.replace("\\", "/").rstrip("/").rsplit("/", 2)[-2:]).lstrip("/")


def shortlist(names: Sequence[str], most: int = 8) -> str:
    """The first of these names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "none"


class Late(Generic[AnyStr]):
    """A regular expression that is compiled when it is first used: those of many rules take longer than most commands
    that look."""

    search: Callable[[AnyStr], re.Match[AnyStr] | None]
    match: Callable[..., re.Match[AnyStr] | None]
    fullmatch: Callable[[AnyStr], re.Match[AnyStr] | None]
    finditer: Callable[[AnyStr], Iterator[re.Match[AnyStr]]]
    sub: Callable[..., AnyStr]

    def __init__(self, pattern: AnyStr, flags: int = 0) -> None:
        self._told: tuple[AnyStr, int] = pattern, flags

    def __getattr__(self, name: str) -> Any:
        # Only once for each: what is found stands in the object from then on.
        found = getattr(re.compile(*self._told), name)
        setattr(self, name, found)
        return found
