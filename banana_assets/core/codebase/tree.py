"""The nested tree of a list of files, bounded in depth and size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from banana_assets.core.codebase.types import FILE, SUBMODULE, CodeFile

MOST_NODES = 5_000
WIDEST = 500
"""So many entries of one folder are shown; the folder says how many more there are."""

Node = dict[str, Any]


class _Folder:
    __slots__ = ("bytes", "files", "folders", "here")

    def __init__(self) -> None:
        self.folders: dict[str, _Folder] = {}
        self.here: list[tuple[str, CodeFile]] = []
        self.files = 0
        self.bytes = 0


def tree(files: Iterable[CodeFile], depth: int, *, most: int = MOST_NODES) -> tuple[list[Node], int]:
    """The nodes of the first ``depth`` levels, and how many entries of these levels were left out.

    A file is ``{type, name, path, size}`` (a symbolic link also ``symlink``), a folder ``{type, name, path, children,
    files, bytes}`` with what is below it, at any depth. Folders at the last level have no children. Of a folder with
    too many entries the first are shown and ``omitted`` counts the rest; when nodes run out, deep ones go first.
    """
    top = _Folder()
    for file in files:
        _put(top, file)
    budget = _levels(top, depth, most)
    nodes = _nodes(top, "", depth, budget)
    return nodes, sum(_omitted(nodes)) + max(0, len(top.folders) + len(top.here) - len(nodes))


def _put(top: _Folder, file: CodeFile) -> None:
    *folders, name = file.path.split("/")
    at = top
    at.files += 1
    at.bytes += file.size
    for folder in folders:
        at = at.folders.setdefault(folder, _Folder())
        at.files += 1
        at.bytes += file.size
    if file.kind == SUBMODULE:
        at.folders.setdefault(name, _Folder())
    else:
        at.here.append((name, file))


def _levels(top: _Folder, depth: int, most: int) -> int:
    """How many levels can be shown in whole within the bound, at least one."""
    level, seen = [top], 0
    for shown in range(1, depth + 1):
        seen += sum(min(WIDEST, len(folder.folders) + len(folder.here)) for folder in level)
        if seen > most:
            return max(1, shown - 1)
        level = [below for folder in level for below in folder.folders.values()]
    return depth


def _nodes(folder: _Folder, path: str, depth: int, levels: int) -> list[Node]:
    entries: list[tuple[str, CodeFile | _Folder]] = [*folder.folders.items(), *folder.here]
    entries.sort(key=lambda entry: entry[0])
    nodes: list[Node] = []
    for name, entry in entries[:WIDEST]:
        below = f"{path}/{name}" if path else name
        if isinstance(entry, CodeFile):
            node: Node = {"type": "file", "name": name, "path": below, "size": entry.size}
            if entry.kind != FILE:
                node["symlink"] = True
        else:
            children = _nodes(entry, below, depth - 1, levels - 1) if min(depth, levels) > 1 else []
            node = {"type": "directory", "name": name, "path": below, "children": children}
            node |= {"files": entry.files, "bytes": entry.bytes}
            rest = len(entry.folders) + len(entry.here) - len(children)
            if rest and depth > 1:
                node["omitted"] = rest
        nodes.append(node)
    return nodes


def _omitted(nodes: Iterable[Node]) -> Iterator[int]:
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node.get("omitted", 0)
        stack.extend(node.get("children", ()))
