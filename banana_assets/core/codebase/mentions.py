"""Where the lines that explain a failure speak of a file: by its path, its module, or a name in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from banana_assets.core.text import Late

_BEFORE = Late(r"[\w./\\@+~:-]*$")
_LINE = Late(
    r"""^(?:["'`)\]]*(?:,?\ line\ |:\s?line\ |\ line:?\ )(\d+)      # File "a.py", line 3
      | :(\d+) (?![\d.]*\.\d)                                        # a.c:3:1
      | \((\d+)(?:,\d+)?\)                                           # a.ts(3,1)
      | :\[(\d+),\d+\] )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A file named in the lines: ``line`` is the one named with it, ``at`` the index of the line that names it.

    ``sure`` says how much of the path agrees: 1 all that either has, less where folders differ or only the name stands.
    """

    line: int | None
    at: int
    sure: float


def mentions(path: str, lines: Sequence[str]) -> list[Mention]:
    """Where the lines name a file, as whole words, whatever the folder that the build ran in."""
    name = path.rpartition("/")[2]
    parts = path.split("/")
    found = []
    for at, text in enumerate(lines):
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            whole = (start == 0 or not _word(text[start - 1])) and (end == len(text) or not _goes_on(text, end))
            before = _BEFORE.search(text[max(0, start - 300) : start])
            sure = _agreement(parts, before[0] if before else "") if whole else 0.0
            if sure:
                number = _LINE.match(text[end : end + 40])
                line = next((int(g) for g in number.groups() if g), None) if number else None
                found.append(Mention(line, at, max(sure, _by_package(parts, text[max(0, start - 200) : start]))))
            start = text.find(name, end)
    return found


def _word(character: str) -> bool:
    return character.isalnum() or character in "_-."


def _goes_on(text: str, end: int) -> bool:
    """Whether the name goes on: ``a.py`` in ``a.pyc``, ``a.ts`` in ``a.ts.snap``."""
    character = text[end]
    return (
        character.isalnum()
        or character in "_-"
        or (character == "." and end + 1 < len(text) and text[end + 1].isalnum())
    )


def _agreement(parts: Sequence[str], before: str) -> float:
    """How well the folders written before a name agree with those of a path (1, .5, or 0 for another file)."""
    written = [part for part in before.replace("\\", "/").split("/")[:-1] if part not in ("", ".", "..")]
    if not written:
        return 1.0 if len(parts) == 1 else 0.6
    folders = list(parts[:-1])
    common = 0
    while common < min(len(written), len(folders)) and written[-1 - common] == folders[-1 - common]:
        common += 1
    if common == len(folders) or common == len(written):
        return 1.0
    return 0.5 if common else 0.0


def _by_package(parts: Sequence[str], before: str) -> float:
    """1 where a stack frame names the package that the path lies in: ``com.acme.Cart.add(Cart.java``."""
    words = before.rstrip("(").replace("$", ".").rpartition(" ")[2].split(".")
    stem = parts[-1].partition(".")[0]
    if stem not in words or len(parts) < 2:
        return 0.0
    package = words[: words.index(stem)]
    return 1.0 if package and list(parts[-1 - len(package) : -1]) == package else 0.0


_ROOTS = (
    "src/main/java",
    "src/main/kotlin",
    "src/main/scala",
    "src/test/java",
    "src/test/kotlin",
    "src",
    "lib",
    "app",
    "python",
)


def modules(path: str) -> list[str]:
    """The dotted names that a source file may go by, the longest first; none for a hidden one, which is no module."""
    if path.rpartition("/")[2].startswith("."):
        return []
    stem = re.sub(r"(?:/__init__|/mod|/index)?\.\w+$", "", path)
    names = [stem]
    for root in _ROOTS:
        if stem.startswith(f"{root}/"):
            names.append(stem[len(root) + 1 :])
    return list(dict.fromkeys(name.replace("/", ".") for name in names))


def names_module(path: str, lines: Sequence[str]) -> int | None:
    """The index of the first line that names a file's module: dotted, or where something is imported."""
    for name in modules(path):
        dotted = "." in name
        pattern = _module_pattern(name, dotted)
        for at, text in enumerate(lines):
            if (name in text or name.replace(".", "/") in text) and pattern.search(text):
                return at
    return None


@lru_cache(2048)
def _module_pattern(name: str, dotted: bool) -> re.Pattern[str]:
    slashed = re.escape(name).replace(r"\.", r"(?:\.|/|::)")
    if dotted:
        return re.compile(rf"(?<![\w./-]){slashed}(?![\w-])")
    words = r"(?:from|import|require|module(?: named)?|package|crate|load such file --|module for|use)"
    return re.compile(rf"(?i:\b{words})\s*[(]?\s*['\"`]?(?:\./|\.\./)*{slashed}(?![\w-])")


_NAMED = Late(
    r"""(?x) ['"`‘’]([A-Za-z_$][\w.$:]{2,80})(?:\(\))?['"`‘’]
      | \b([A-Za-z_$][\w$]{2,80})\s?\(
      | \b(?:name|symbol|function|method|class|type|attribute|variable|field|macro|member|identifier|undefined|property)
        :?\s+(?:to\ |is\ )?['"`]?([A-Za-z_$][\w$.:]{2,80})
      | \b((?:[a-z]+[A-Z]|[A-Z][a-z0-9]+[A-Z])[\w$]*) | \b([A-Za-z]\w*_\w+)\b | (?:\.|::)([A-Za-z_]\w{3,})"""
)
_WORDS = """
    error errors exception failed failure expected actual assert assertion assertionerror typeerror valueerror
    keyerror nameerror attributeerror importerror modulenotfounderror runtimeerror line file test tests none
    null true false self this return class function import from module object string number undefined int str
    list dict bool float void print println main call called not found reason caused java lang org com util
    node_modules site_packages traceback stack trace raise throw new const let var def result value data name
    args kwargs length equal equals tobe toequal expect describe console log process exit_code exit code stderr
    stdout nullpointerexception typeerrors referenceerror syntaxerror panic thread unwrap option some
    result_type warning note help info debug get set run build make python pytest unittest jest
"""
_PLAIN = frozenset(_WORDS.split())


def named(lines: Iterable[str]) -> dict[str, int]:
    """The names of code in the lines (not words of prose), each with the index of the first line that has it."""
    found: dict[str, int] = {}
    for at, text in enumerate(lines):
        for match in _NAMED.finditer(text[:2_000]):
            word = next(group for group in match.groups() if group)
            for part in _parts(word):
                found.setdefault(part, at)
    return found


def _parts(word: str) -> Iterator[str]:
    for part in re.split(r"[.:]+", word):
        if len(part) >= 3 and part.lower() not in _PLAIN and not part.isdigit():
            yield part
