"""An answer as it leaves: figures no longer than they are known, secrets masked, so many bytes of JSON."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel

from banana_assets.core.safety.serving import served

LARGEST_WHOLE = 1e6
"""Whole numbers below this are told with all their digits."""


def leaving(made: BaseModel | str) -> Any:
    """What goes over the wire for an answer or a part of one."""
    return served(made if isinstance(made, str) else short(made.model_dump(mode="json", by_alias=True)))


def size_of(made: BaseModel | str) -> int:
    """Bytes that it takes there."""
    return json_size(leaving(made))


def json_size(value: Any) -> int:
    """Bytes of a value as JSON."""
    return len(orjson.dumps(value, default=str))


def short(content: Any) -> Any:
    """The same with its fractions to four significant digits, which is more than anything here is known to."""
    if isinstance(content, float):
        whole = content.is_integer() and abs(content) < LARGEST_WHOLE
        return content if whole else float(f"{content:.4g}")
    if isinstance(content, dict):
        return {name: short(value) for name, value in content.items()}
    return [short(value) for value in content] if isinstance(content, list) else content
