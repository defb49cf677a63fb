"""``banana codebase``: what a folder of source is made of, its outline, and what changed before a build failed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.text import visible
from banana_assets.core.units import quantity
from banana_assets.interfaces.cli.output import Format, say, write_object

if TYPE_CHECKING:
    from banana_assets.backends.codebase import BuildChanges, Outlines
    from banana_assets.core.codebase.manifests import EntryPoint, Manifest
    from banana_assets.core.codebase.outline import FileOutline
    from banana_assets.core.codebase.types import CodeBase

app = typer.Typer(add_completion=False)

MOST_ROWS = 12
MOST_SUSPECTS = 8
WIDTH = 100


@app.command()
def codebase(
    path: Annotated[Path, typer.Argument(help="Folder of the code base.", show_default="here")] = Path(),
    tree: Annotated[bool, typer.Option("--tree", help="Show the tree of files.")] = False,
    outline: Annotated[
        str | None, typer.Option(metavar="FILE", help="Show the outline of a file or folder, relative to PATH.")
    ] = None,
    changed: Annotated[
        str | None,
        typer.Option(metavar="BUILD", help="Show what changed since the last green build before this failed one."),
    ] = None,
    depth: Annotated[int, typer.Option(min=1, max=32, help="Levels of the tree.")] = 3,
    show_root: Annotated[bool, typer.Option("--show-root", help="Tell the absolute path of the folder.")] = False,
    submodules: Annotated[bool, typer.Option("--submodules", help="Enter repositories inside this one.")] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="Text for people, or one JSON object.")] = Format.table,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show what a folder of source is made of: languages, frameworks, programs, tests, dependencies, configuration.

    Ignored files are left out, links are not followed, files named like secrets are not opened, and secrets elsewhere
    are masked. Exit status 1 when `--changed` cannot compare the two commits.
    """
    form = Format.json if json else form
    if sum((tree, outline is not None, changed is not None)) > 1:
        raise InputError("Only one of --tree, --outline and --changed can be shown.", "Ask for them one by one.")
    if outline is not None:
        _outline(path, outline, form)
    elif changed is not None:
        _changed(path, changed, form)
    else:
        from banana_assets.backends.codebase import read, wire

        found = read(path, depth=depth, show_root=show_root, submodules=submodules)
        if form is not Format.table:
            write_object(wire(found), form)
        else:
            _write(_tree(wire(found)["file_tree"]) if tree else _summary(found))
        for note in found.notes:
            say(f"banana codebase: {visible(note)}")


def _write(lines: Iterator[str]) -> None:
    for line in lines:
        # Names of files may hold line breaks.
        sys.stdout.write(visible(line.replace("\n", "\\n")).rstrip() + "\n")


def _summary(found: CodeBase) -> Iterator[str]:
    where = f" on {found.branch}" if found.branch else ""
    at = f", commit {found.commit[:12]}{where}" if found.commit else ""
    files = plural(len(found.files), "file")
    yield f"{found.root}: {files}, {found.lines:,} lines, {_size(found.bytes)}{at}"
    rows = [
        (row.name, plural(row.files, "file"), f"{row.lines:,} lines" if row.counted else "")
        for row in found.languages
        if row.kind in ("programming", "markup")
    ] or [(row.name, plural(row.files, "file"), f"{row.lines:,} lines") for row in found.languages]
    yield from _block("Languages", (f"{a:16} {b:>12}  {c:>14}" for a, b, c in rows))
    kinds: dict[str, list[str]] = {}
    for framework in found.frameworks:
        kinds.setdefault(framework.kind, []).append(framework.name)
    yield from _block("Frameworks", (f"{kind:16} {_some(names)}" for kind, names in kinds.items()))
    yield from _block("Programs", map(_program, found.entry_points))
    tests = found.tests
    if tests.files:
        told = f"{plural(tests.written, 'test')} written in {plural(tests.files, 'file')}"
        yield from _block("Tests", [told, *(f"{n:>6}  {folder}" for folder, n in tests.folders)])
    yield from _block("Dependencies", (f"{m.path}  {_packages(m)}" for m in found.manifests))
    yield from _block("Configuration", found.configuration)
    yield from _block("Left out or not read", (f"{n:>6,}  {why}" for why, n in found.skipped.items()))


def _program(point: EntryPoint) -> str:
    target = f" -> {point.target}" if point.target else ""
    return f"{point.kind:9} {point.name}  {point.path}{target}"


def _size(size: int) -> str:
    return quantity(size, "bytes") if size >= 1024 else f"{size} B"


def _packages(manifest: Manifest) -> str:
    if manifest.problem:
        return f"cannot be read: {manifest.problem}"
    return plural(len(manifest.dependencies) + manifest.omitted, "package")


def _some(names: list[str]) -> str:
    text = ", ".join(names)
    return text if len(text) <= WIDTH else text[: text.rfind(", ", 0, WIDTH)] + ", ..."


def _block(title: str, lines: Any) -> Iterator[str]:
    rows = list(lines)
    if rows:
        yield ""
        yield f"{title}:"
        yield from (f"  {row}" for row in rows[:MOST_ROWS])
        if len(rows) > MOST_ROWS:
            yield f"  ... and {len(rows) - MOST_ROWS:,} more (--format json)"


def _tree(nodes: list[dict[str, Any]], indent: str = "") -> Iterator[str]:
    for node in nodes:
        if node["type"] == "directory":
            inside = "" if node["children"] else f"  ({plural(node['files'], 'file')}, {_size(node['bytes'])})"
            yield f"{indent}{node['name']}/{inside}"
            yield from _tree(node["children"], indent + "  ")
            if node["children"] and node.get("omitted"):
                yield f"{indent}  ... and {node['omitted']:,} more"
        else:
            link = "  (symbolic link)" if node.get("symlink") else ""
            yield f"{indent}{node['name']}  {_size(node['size'])}{link}"


def _outline(root: Path, path: str, form: Format) -> None:
    from banana_assets.backends.codebase import outline, outlines

    if (root / path).is_dir():
        found = outlines(root, path)
        if form is not Format.table:
            write_object(asdict(found), form)
        else:
            _write(_outlines(found))
        return
    one = outline(root, path)
    if form is not Format.table:
        write_object(asdict(one), form)
    else:
        _write(_symbols(one))
    if one.refused:
        say(f"banana codebase: {visible(one.path)} has no outline: {one.refused}.")
    elif one.first_error:
        say(f"banana codebase: {visible(one.path)} does not parse at line {one.first_error}; the rest is told.")
    elif not one.symbols:
        say(f"banana codebase: {visible(one.path)} defines no class and no function.")
    if one.omitted:
        say(f"banana codebase: {plural(one.omitted, 'symbol')} more.")


def _symbols(one: FileOutline) -> Iterator[str]:
    for symbol in one.symbols:
        depth = 0 if not symbol.parent else 1 + symbol.parent.count(".")
        yield f"{symbol.first:>6}-{symbol.last:<6} {'  ' * min(depth, 8)}{symbol.signature}"
        if symbol.doc:
            yield f"{' ' * 14}{'  ' * min(depth, 8)}  {symbol.doc}"


def _outlines(found: Outlines) -> Iterator[str]:
    for one in found.files:
        if one.symbols:
            yield one.path
            yield from (f"  {line}" for line in _symbols(one))
    for why, count in found.skipped.items():
        say(f"banana codebase: {count:,} {why}.")


def _changed(root: Path, told: str, form: Format) -> None:
    from banana_assets.backends.codebase import build_changes, wire_changes
    from banana_assets.interfaces.cli.opened import opened_reading

    with opened_reading() as (store, tables):
        found = build_changes(store, tables, told, root)
    if form is not Format.table:
        green = found.green["build_id"] if found.green else None
        names = {"build_id": found.build["build_id"], "green_build_id": green}
        write_object(names | wire_changes(found.changes), form)
    elif found.changes.known:
        _write(_compared(found))
    for note in (found.changes.why, *found.changes.notes):
        if note:
            say(f"banana codebase: {visible(note)}")
    if not found.changes.known:
        raise typer.Exit(1)


def _compared(found: BuildChanges) -> Iterator[str]:
    changes = found.changes
    assert found.green is not None
    assert changes.base is not None
    assert changes.head is not None
    files = plural(len(changes.files) + changes.omitted, "file")
    yield f"{found.build['build_id']} failed; {found.green['build_id']} was the last green one of its job before it"
    yield f"  {changes.base[:12]}..{changes.head[:12]}: {plural(len(changes.commits), 'commit')}, {files}"
    yield ""
    yield "Suspects:" if changes.suspects else "Suspects: nothing that changed is named by what explains the failure."
    for suspect in changes.suspects[:MOST_SUSPECTS]:
        spans = ", ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in suspect.lines[:4])
        yield f"  {suspect.score:4.0%}  {suspect.path}{f':{spans}' if spans else ''}"
        yield from (f"        {reason}" for reason in suspect.reasons[:4])
    yield from _block(
        "Changed",
        (
            f"{file.status:9} {_churn(file.added, file.removed):>12}  {file.path}"
            + (f"  ({', '.join(file.authors[:3])})" if file.authors else "")
            for file in changes.files
        ),
    )
    yield from _block("Commits", (f"{c.sha[:12]}  {c.at:%Y-%m-%d}  {c.author}: {c.subject}" for c in changes.commits))


def _churn(added: int | None, removed: int | None) -> str:
    return "binary" if added is None or removed is None else f"+{added:,} -{removed:,}"
