"""Python's manifests."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from banana_assets.core.codebase.manifests.types import Dependency, EntryPoint, Manifest, ManifestError, yaml_mapping

_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*((?:[<>=!~(@].*)?)\s*$")
_DEV = re.compile(r"(?i)dev|test|lint|doc|type|check|ci\b|style")


def group_of(name: str) -> str:
    """``dev`` for groups that only those who work on the project install, else the group's own name."""
    return "dev" if _DEV.search(name) else name


def requirement(text: str, group: str = "runtime") -> Dependency | None:
    """One requirement (PEP 508 as far as name and version go)."""
    found = _REQUIREMENT.match(text.split(" #")[0].split(";")[0])
    return Dependency(found[1], found[2], group) if found else None


def _all(texts: object, group: str) -> Iterator[Dependency]:
    for text in texts if isinstance(texts, list) else ():
        if isinstance(text, str) and (found := requirement(text, group)):
            yield found


def pyproject(path: str, text: str) -> Manifest:
    """``pyproject.toml``: the standard's tables, dependency groups (PEP 735), Poetry's, PDM's and uv's."""
    data = tomllib.loads(text)
    project, tool = _table(data, "project"), _table(data, "tool")
    found = list(_all(project.get("dependencies"), "runtime"))
    for name, texts in _table(project, "optional-dependencies").items():
        found += _all(texts, group_of(name))
    for name, texts in _table(data, "dependency-groups").items():
        found += _all(texts, group_of(name))
    for name, texts in _table(_table(tool, "pdm"), "dev-dependencies").items():
        found += _all(texts, group_of(name))
    found += _all(_table(tool, "uv").get("dev-dependencies"), "dev")
    poetry = _table(tool, "poetry")
    found += _versions(_table(poetry, "dependencies"), "runtime")
    found += _versions(_table(poetry, "dev-dependencies"), "dev")
    for name, group in _table(poetry, "group").items():
        found += _versions(_table(group, "dependencies"), group_of(name))
    found += _all(_table(data, "build-system").get("requires"), "build")
    scripts = {**_table(poetry, "scripts"), **_table(project, "scripts"), **_table(project, "gui-scripts")}
    entries = [EntryPoint("command", name, path, str(target)) for name, target in scripts.items()]
    name = project.get("name") or poetry.get("name") or ""
    return Manifest(path, "python", str(name), tuple(found), tuple(entries))


def _versions(table: Mapping[str, Any], group: str) -> Iterator[Dependency]:
    for name, wanted in table.items():
        if name.lower() == "python":
            continue
        version = wanted.get("version", "") if isinstance(wanted, dict) else wanted
        yield Dependency(name, version if isinstance(version, str) else "", group)


def _table(data: object, key: str) -> Mapping[str, Any]:
    value = data.get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, dict) else {}


def pipfile(path: str, text: str) -> Manifest:
    """``Pipfile``."""
    data = tomllib.loads(text)
    found = [*_versions(_table(data, "packages"), "runtime"), *_versions(_table(data, "dev-packages"), "dev")]
    return Manifest(path, "python", "", tuple(found))


def requirements(path: str, text: str) -> Manifest:
    """A requirements file; options and files that it includes are left alone."""
    group = "dev" if _DEV.search(path.rpartition("/")[2].removeprefix("requirements")) else "runtime"
    lines = re.sub(r"\\\r?\n", " ", text).splitlines()
    named = (_named(line) for line in lines if line.strip() and not line.lstrip().startswith(("#", "-c", "-r", "--")))
    return Manifest(path, "python", "", tuple(_present(requirement(line, group) for line in named)))


def _named(line: str) -> str:
    """The requirement of a line; of an address the name that it gives itself."""
    line = re.sub(r"\s--hash[= ]\S+", "", line.strip().removeprefix("-e").strip())
    if "://" in line and (egg := re.search(r"#egg=([\w.-]+)", line)):
        return egg[1]
    return "" if re.match(r"[a-z+]+://|[./]", line) else line


def _present(found: Iterable[Dependency | None]) -> Iterator[Dependency]:
    return (one for one in found if one is not None)


def setup_cfg(path: str, text: str) -> Manifest:
    """``setup.cfg``."""
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    found = list(_lines(parser, "options", "install_requires", "runtime"))
    found += _lines(parser, "options", "tests_require", "dev")
    if parser.has_section("options.extras_require"):
        for name in parser.options("options.extras_require"):
            found += _lines(parser, "options.extras_require", name, group_of(name))
    scripts = parser.get("options.entry_points", "console_scripts", fallback="")
    pairs = [line.partition("=") for line in scripts.splitlines() if "=" in line]
    entries = [EntryPoint("command", name.strip(), path, target.strip()) for name, _, target in pairs]
    return Manifest(path, "python", parser.get("metadata", "name", fallback=""), tuple(found), tuple(entries))


def _lines(parser: configparser.RawConfigParser, section: str, option: str, group: str) -> Iterator[Dependency]:
    return _present(requirement(line, group) for line in parser.get(section, option, fallback="").splitlines())


def setup_py(path: str, text: str) -> Manifest:
    """``setup.py``, as far as its call of ``setup`` names things literally. It is parsed, not run."""
    found: list[Dependency] = []
    entries: list[EntryPoint] = []
    name = ""
    try:
        parsed = ast.parse(text)
    except MemoryError as error:
        # What the parser says of expressions that nest too deeply.
        raise ManifestError("it nests too deeply") from error
    for node in ast.walk(parsed):
        if not (isinstance(node, ast.Call) and _called(node) == "setup"):
            continue
        given = {word.arg: word.value for word in node.keywords}
        name = str(_literal(given.get("name"), ""))
        found += _all(_literal(given.get("install_requires"), []), "runtime")
        found += _all(_literal(given.get("tests_require"), []), "dev")
        extras = _literal(given.get("extras_require"), {})
        for group, texts in extras.items() if isinstance(extras, dict) else ():
            found += _all(texts, group_of(str(group)))
        points = _literal(given.get("entry_points"), {})
        scripts = points.get("console_scripts") if isinstance(points, dict) else None
        for script in scripts if isinstance(scripts, list) else ():
            command, _, target = str(script).partition("=")
            entries.append(EntryPoint("command", command.strip(), path, target.strip()))
    return Manifest(path, "python", name, tuple(found), tuple(entries))


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", "") or getattr(node.func, "attr", "")


def _literal(node: ast.expr | None, otherwise: object) -> Any:
    if node is None:
        return otherwise
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError):
        return otherwise


def conda(path: str, text: str) -> Manifest:
    """``environment.yml``."""
    data = yaml_mapping(text)
    found: list[Dependency] = []
    for item in data.get("dependencies") or ():
        if isinstance(item, str) and (one := requirement(item.partition("::")[2] or item)):
            found.append(one)
        elif isinstance(item, dict):
            found += _all(item.get("pip"), "runtime")
    return Manifest(path, "python", str(data.get("name") or ""), tuple(d for d in found if d.name != "python"))
