"""What leaves to a page, a terminal or a file of JSON: any value, with the secrets in its texts masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from banana_assets.core.safety.secrets import find, mask


def served(value: Any) -> Any:
    """The value with every text in it masked: a text, or texts in lists, tuples and mappings of any depth.

    All texts are looked at together first: where none holds a secret, as in most, the value itself comes back.
    """
    return _masked(value) if find("\n".join(_texts(value))) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value).text
    if isinstance(value, Mapping):
        return {name: _masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return tuple(_masked(item) for item in value) if isinstance(value, tuple) else value
