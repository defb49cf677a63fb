"""Which reader takes which manifest, and what happens to one that is broken."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace

from banana_assets.core.codebase.manifests import others, python
from banana_assets.core.codebase.manifests.types import Dependency, EntryPoint, Manifest, ManifestError
from banana_assets.core.safety.secrets import mask_lines

__all__ = ["Dependency", "EntryPoint", "Manifest", "ecosystem_of", "is_manifest", "read_manifest"]

MOST_DEPENDENCIES = 500
MOST_CHARACTERS, LONGEST_LINE = 512 * 1024, 4_000
"""Beyond these nobody wrote it, and some readers take a time that grows with the square of a line."""
_ON_ONE_LINE = re.compile(r"\.(?:json|xml|props|[cfv][sb]proj)$")

_READERS: tuple[tuple[re.Pattern[str], str, Callable[[str, str], Manifest]], ...] = tuple(
    (re.compile(pattern), ecosystem, reader)
    for pattern, ecosystem, reader in (
        (r"pyproject\.toml$", "python", python.pyproject),
        (r"Pipfile$", "python", python.pipfile),
        (r"(?:requirements|constraints)[\w.-]*\.(?:txt|in)$", "python", python.requirements),
        (r"setup\.cfg$", "python", python.setup_cfg),
        (r"setup\.py$", "python", python.setup_py),
        (r"environment\.ya?ml$", "python", python.conda),
        (r"package\.json$", "javascript", others.package_json),
        (r"deno\.jsonc?$", "javascript", others.deno),
        (r"go\.mod$", "go", others.go_mod),
        (r"Cargo\.toml$", "rust", others.cargo),
        (r"pom\.xml$", "jvm", others.pom),
        (r"build\.gradle(?:\.kts)?$", "jvm", others.gradle),
        (r"build\.sbt$", "jvm", others.by_lines),
        (r"Gemfile$|[\w.-]+\.gemspec$", "ruby", others.by_lines),
        (r"composer\.json$", "php", others.composer),
        (r"[\w.-]+\.(?:cs|fs|vb)proj$|packages\.config$|Directory\.Packages\.props$", "dotnet", others.dotnet),
        (r"mix\.exs$", "elixir", others.by_lines),
        (r"pubspec\.yaml$", "dart", others.pubspec),
        (r"Package\.swift$|Podfile$", "swift", others.by_lines),
        (r"CMakeLists\.txt$|meson\.build$|conanfile\.txt$", "c++", others.by_lines),
        (r"vcpkg\.json$", "c++", others.vcpkg),
        (r"cpanfile$", "perl", others.by_lines),
        (r"(?:Docker|Container)file[\w.-]*$|[\w.-]+\.[Dd]ockerfile$", "container", others.dockerfile),
        (r"Procfile$", "service", others.procfile),
    )
)
_ANY = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _, _ in _READERS))
_BROKEN = (
    ManifestError,
    tomllib.TOMLDecodeError,
    json.JSONDecodeError,
    configparser.Error,
    SyntaxError,
    RecursionError,
    ValueError,
    AttributeError,
    TypeError,
)
"""What the readers' libraries raise for text that is not what its name says, and readers for values of another type."""


def is_manifest(path: str) -> bool:
    """Whether a file of that name is read for dependencies."""
    return bool(ecosystem_of(path))


def ecosystem_of(path: str) -> str:
    """The ecosystem of a manifest, by its name; empty for another file."""
    name = path.rpartition("/")[2]
    if not _ANY.match(name):
        return ""
    return next(ecosystem for pattern, ecosystem, _ in _READERS if pattern.match(name))


def read_manifest(path: str, text: str) -> Manifest:
    """What a manifest says; for a broken one why it could not be read. Secrets in it are masked."""
    name = path.rpartition("/")[2]
    ecosystem, reader = next((e, r) for pattern, e, r in _READERS if pattern.match(name))
    if len(text) > MOST_CHARACTERS or (
        not _ON_ONE_LINE.search(name) and max(map(len, text.split("\n"))) > LONGEST_LINE
    ):
        return Manifest(path, ecosystem, problem="it is larger than such files are")
    try:
        manifest = reader(path, text)
    except _BROKEN as error:
        what = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        return Manifest(path, ecosystem, problem=mask_lines([what]).lines[0])
    return _bounded(manifest)


def _bounded(manifest: Manifest) -> Manifest:
    """Within bounds, and masked: a value together with its name, which may be what tells that it is a secret."""
    kept = manifest.dependencies[:MOST_DEPENDENCIES]
    points = manifest.entry_points[:100]
    pairs = [(d.name, d.wanted) for d in kept] + [(p.name, p.target) for p in points]
    joined = (" ".join(f"{name.replace('=', ' ')}={value}".split()) for name, value in pairs)
    texts = [line.partition("=") for line in mask_lines(joined).lines]
    safe = [(name[:200], value[:200]) for name, _, value in texts]
    return replace(
        manifest,
        dependencies=tuple(Dependency(*safe[i], d.group) for i, d in enumerate(kept)),
        entry_points=tuple(
            replace(p, name=safe[len(kept) + i][0], target=safe[len(kept) + i][1]) for i, p in enumerate(points)
        ),
        omitted=len(manifest.dependencies) - len(kept),
    )
