"""The language of a file, by its name or its first line, and what the files of each language come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from identify import extensions, identify

PROGRAMMING, MARKUP, DATA, PROSE = "programming", "markup", "data", "prose"

_NAMES: dict[str, dict[str, str]] = {
    PROGRAMMING: {
        "python": "Python", "pyi": "Python", "cython": "Cython", "tsx": "TSX", "ts": "TypeScript", "jsx": "JavaScript",
        "javascript": "JavaScript", "coffee": "CoffeeScript", "vue": "Vue", "svelte": "Svelte", "astro": "Astro",
        "go": "Go", "rust": "Rust", "java": "Java", "kotlin": "Kotlin", "scala": "Scala", "sbt": "Scala",
        "groovy": "Groovy", "jenkins": "Groovy", "clojure": "Clojure", "clojurescript": "Clojure", "cuda": "CUDA",
        "objective-c++": "Objective-C++", "objective-c": "Objective-C", "c": "C", "c++": "C++", "c#": "C#",
        "c#script": "C#", "f#": "F#", "f#script": "F#", "vb": "Visual Basic", "swift": "Swift", "dart": "Dart",
        "ruby": "Ruby", "php": "PHP", "perl": "Perl", "lua": "Lua", "luau": "Lua", "elixir": "Elixir",
        "erlang": "Erlang", "elm": "Elm", "haskell": "Haskell", "literate-haskell": "Haskell", "ocaml": "OCaml",
        "purescript": "PureScript", "idris": "Idris", "lean": "Lean", "scheme": "Scheme", "julia": "Julia", "r": "R",
        "fortran": "Fortran", "pascal": "Pascal", "nim": "Nim", "zig": "Zig", "crystal": "Crystal", "vala": "Vala",
        "solidity": "Solidity", "gdscript": "GDScript", "gleam": "Gleam", "asm": "Assembly", "verilog": "Verilog",
        "system-verilog": "SystemVerilog", "vhdl": "VHDL", "hlsl": "HLSL", "metal": "Metal", "bats": "Shell",
        "bash": "Shell", "zsh": "Shell", "shell": "Shell", "fish": "Shell", "csh": "Shell", "nushell": "Nushell",
        "powershell": "PowerShell", "batch": "Batch", "vim": "Vim script", "sql": "SQL", "sas": "SAS",
        "cmake": "CMake", "makefile": "Makefile", "meson": "Meson", "bazel": "Starlark", "tiltfile": "Starlark",
        "dockerfile": "Dockerfile", "terraform": "HCL", "hcl": "HCL", "nix": "Nix", "puppet": "Puppet",
        "jsonnet": "Jsonnet", "cue": "CUE", "robot": "Robot Framework", "gherkin": "Gherkin", "graphql": "GraphQL",
        "proto": "Protocol Buffers", "thrift": "Thrift", "prisma": "Prisma", "qml": "QML", "m4": "M4", "gyp": "Python",
        "jupyter": "Jupyter Notebook", "tex": "TeX",
    },
    MARKUP: {
        "html": "HTML", "xhtml": "HTML", "css": "CSS", "scss": "SCSS", "sass": "Sass", "less": "Less",
        "stylus": "Stylus", "erb": "ERB", "ejs": "EJS", "jinja": "Jinja", "nunjucks": "Jinja", "twig": "Twig",
        "handlebars": "Handlebars", "mustache": "Mustache", "pug": "Pug", "jade": "Pug", "liquid": "Liquid",
        "templ": "templ", "gotmpl": "Go template", "xaml": "XAML", "svg": "SVG", "xsl": "XSLT", "zpt": "ZPT",
    },
    DATA: {
        "json": "JSON", "json5": "JSON", "jsonld": "JSON", "geojson": "JSON", "yaml": "YAML", "toml": "TOML",
        "xml": "XML", "csv": "CSV", "tsv": "TSV", "ini": "INI", "java-properties": "Properties", "edn": "EDN",
        "plist": "Property list", "textproto": "Text proto", "diff": "Diff", "pofile": "gettext",
    },
    PROSE: {
        "markdown": "Markdown", "mdx": "MDX", "rst": "reStructuredText", "asciidoc": "AsciiDoc", "myst": "Markdown",
        "plain-text": "Text", "quarto": "Markdown",
    },
}  # fmt: skip
_BY_TAG = {tag: (name, kind) for kind, names in _NAMES.items() for tag, name in names.items()}
_ORDER = {tag: i for i, tag in enumerate(_BY_TAG)}
KINDS = dict(_BY_TAG.values())
"""The kind of each language there is."""


@dataclass(frozen=True, slots=True)
class LanguageTotal:
    """What the files of a language come to; ``counted`` of its ``files`` were read, and have ``lines`` together."""

    name: str
    kind: str
    files: int
    bytes: int
    lines: int
    counted: int


def language_of(name: str) -> str | None:
    """The language of a file of that name; None where the name does not say."""
    name = name.rpartition("/")[2]
    parts = name.split(".")
    if len(parts) > 1 and extensions.NAMES.keys().isdisjoint([name, *parts]):
        return _by_ending(parts[-1].lower())
    return _named(identify.tags_from_filename(name))


@lru_cache(1024)
def _by_ending(ending: str) -> str | None:
    return _named(identify.tags_from_filename(f"x.{ending}"))


def language_of_script(first_line: bytes) -> str | None:
    """The language that a ``#!`` line asks for."""
    if not first_line.startswith(b"#!"):
        return None
    words = first_line[2:200].decode("utf-8", "replace").replace("\t", " ").split()
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return _named(identify.tags_from_interpreter(words[0].rpartition("/")[2])) if words else None


def is_binary_name(name: str) -> bool:
    """Whether files named so are binary: nothing in them is a line."""
    return "binary" in identify.tags_from_filename(name.rpartition("/")[2])


def _named(tags: Iterable[str]) -> str | None:
    known = [tag for tag in tags if tag in _BY_TAG]
    return _BY_TAG[min(known, key=_ORDER.__getitem__)][0] if known else None


def totals(files: Iterable[tuple[str | None, int, int | None]]) -> tuple[LanguageTotal, ...]:
    """The total of each language from (language, bytes, lines or None) a file: programming first, the largest first."""
    sums: dict[str, list[int]] = {}
    for name, size, lines in files:
        if name is not None:
            row = sums.setdefault(name, [0, 0, 0, 0])
            row[0] += 1
            row[1] += size
            row[2] += lines or 0
            row[3] += lines is not None
    order = list(_NAMES)
    rows = [LanguageTotal(name, KINDS[name], *row) for name, row in sums.items()]
    return tuple(sorted(rows, key=lambda r: (order.index(r.kind), -r.lines, -r.bytes, r.name)))
