from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.codebase.tree import WIDEST, tree
from banana_assets.core.codebase.types import LINK, SUBMODULE, CodeBase, CodeFile, Preview, TestsFound
from banana_assets.core.codebase.wire import wire, wire_structure


def files(*paths: str) -> list[CodeFile]:
    return [CodeFile(path, len(path)) for path in paths]


def walked(nodes: list[dict[str, Any]]) -> list[str]:
    out = []
    for node in nodes:
        out.append(node["path"])
        out += walked(node.get("children", []))
    return out


def test_the_shape_of_nodes() -> None:
    nodes, omitted = tree([*files("a.py", "lib/b.py"), CodeFile("link", 3, LINK), CodeFile("sub", 0, SUBMODULE)], 3)
    assert nodes == [
        {"type": "file", "name": "a.py", "path": "a.py", "size": 4},
        {
            "type": "directory",
            "name": "lib",
            "path": "lib",
            "children": [{"type": "file", "name": "b.py", "path": "lib/b.py", "size": 8}],
            "files": 1,
            "bytes": 8,
        },
        {"type": "file", "name": "link", "path": "link", "size": 3, "symlink": True},
        {"type": "directory", "name": "sub", "path": "sub", "children": [], "files": 0, "bytes": 0},
    ]
    assert omitted == 0


def test_depth_and_width_are_bounded() -> None:
    deep, _ = tree(files("a/b/c/d.py", "a/e.py"), 2)
    assert walked(deep) == ["a", "a/b", "a/e.py"]
    below = deep[0]["children"][0]
    assert below == {"type": "directory", "name": "b", "path": "a/b", "children": [], "files": 1, "bytes": 10}
    assert deep[0]["files"] == 2
    wide, omitted = tree(files(*(f"d/{i:04}" for i in range(WIDEST + 7))), 3)
    assert len(wide[0]["children"]) == WIDEST
    assert wide[0]["omitted"] == 7
    assert omitted == 7
    many, _ = tree(files(*(f"{i}/{j}" for i in range(40) for j in range(40))), 3, most=100)
    assert len(walked(many)) == 40
    assert all(node["files"] == 40 for node in many)


PATHS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), unique=True, max_size=30)


@given(PATHS, st.integers(1, 5), st.integers(1, 50))
@settings(max_examples=40)
def test_every_node_stands_for_files(paths: list[str], depth: int, most: int) -> None:
    # A path cannot be a file and a folder.
    kept = [p for p in paths if not any(other.startswith(f"{p}/") for other in paths)]
    nodes, _ = tree(files(*kept), depth, most=most)
    told = walked(nodes)
    assert told == sorted(told, key=lambda p: p.split("/"))
    assert len(set(told)) == len(told)
    for path in told:
        assert path.count("/") < depth
        assert path in kept or any(p.startswith(f"{path}/") for p in kept)
    if most >= 50:
        assert {p for p in kept if p.count("/") < depth} <= set(told)


def test_the_known_shape_and_the_summary() -> None:
    codebase = CodeBase(
        "shop",
        "git",
        (*files("backend/app.py", "frontend/a.tsx"), CodeFile("backend/test_app.py", 5, "file", "Python", 3)),
        configuration={"pyproject.toml": "[project]"},
        sources=(Preview("backend/app.py", 12, "import os"),),
        tests=TestsFound(files=1, written=2, folders=(("backend", 1),), paths=("backend/test_app.py",)),
    )
    told = wire(codebase)
    assert told["workspace_root"] == "shop"
    assert told["key_config_files"] == {"pyproject.toml": "[project]"}
    assert told["backend_files"] == [{"name": "app.py", "path": "backend/app.py", "lines": 12, "preview": "import os"}]
    assert told["structure_summary"] == {"has_backend": True, "has_frontend": True, "has_tests": True}
    assert told["tests"]["written"] == 2
    other = wire_structure(codebase)
    assert other["structure"]["root"] == "shop"
    assert other["structure"]["main_dirs"]["backend"]["tests"] == 1
    assert other["structure"]["main_dirs"]["backend"]["lines"] == 3
    assert other["key_files"] == ["pyproject.toml", "backend/app.py"]
    bare = wire(CodeBase("x", "walk", ()))
    assert bare["structure_summary"] == {"has_backend": False, "has_frontend": False, "has_tests": False}
    assert bare["file_tree"] == []
