"""Reading the value of one setting, from a variable's text or from TOML.

Written here, and not with pydantic, since every command reads its settings before it does anything: building the
models took longer than most commands work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

Read = Callable[[Any], Any]
"""Takes what was told and gives the value. Raises ValueError, whose text says what it should be."""

_YES = ("true", "1", "yes", "on", "y", "t")
_NO = ("false", "0", "no", "off", "n", "f")


class SecretStr:
    """A text that shows nowhere by accident."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """The text itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretStr) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "SecretStr('****')" if self._value else "SecretStr('')"


def text(told: Any) -> str:
    """A text."""
    if not isinstance(told, str):
        raise ValueError("a text")  # noqa: TRY004 one kind of error for all that cannot be read
    return told


def text_or_none(told: Any) -> str | None:
    """A text; an empty one stands for none."""
    return None if told in (None, "") else text(told)


def web_address(told: Any) -> str | None:
    """An address of the web, or none."""
    found = text_or_none(told)
    if found is not None and not re.match(r"https?://", found):
        raise ValueError("an address that begins with http:// or https://")
    return found


def secret(told: Any) -> SecretStr | None:
    """A secret; what hides its text already is kept as it is. An empty one, which everybody knows, is none."""
    if told is None:
        return None
    kept: SecretStr = told if hasattr(told, "get_secret_value") else SecretStr(text(told))
    return kept if kept.get_secret_value().strip() else None


def path(told: Any) -> Path:
    """A path."""
    if not isinstance(told, str | Path):
        raise ValueError("a path")  # noqa: TRY004
    return Path(told)


def path_or_none(told: Any) -> Path | None:
    """A path; an empty one stands for none."""
    return None if told in (None, "") else path(told)


def day_or_none(told: Any) -> date | None:
    """A day, or none."""
    if told is None or (isinstance(told, date) and not isinstance(told, datetime)):
        return told
    try:
        return date.fromisoformat(told)
    except (TypeError, ValueError):
        raise ValueError("a day such as 2026-11-22") from None


def yes_no(told: Any) -> bool:
    """True or false, in the usual words."""
    word = str(told).strip().lower()
    if word not in (*_YES, *_NO):
        raise ValueError("true or false")
    return word in _YES


def whole(least: int = 0, most: int | None = None) -> Read:
    """A whole number within bounds, both inclusive."""

    def read(told: Any) -> int:
        try:
            found = int(told.replace("_", "") if isinstance(told, str) else told)
        except (TypeError, ValueError, OverflowError):
            found = None
        if found is None or isinstance(told, bool) or (isinstance(told, float) and told != found):
            raise ValueError("a whole number")
        if found < least or (most is not None and found > most):
            raise ValueError(f"a whole number from {least} {'on' if most is None else f'to {most}'}")
        return found

    return read


def number(least: float = 0, most: float | None = None, *, above: float | None = None, none: bool = False) -> Read:
    """A number within bounds, both inclusive, or above one; with ``none`` there may be none."""

    def read(told: Any) -> float | None:
        if told is None and none:
            return None
        try:
            found = float(told)
        except (TypeError, ValueError):
            found = float("nan")
        if isinstance(told, bool) or found != found:
            raise ValueError("a number")
        if above is not None and not found > above:
            raise ValueError(f"a number above {above:g}")
        if found < least or (most is not None and found > most):
            raise ValueError(f"a number from {least:g} {'on' if most is None else f'to {most:g}'}")
        return found

    return read


def one_of(*words: str) -> Read:
    """One of these words."""

    def read(told: Any) -> str:
        if told not in words:
            raise ValueError(_or(words))
        return str(told)

    return read


def some_of(*words: str) -> Read:
    """Any of these words: a list, or a text with commas between."""

    def read(told: Any) -> tuple[str, ...]:
        parts = [word.strip() for word in told.split(",") if word.strip()] if isinstance(told, str) else told
        if not isinstance(parts, list | tuple) or any(part not in words for part in parts):
            raise ValueError(_or(words))
        return tuple(parts)

    return read


def _or(words: Sequence[str]) -> str:
    quoted = [repr(word) for word in words]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
