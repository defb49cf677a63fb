"""The manifests of JavaScript, Go, Rust, the JVM, Ruby, PHP, .NET and others, and of what runs them."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from banana_assets.core.codebase.manifests.types import (
    Dependency,
    EntryPoint,
    Manifest,
    ManifestError,
    xml_root,
    yaml_mapping,
)
from banana_assets.core.text import Late


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _object(text: str) -> Mapping[str, Any]:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ManifestError("it holds no object")
    return data


def package_json(path: str, text: str) -> Manifest:
    """``package.json``."""
    data = _object(text)
    groups = {
        "dependencies": "runtime",
        "devDependencies": "dev",
        "peerDependencies": "peer",
        "optionalDependencies": "optional",
    }
    found = [
        Dependency(name, str(wanted), group)
        for key, group in groups.items()
        for name, wanted in _mapping(data.get(key)).items()
    ]
    own, bins = str(data.get("name") or ""), data.get("bin")
    entries = [EntryPoint("command", own.rpartition("/")[2], path, bins)] if isinstance(bins, str) else []
    entries += [EntryPoint("command", name, path, str(target)) for name, target in _mapping(bins).items()]
    scripts = _mapping(data.get("scripts"))
    entries += [EntryPoint("script", name, path, str(scripts[name])) for name in _STARTS if name in scripts]
    if isinstance(data.get("main"), str):
        entries.append(EntryPoint("package", own, path, data["main"]))
    return Manifest(path, "javascript", own, tuple(found), tuple(entries))


_STARTS = ("start", "dev", "serve", "build", "test", "lint")


def deno(path: str, text: str) -> Manifest:
    """``deno.json``, with the comments that it may hold."""
    data = _object(re.sub(r"(?m)^[ \t]*//.*$", "", text))
    found = []
    for name, target in _mapping(data.get("imports")).items():
        if not str(target).startswith((".", "/")):
            found.append(Dependency(name, str(target)))
    tasks = [EntryPoint("script", name, path, str(text)) for name, text in _mapping(data.get("tasks")).items()]
    return Manifest(path, "javascript", str(data.get("name") or ""), tuple(found), tuple(tasks))


def composer(path: str, text: str) -> Manifest:
    """``composer.json``."""
    data = _object(text)
    found = [
        Dependency(name, str(wanted), group)
        for key, group in (("require", "runtime"), ("require-dev", "dev"))
        for name, wanted in _mapping(data.get(key)).items()
        if "/" in name
    ]
    return Manifest(path, "php", str(data.get("name") or ""), tuple(found))


def vcpkg(path: str, text: str) -> Manifest:
    """``vcpkg.json``."""
    data = _object(text)
    listed = data.get("dependencies")
    found = [
        Dependency(str(item.get("name", "")), str(item.get("version>=", "")))
        if isinstance(item, dict)
        else Dependency(str(item), "")
        for item in (listed if isinstance(listed, list) else ())
    ]
    return Manifest(path, "c++", str(data.get("name") or ""), tuple(found))


def go_mod(path: str, text: str) -> Manifest:
    """``go.mod``; what it needs only indirectly is a group of its own."""
    found = []
    inside = False
    for raw in text.splitlines():
        line, _, comment = raw.partition("//")
        words = line.split()
        if words[:1] == ["require"]:
            words = words[1:]
            inside = inside or words == ["("]
        elif not inside:
            continue
        if words == [")"]:
            inside = False
        elif len(words) == 2:
            found.append(Dependency(words[0], words[1], "indirect" if "indirect" in comment else "runtime"))
    name = re.search(r"(?m)^module\s+(\S+)", text)
    return Manifest(path, "go", name[1] if name else "", tuple(found))


def cargo(path: str, text: str) -> Manifest:
    """``Cargo.toml``, with those of its workspace and targets."""
    data = tomllib.loads(text)
    tables = [data, _mapping(data.get("workspace")), *map(_mapping, _mapping(data.get("target")).values())]
    groups = {"dependencies": "runtime", "dev-dependencies": "dev", "build-dependencies": "build"}
    found = [
        Dependency(name, str(wanted.get("version", "") if isinstance(wanted, dict) else wanted), group)
        for table in tables
        for key, group in groups.items()
        for name, wanted in _mapping(table.get(key)).items()
    ]
    bins = data.get("bin")
    entries = [
        EntryPoint("program", str(item.get("name", "")), path, str(item.get("path", "")))
        for item in (bins if isinstance(bins, list) else ())
        if isinstance(item, dict)
    ]
    return Manifest(path, "rust", str(_mapping(data.get("package")).get("name") or ""), tuple(found), tuple(entries))


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def pom(path: str, text: str) -> Manifest:
    """``pom.xml``."""
    root = xml_root(text)
    found = []
    for node in root.iter():
        if _local(node.tag) in ("dependency", "plugin"):
            given = {_local(child.tag): (child.text or "").strip() for child in node}
            name = ":".join(filter(None, (given.get("groupId"), given.get("artifactId"))))
            group = "build" if _local(node.tag) == "plugin" else "dev" if given.get("scope") == "test" else "runtime"
            if name:
                found.append(Dependency(name, given.get("version", ""), group))
    own = next((child.text or "" for child in root if _local(child.tag) == "artifactId"), "")
    return Manifest(path, "jvm", own.strip(), tuple(found))


def dotnet(path: str, text: str) -> Manifest:
    """A project file of .NET, ``packages.config`` or ``Directory.Packages.props``."""
    root = xml_root(text)
    found = []
    for node in root.iter():
        if _local(node.tag) in ("PackageReference", "PackageVersion", "package"):
            name = node.get("Include") or node.get("Update") or node.get("id") or ""
            version = (
                node.get("Version")
                or node.get("version")
                or next((c.text or "" for c in node if _local(c.tag) == "Version"), "")
            )
            if name:
                found.append(Dependency(name, version))
    return Manifest(path, "dotnet", path.rpartition("/")[2].rpartition(".")[0], tuple(found))


_GRADLE = Late(
    r"""(?m)^[ \t]*(\w*(?:[iI]mplementation|[aA]pi|[cC]ompileOnly|[rR]untimeOnly|kapt|ksp|annotationProcessor|classpath))"""
    r"""\s*\(?\s*(?:platform\(|kotlin\()?\s*["']([\w.-]+):([\w.-]+)(?::([^"'@]+))?"""
)
_PLUGIN = Late(r"""(?m)^[ \t]*id\s*\(?\s*["']([\w.-]+)["']\)?(?:\s+version\s+["']([^"']+))?""")


def gradle(path: str, text: str) -> Manifest:
    """A build file of Gradle, as far as dependencies are written out."""
    found = [
        Dependency(f"{group}:{name}", version or "", "dev" if "test" in kind.lower() else "runtime")
        for kind, group, name, version in _GRADLE.findall(text)
    ]
    found += [Dependency(name, version, "build") for name, version in _PLUGIN.findall(text)]
    return Manifest(path, "jvm", "", tuple(found))


_LINES: dict[str, tuple[str, Late[str]]] = {
    "build.sbt": ("jvm", Late(r'"([\w.-]+"\s*%%?%?\s*"[\w.-]+)"\s*%\s*"?([\w.-]*)')),
    "Gemfile": ("ruby", Late(r"""(?m)^[ \t]*gem\s+["']([\w.-]+)["'](?:\s*,\s*["']([^"']+))?""")),
    "gemspec": ("ruby", Late(r"""add_(?:runtime_|development_)?dependency\s*\(?\s*["']([\w.-]+)["'](?:\s*,\s*["']([^"']+))?""")),
    "mix.exs": ("elixir", Late(r"""\{\s*:(\w+)\s*,\s*["']([^"']+)""")),
    "Package.swift": ("swift", Late(r"""\.package\(\s*(?:name:\s*"[^"]*",\s*)?url:\s*"([^"]+)"[^)]*?(?:from:|exact:|branch:)\s*"([^"]+)""")),
    "Podfile": ("swift", Late(r"""(?m)^[ \t]*pod\s+["']([\w/+.-]+)["'](?:\s*,\s*["']([^"']+))?""")),
    "CMakeLists.txt": ("c++", Late(r"(?mi)^[ \t]*find_package\s*\(\s*(\w+)(?:\s+([\d.]+))?")),
    "meson.build": ("c++", Late(r"""\bdependency\s*\(\s*'([\w.+-]+)'(?:[^)]*?version\s*:\s*'([^']+))?""")),
    "conanfile.txt": ("c++", Late(r"(?m)^[ \t]*([\w.+-]+)/([\w.\[\]<>=~ -]+)(?:@\S*)?\s*$")),
    "cpanfile": ("perl", Late(r"""(?m)^[ \t]*requires\s+["']([\w:]+)["'](?:\s*,\s*["']?([\w.]+))?""")),
}  # fmt: skip


def by_lines(path: str, text: str) -> Manifest:
    """A manifest that is a program: what its lines plainly say."""
    name = path.rpartition("/")[2]
    ecosystem, pattern = _LINES["gemspec" if name.endswith(".gemspec") else name]
    found = [Dependency(re.sub(r'"\s*%%?%?\s*"', ":", a), b) for a, b in pattern.findall(text)]
    return Manifest(path, ecosystem, "", tuple(found))


def pubspec(path: str, text: str) -> Manifest:
    """``pubspec.yaml``."""
    data = yaml_mapping(text)
    found = [
        Dependency(str(name), wanted if isinstance(wanted, str) else "", group)
        for key, group in (("dependencies", "runtime"), ("dev_dependencies", "dev"))
        for name, wanted in _mapping(data.get(key)).items()
    ]
    return Manifest(path, "dart", str(data.get("name") or ""), tuple(found))


def dockerfile(path: str, text: str) -> Manifest:
    """A Dockerfile: the images it builds on, and what the last stage starts."""
    joined = re.sub(r"\\\r?\n", " ", text)
    stages = {name.lower() for name in re.findall(r"(?mi)^[ \t]*FROM\s+.*?\sAS\s+(\S+)", joined)}
    images = re.findall(r"(?mi)^[ \t]*FROM\s+(?:--\S+\s+)*(\S+)", joined)
    found = []
    for image in images:
        name, _, digest = image.partition("@")
        base, colon, tag = name.rpartition(":")
        if name.lower() not in stages:
            found.append(
                Dependency(base if colon and "/" not in tag else name, digest or (tag if colon else ""), "image")
            )
    starts = re.findall(r"(?mi)^[ \t]*(ENTRYPOINT|CMD)\s+(.+)$", joined)[-2:]
    entries = [EntryPoint("container", word.upper(), path, " ".join(text.split())[:200]) for word, text in starts]
    return Manifest(path, "container", "", tuple(found), tuple(entries))


def procfile(path: str, text: str) -> Manifest:
    """A Procfile."""
    pairs = re.findall(r"(?m)^([\w-]+):\s*(.+)$", text)
    return Manifest(path, "service", "", (), tuple(EntryPoint("service", n, path, c.strip()[:200]) for n, c in pairs))
