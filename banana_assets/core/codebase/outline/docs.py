"""The first line of what is written about a symbol: its docstring, or the comments right above it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from banana_assets.core.text import cut

WIDEST = 200
_MARKS = re.compile(r"^\s*(?:/\*+!?|\*+/?|//+!?|#+|--+|;+|@file\b)\s?|\s*\*+/\s*$")
_TAGS = re.compile(r"</?(?:summary|para|remarks|p|code|b|i|c)\s*/?>|^@brief\s+|^\\brief\s+")
_ODD = re.compile(
    r"^!|^(?:eslint|noqa|type:|pylint|mypy|ts-|@ts-|go:|nolint|clang-format|NOLINT|istanbul|prettier)|^[-=*_#~/\s]*$"
)


def comment_line(above: Iterable[Node]) -> str:
    """The first line of these comments that says something."""
    for comment in above:
        text = (comment.text or b"")[:4_000].decode("utf-8", "replace")
        for line in text.splitlines():
            bare = _TAGS.sub("", _MARKS.sub("", _MARKS.sub("", line))).strip()
            if bare and not _ODD.search(bare):
                return _cut(bare)
    return ""


def docstring_line(node: Node) -> str:
    """The first line of a Python docstring that says something."""
    body = node.child_by_field_name("body")
    first = body.named_children[0] if body and body.named_children else None
    if first is not None and first.type == "expression_statement" and first.named_children:
        first = first.named_children[0]
    if first is None or first.type != "string":
        return ""
    content = next((part for part in first.children if part.type == "string_content"), None)
    text = ((content.text if content else b"") or b"")[:4_000].decode("utf-8", "replace")
    return _cut(next((line.strip() for line in text.splitlines() if line.strip()), ""))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return cut(text, WIDEST)
