"""From the text that a model wrote to JSON that keeps a schema, or the reason why not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from banana_assets.core.models.types import ModelError, Usage
from banana_assets.core.text import cut

LONGEST_ANSWER = 256 * 1024
"""Characters of an answer that are parsed at most."""

DEEPEST = 24
"""Levels of lists and objects in an answer; a schema of ours has a handful."""

MOST_TOKENS = 1_000_000_000
"""Counts of tokens beyond this are none."""

_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"\A\s*```(?:json)?[ \t]*\n(.*?)\n?[ \t]*```\s*\Z", re.DOTALL)


def parsed(text: str, schema: Mapping[str, Any], *, usage: Usage, finished: bool = True) -> dict[str, Any]:
    """The JSON object of a model's text. ``finished`` is False where the server says that it ran out of tokens.

    Thoughts before it and a Markdown fence around the whole of it are taken off, since models without a grammar write
    them; nothing else is mended. Raises ModelError: truncated, too_large, refusal, invalid_json or wrong_schema.
    """
    if len(text) > LONGEST_ANSWER:
        raise ModelError(
            "too_large", f"The answer has {len(text):,} characters; {LONGEST_ANSWER:,} are read.", usage=usage
        )
    if not finished:
        raise ModelError(
            "truncated",
            "The answer was cut off: its tokens ran out.",
            "Allow more tokens, or ask for less.",
            usage=usage,
        )
    text = _THOUGHTS.sub("", text, count=1)
    fenced = _FENCE.match(text)
    try:
        value = json.loads(fenced[1] if fenced else text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        if not text.strip():
            raise ModelError("invalid_json", "The answer is empty.", usage=usage) from error
        raise ModelError("invalid_json", f"The answer is no JSON: {_place(error)}.", usage=usage) from error
    check(value, schema, usage=usage)
    return dict(value)


def counted(asked: object, answered: object) -> Usage | None:
    """The tokens that a server says it counted; None where these are no counts."""
    if not _count(asked) or not _count(answered):
        return None
    return Usage(asked, answered)


def _count(told: object) -> TypeGuard[int]:
    return isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= MOST_TOKENS


def check(value: Any, schema: Mapping[str, Any], *, usage: Usage) -> None:
    """Raises ModelError (wrong_schema) where the value is no object that keeps the schema, naming the first place."""
    from jsonschema import Draft202012Validator

    if not isinstance(value, Mapping):
        raise ModelError("wrong_schema", "The answer is no JSON object.", usage=usage)
    if _depth(value) > DEEPEST:
        raise ModelError("wrong_schema", f"The answer is nested more than {DEEPEST} levels deep.", usage=usage)
    error = next(iter(sorted(Draft202012Validator(dict(schema)).iter_errors(value), key=lambda e: e.json_path)), None)
    if error is not None:
        # The message quotes the value, which may be long: the place and the rule say enough.
        rule = f"{error.validator} {_brief(error.validator_value)}"
        raise ModelError("wrong_schema", f"The answer breaks its schema at {error.json_path}: {rule}.", usage=usage)


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, the names of fields too, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, field in value.items():
            yield str(key)
            yield from texts(field)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def _depth(value: Any) -> int:
    level, rows = 0, [value]
    while rows and level <= DEEPEST:
        level += 1
        inner: list[Any] = []
        for row in rows:
            if isinstance(row, Mapping):
                inner += row.values()
            elif isinstance(row, list):
                inner += row
        rows = inner
    return level


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number of {len(text)} digits is too large")
    return number


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _place(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos:,}"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


def _brief(rule: object, width: int = 80) -> str:
    text = json.dumps(rule, default=str)
    return cut(text, width)
