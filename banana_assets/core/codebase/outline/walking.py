"""Walking a syntax tree for its symbols, without recursion: sources are written by others and may nest without end."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import tree_sitter
from tree_sitter import Node

from banana_assets.core.codebase.outline.docs import comment_line, docstring_line
from banana_assets.core.codebase.outline.grammars import CONTAINERS, GRAMMARS, SCOPES, Grammar, language
from banana_assets.core.codebase.outline.naming import head, name_of
from banana_assets.core.codebase.outline.symbols import FileOutline, Symbol
from banana_assets.core.safety.secrets import mask_lines

MOST_BYTES = 512 * 1024
"""A larger file is generated or data; its outline would help nobody and parsing it takes seconds."""
MOST_SYMBOLS = 1_000
_MOST_NODES = 300_000
_LONGEST_LINE = 5_000
_CHUNK = 16 * 1024
_LIKE_CPP = re.compile(
    rb"^[ \t]*(?:class\s+\w+|namespace\b|template\s*<|(?:public|private|protected)\s*:)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _At:
    """A node on the way, with what was met above it."""

    node: Node
    parent: str
    within: str
    outer: Node | None
    above: tuple[Node, ...]


def outline_of(
    path: str,
    source: bytes,
    name: str | None,
    *,
    most: int = MOST_SYMBOLS,
    stop: Callable[[], bool] = lambda: False,
) -> FileOutline:
    """The outline of a file's bytes in that language (a name of ``languages``), with at most so many symbols.

    What does not parse costs only what stands there. A file that cannot be outlined at all is told as ``refused``.
    ``stop`` is asked now and then whether to give up: some grammars need a time that grows with the square of the text
    where nothing in it fits.
    """
    if name == "C" and path.endswith(".h") and _LIKE_CPP.search(source):
        name = "C++"
    grammar = GRAMMARS.get(name or "")
    if name is None or grammar is None:
        return FileOutline(path, name, refused="there is no grammar for its language")
    if len(source) > MOST_BYTES:
        return FileOutline(path, name, refused=f"it is larger than {MOST_BYTES // 1024} KiB")
    if b"\0" in source[:8192]:
        return FileOutline(path, name, refused="it is binary")
    if _minified(source):
        return FileOutline(path, name, refused="it is minified or generated")
    tree = _parsed(source, name, stop)
    if tree is None:
        return FileOutline(path, name, refused="it takes too long to parse")
    symbols, omitted = _symbols(source, tree.root_node, grammar, most)
    error = _first_error(tree.root_node) if tree.root_node.has_error else None
    return FileOutline(path, name, _masked(symbols), error, omitted)


def _parsed(source: bytes, name: str, stop: Callable[[], bool]) -> tree_sitter.Tree | None:
    try:
        return tree_sitter.Parser(language(name)).parse(
            lambda at, _: source[at : at + _CHUNK], progress_callback=lambda _at, _error: stop()
        )
    except ValueError:
        # Parsing that was stopped.
        return None


def _minified(source: bytes) -> bool:
    lines = source.count(b"\n") + 1
    return len(source) > 20_000 and len(source) / lines > 500 and max(map(len, source.split(b"\n"))) > _LONGEST_LINE


def _symbols(source: bytes, root: Node, grammar: Grammar, most: int) -> tuple[list[Symbol], int]:
    found: list[Symbol] = []
    omitted = visited = 0
    stack = [_At(root, "", "", None, ())]
    while stack and visited < _MOST_NODES:
        at = stack.pop()
        visited += 1
        node = at.node
        symbol = _symbol(source, at, grammar) if node.type in _known(grammar) else None
        parent, within = at.parent, at.within
        if symbol is not None:
            if len(found) < most:
                found.append(symbol)
            else:
                omitted += 1
            if symbol.kind not in CONTAINERS and node.type != "type_spec":
                continue
            parent, within = symbol.qualified, symbol.kind
        elif node.type in grammar.opaque or node.type in _BODIES:
            continue
        stack.extend(reversed(_below(node, at, grammar, parent, within, wrapped=symbol is None)))
    return sorted(found, key=lambda s: (s.first, -s.last)), omitted


_BODIES = frozenset(
    {"arrow_function", "function_expression", "lambda", "lambda_expression", "string", "template_string"}
)


def _known(grammar: Grammar) -> frozenset[str]:
    return frozenset(grammar.symbols) | frozenset(grammar.valued or ())


def _below(node: Node, at: _At, grammar: Grammar, parent: str, within: str, *, wrapped: bool) -> list[_At]:
    """The children, each with the comments right above it."""
    out: list[_At] = []
    wraps = wrapped and node.type in grammar.wrappers and (node.named_child_count == 1 or node.type in _ALWAYS)
    # A block without a symbol of its own: what stands above it stands above its first child.
    above = list(at.above) if wrapped and not wraps else []
    outer = (at.outer or node) if wraps else None
    for child in node.children:
        if child.type in grammar.comments:
            if above and child.start_point.row - above[-1].end_point.row > 1:
                above = []
            above.append(child)
            continue
        if child.type in grammar.between:
            continue
        if child.is_named:
            near = bool(above) and child.start_point.row - above[-1].end_point.row <= 1 + len(grammar.between) * 8
            comments = tuple(above) if near else at.above if wraps else ()
            out.append(_At(child, parent, within, outer, comments))
        above = []
    return out


_ALWAYS = frozenset({"decorated_definition", "export_statement", "template_declaration"})


def _symbol(source: bytes, at: _At, grammar: Grammar) -> Symbol | None:
    node = at.node
    name = name_of(node, grammar)
    if not name:
        return None
    kind = _kind(node, grammar, at.within)
    parent = at.parent
    if node.type == "method_declaration" and (receiver := node.child_by_field_name("receiver")):
        parent = _receiver(receiver)
    outer = at.outer or node
    start = outer.start_byte if outer.type in grammar.heads else node.start_byte
    doc = docstring_line(node) if grammar.package == "tree_sitter_python" else comment_line(at.above)
    last = outer.end_point.row + (outer.end_point.column > 0 or outer.end_point.row == outer.start_point.row)
    return Symbol(kind, name, parent, head(source, node, start, grammar), outer.start_point.row + 1, max(last, 1), doc)


def _kind(node: Node, grammar: Grammar, within: str) -> str:
    if grammar.valued and node.type in grammar.valued:
        value = node.child_by_field_name(grammar.valued[node.type][1])
        if value is not None and value.type == "class":
            return "class"
        return "method" if within and within not in SCOPES else "function"
    kind = grammar.symbols[node.type]
    if node.type == "type_spec" and (shape := node.child_by_field_name("type")):
        return {"struct_type": "struct", "interface_type": "interface"}.get(shape.type, "type")
    if kind == "function" and within and within not in SCOPES:
        return "method"
    return kind


def _receiver(parameters: Node) -> str:
    """The type of a Go method's receiver."""
    text = (parameters.text or b"")[:200].decode("utf-8", "replace")
    words = re.findall(r"\w+", text.split("[")[0])
    return words[-1] if words else ""


def _first_error(root: Node) -> int | None:
    """The line of the first node that is an error or stands for what is missing."""
    node = root
    for _ in range(10_000):
        if node.is_error or node.is_missing:
            break
        broken = next((child for child in node.children if child.has_error or child.is_missing), None)
        if broken is None:
            break
        node = broken
    return node.start_point.row + 1


def _masked(symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
    texts = mask_lines([text.replace("\n", " ") for s in symbols for text in (s.signature, s.doc)]).lines
    return tuple(replace(symbol, signature=texts[2 * i], doc=texts[2 * i + 1]) for i, symbol in enumerate(symbols))
