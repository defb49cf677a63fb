"""The name and the head of a symbol's node."""

from __future__ import annotations

import re

from tree_sitter import Node

from banana_assets.core.codebase.outline.grammars import FUNCTION_VALUES, Grammar
from banana_assets.core.text import cut

WIDEST = 240
_DEEPEST_DECLARATOR = 12
_NAMES = (
    "identifier",
    "field_identifier",
    "type_identifier",
    "qualified_identifier",
    "destructor_name",
    "operator_name",
)


def text_of(node: Node, most: int = 400) -> str:
    """The node's source on one line."""
    raw = node.text
    return " ".join((raw or b"")[:most].decode("utf-8", "replace").split())


def name_of(node: Node, grammar: Grammar) -> str:
    """The symbol's name; empty for what has none or is no symbol after all."""
    if grammar.valued and node.type in grammar.valued:
        field, value = (node.child_by_field_name(part) for part in grammar.valued[node.type])
        return text_of(field, 120) if field and value and value.type in FUNCTION_VALUES else ""
    if node.type == "impl_item":
        return _field(node, "type")
    if node.type in ("struct_specifier", "union_specifier", "enum_specifier", "class_specifier"):
        # Without a body it only refers to one.
        return _field(node, "name") if node.child_by_field_name("body") else ""
    if node.type in ("declaration", "field_declaration"):
        return _declared(node, only_functions=True)
    if node.type in ("function_definition", "type_definition") and node.child_by_field_name("declarator"):
        return _declared(node, only_functions=False)
    return _field(node, "name")


def _field(node: Node, field: str) -> str:
    child = node.child_by_field_name(field)
    return text_of(child, 160) if child else ""


def _declared(node: Node, *, only_functions: bool) -> str:
    """The name in a C declarator: through pointers, references and parameter lists."""
    at: Node | None = node.child_by_field_name("declarator")
    function = False
    for _ in range(_DEEPEST_DECLARATOR):
        if at is None:
            return ""
        if at.type in _NAMES:
            break
        if at.type == "parenthesized_declarator" and only_functions:
            return ""
        function = function or at.type == "function_declarator"
        at = at.child_by_field_name("declarator") or (at.named_children[-1] if at.named_children else None)
    return text_of(at, 160) if at and (function or not only_functions) else ""


def head(source: bytes, node: Node, start: int, grammar: Grammar) -> str:
    """The signature: what stands from ``start`` to the body, on one line."""
    body = _body(node)
    end = body.start_byte if body else node.end_byte
    raw = source[start : min(end, start + 4 * WIDEST)].decode("utf-8", "replace")
    if grammar.one_line:
        raw = re.split(r"[\n;]", raw, maxsplit=1)[0]
    text = " ".join(raw.split())
    if node.type == "type_definition" and body:
        name = node.child_by_field_name("declarator")
        text = f"{text.rstrip(' {')} {text_of(name) if name else ''}"
    text = re.sub(r"\s*(?:=>|[{:=;,]|\bis)\s*$", "", text).rstrip()
    return cut(text, WIDEST)


def _body(node: Node) -> Node | None:
    for field in ("body", "value", "right", "type"):
        child = node.child_by_field_name(field)
        if child is None:
            continue
        if field == "body":
            return child
        if inner := child.child_by_field_name("body"):
            return inner
        if child.type in ("struct_type", "interface_type"):
            return next((part for part in child.children if part.type in ("field_declaration_list", "{")), None)
    return next((part for part in node.children if part.type in ("enum_variant_list", "accessor_list")), None)
