"""The tools, resources and prompts as Markdown, out of the code: ``python -m banana_assets.interfaces.mcp.reference``.

Rewrites the end of docs/mcp.md; a test compares the file with what the code says.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcp.server.mcpserver.utilities.func_metadata import func_metadata

from banana_assets.interfaces.mcp.prompts import PROMPTS
from banana_assets.interfaces.mcp.resources import KINDS
from banana_assets.interfaces.mcp.server import TOOLS
from banana_assets.interfaces.mcp.tools import ToolSpec

FILE = Path("docs") / "mcp.md"
MARK = "<!-- From here on this page is made from the code by `make docs`. -->\n"
PAGED = ("max_bytes", "cursor")
"""Arguments that are told once for all tools."""


def reference() -> str:
    """What stands after the mark."""
    return "\n".join([MARK, *_tools(), *_resources(), *_prompts()]).rstrip() + "\n"


def _tools() -> Iterator[str]:
    yield "## Tools\n"
    for spec in TOOLS:
        yield f"### {spec.name}\n"
        yield " ".join(inspect.cleandoc(spec.function.__doc__ or "").split()) + "\n"
        yield f"{_about(spec)}\n"
        schema = func_metadata(spec.function, skip_names=[_first(spec.function)]).arg_model.model_json_schema()
        yield from _arguments(schema)


def _about(spec: ToolSpec) -> str:
    said = [f"Scope `{spec.scope}`", "writes" if spec.writes else "only reads"]
    said += ["may ask a language model"] if spec.reaches_out else []
    return ", ".join(said) + "."


def _arguments(schema: dict[str, Any]) -> Iterator[str]:
    shown = {name: about for name, about in schema.get("properties", {}).items() if name not in PAGED}
    if shown:
        yield "| argument | default | |\n|---|---|---|"
        for name, about in shown.items():
            default = "required" if name in schema.get("required", []) else _default(about.get("default"))
            yield f"| `{name}` | {default} | {_cell(about)} |"
        yield ""
    paged = [f"`{name}`" for name in PAGED if name in schema.get("properties", {})]
    if paged:
        yield f"And {' and '.join(paged)}.\n"


def _default(value: Any) -> str:
    if isinstance(value, float):
        value = f"{value:g}"
    return "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(about: dict[str, Any]) -> str:
    parts = [about, *about.get("anyOf", [])]
    told = [next((part["description"] for part in parts if "description" in part), "")]
    told += [f"`{word}`" for word in next((part["enum"] for part in parts if "enum" in part), ())]
    return " ".join(" ".join(told).split()).replace("|", "\\|")


def _resources() -> Iterator[str]:
    yield "## Resources\n"
    yield "| address | type | |\n|---|---|---|"
    for kind in KINDS:
        yield f"| `{kind.template}` | `{kind.mime_type}` | {kind.description} |"
    yield ""


def _prompts() -> Iterator[str]:
    yield "## Prompts\n"
    yield "| prompt | arguments | |\n|---|---|---|"
    for spec in PROMPTS:
        names = [name for name in inspect.signature(spec.function).parameters if name != _first(spec.function)]
        about = " ".join((spec.function.__doc__ or "").split())
        yield f"| `{spec.name}` | {', '.join(f'`{name}`' for name in names)} | {about} |"
    yield ""


def _first(function: Any) -> str:
    return next(iter(inspect.signature(function).parameters))


def main() -> None:
    """Rewrite the end of the page."""
    head, _, _ = FILE.read_text(encoding="utf-8").partition(MARK)
    FILE.write_text(head + reference(), encoding="utf-8")
    sys.stderr.write(f"wrote {FILE}\n")


if __name__ == "__main__":
    main()
