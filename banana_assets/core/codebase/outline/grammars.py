"""Which node of which grammar is a symbol, what wraps it, and where its name stands.

Node names are those of the grammars' own ``node-types.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import tree_sitter

CONTAINERS = frozenset(
    {"class", "interface", "struct", "enum", "trait", "impl", "module", "namespace", "record", "union"}
)
"""Kinds in which further symbols are looked for; functions in one, but for modules and namespaces, are methods."""
SCOPES = frozenset({"module", "namespace"})


@dataclass(frozen=True, slots=True)
class Grammar:
    """How symbols of a language are known.

    ``symbols`` maps nodes to kinds. ``wrappers`` stand around a symbol and belong to its lines; those in ``heads`` to
    its signature too. ``opaque`` are nodes in which no symbol is looked for. ``valued`` hold a name and a value that is
    a symbol when it is a function. ``between`` may stand between a symbol and its comment. With ``one_line`` no mark
    ends the head, only the line does.
    """

    package: str
    function: str
    symbols: Mapping[str, str]
    wrappers: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()
    valued: Mapping[str, tuple[str, str]] | None = None
    comments: frozenset[str] = frozenset({"comment"})
    between: frozenset[str] = frozenset()
    one_line: bool = False


_JAVASCRIPT = {
    "class_declaration": "class",
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "method_definition": "method",
}
_TYPESCRIPT = {
    **_JAVASCRIPT,
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "internal_module": "namespace",
    "module": "namespace",
    "function_signature": "function",
    "method_signature": "method",
    "abstract_method_signature": "method",
}
_WRITTEN = frozenset({"export_statement", "lexical_declaration", "variable_declaration", "expression_statement"})
_VALUED = {
    "variable_declarator": ("name", "value"),
    "assignment_expression": ("left", "right"),
    "public_field_definition": ("name", "value"),
    "field_definition": ("property", "value"),
    "pair": ("key", "value"),
}
FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function", "class"})
_C = {
    "function_definition": "function",
    "struct_specifier": "struct",
    "union_specifier": "union",
    "enum_specifier": "enum",
    "type_definition": "type",
    "declaration": "function",
    "preproc_function_def": "macro",
}

GRAMMARS: dict[str, Grammar] = {
    "Python": Grammar(
        "tree_sitter_python",
        "language",
        {"class_definition": "class", "function_definition": "function"},
        wrappers=frozenset({"decorated_definition"}),
    ),
    "JavaScript": Grammar(
        "tree_sitter_javascript", "language", _JAVASCRIPT, wrappers=_WRITTEN, heads=_WRITTEN, valued=_VALUED
    ),
    "TypeScript": Grammar(
        "tree_sitter_typescript",
        "language_typescript",
        _TYPESCRIPT,
        wrappers=_WRITTEN,
        heads=_WRITTEN,
        valued=_VALUED,
    ),
    "TSX": Grammar(
        "tree_sitter_typescript", "language_tsx", _TYPESCRIPT, wrappers=_WRITTEN, heads=_WRITTEN, valued=_VALUED
    ),
    "Go": Grammar(
        "tree_sitter_go",
        "language",
        {
            "function_declaration": "function",
            "method_declaration": "method",
            "type_spec": "type",
            "type_alias": "type",
            "method_elem": "method",
        },
        wrappers=frozenset({"type_declaration"}),
        heads=frozenset({"type_declaration"}),
    ),
    "Rust": Grammar(
        "tree_sitter_rust",
        "language",
        {
            "struct_item": "struct",
            "enum_item": "enum",
            "union_item": "union",
            "trait_item": "trait",
            "impl_item": "impl",
            "mod_item": "module",
            "function_item": "function",
            "function_signature_item": "function",
            "macro_definition": "macro",
            "type_item": "type",
        },
        comments=frozenset({"line_comment", "block_comment"}),
        between=frozenset({"attribute_item"}),
        opaque=frozenset({"macro_invocation"}),
    ),
    "Java": Grammar(
        "tree_sitter_java",
        "language",
        {
            "class_declaration": "class",
            "interface_declaration": "interface",
            "annotation_type_declaration": "interface",
            "enum_declaration": "enum",
            "record_declaration": "record",
            "method_declaration": "method",
            "constructor_declaration": "method",
            "compact_constructor_declaration": "method",
        },
        comments=frozenset({"line_comment", "block_comment"}),
    ),
    "C": Grammar("tree_sitter_c", "language", _C),
    "C++": Grammar(
        "tree_sitter_cpp",
        "language",
        {
            **_C,
            "class_specifier": "class",
            "namespace_definition": "namespace",
            "field_declaration": "method",
            "alias_declaration": "type",
            "concept_definition": "type",
        },
        wrappers=frozenset({"template_declaration"}),
        heads=frozenset({"template_declaration"}),
    ),
    "C#": Grammar(
        "tree_sitter_c_sharp",
        "language",
        {
            "namespace_declaration": "namespace",
            "class_declaration": "class",
            "struct_declaration": "struct",
            "interface_declaration": "interface",
            "enum_declaration": "enum",
            "record_declaration": "record",
            "method_declaration": "method",
            "constructor_declaration": "method",
            "delegate_declaration": "type",
            "local_function_statement": "function",
        },
    ),
    "Ruby": Grammar(
        "tree_sitter_ruby",
        "language",
        {"class": "class", "module": "module", "method": "function", "singleton_method": "function"},
        one_line=True,
    ),
    "PHP": Grammar(
        "tree_sitter_php",
        "language_php",
        {
            "class_declaration": "class",
            "interface_declaration": "interface",
            "trait_declaration": "trait",
            "enum_declaration": "enum",
            "function_definition": "function",
            "method_declaration": "method",
            "namespace_definition": "namespace",
        },
        between=frozenset({"attribute_list"}),
    ),
    "Shell": Grammar("tree_sitter_bash", "language", {"function_definition": "function"}),
}
"""By the language's name (see ``languages``)."""


@cache
def language(name: str) -> tree_sitter.Language:
    """The grammar of that language, loaded once. Raises KeyError for a language without one."""
    grammar = GRAMMARS[name]
    return tree_sitter.Language(getattr(import_module(grammar.package), grammar.function)())
