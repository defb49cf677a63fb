"""Which of the files that changed most likely broke a build: each is met with what explains the failure.

Every reason is worth a share of certainty, and shares add up as independent ones do (noisy or). The shares are judged,
not fitted; the order of the suspects is what counts.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from banana_assets.core.codebase.changes import ChangedFile, Hunk
from banana_assets.core.codebase.configuration import is_configuration
from banana_assets.core.codebase.importing import imports, stem_of
from banana_assets.core.codebase.manifests import is_manifest
from banana_assets.core.codebase.mentions import mentions, named, names_module
from banana_assets.core.codebase.names import is_generated, is_test

LEAST = 0.1
NEAR = 3
"""A line of a trace this near to a change meets it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What explains a failure: the lines, the names of failing tests, its category, the tool that reported it.

    ``around`` are further lines of evidence, such as the rest of a trace: a file that they name counts for less.
    """

    lines: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    failing_tests: tuple[str, ...] = ()
    category: str = ""
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A changed file, how likely it is to be what broke the build (0..1), why, and its lines that are met (if any)."""

    path: str
    score: float
    reasons: tuple[str, ...]
    lines: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class _Case:
    """What is gathered about one file."""

    file: ChangedFile
    reasons: dict[str, float] = field(default_factory=dict)
    lines: list[tuple[int, int]] = field(default_factory=list)

    def add(self, reason: str, share: float) -> None:
        self.reasons[reason] = max(self.reasons.get(reason, 0.0), share)


def suspects(
    files: Sequence[ChangedFile], cause: Cause, *, context: Mapping[str, str] | None = None, most: int = 20
) -> tuple[Suspect, ...]:
    """The changed files that meet the cause, the likeliest first.

    ``context`` holds texts of files, by path, that the cause names or failing tests stand in: a changed file that one
    of them imports is nearer to the failure than others.
    """
    cases = [_Case(file) for file in files]
    folders = {part for file in files for part in file.path.split("/")[:-1]}
    names = {word: at for word, at in named([*cause.lines, *cause.failing_tests]).items() if word not in folders}
    spread = Counter(word for file in files for word in _words(file.hunks) if word in names)
    tests = _test_stems(cause)
    for case in cases:
        _by_place(case, cause)
        _by_module(case, cause)
        _by_names(case, names, spread)
        _by_tests(case, cause, tests)
        _by_kind(case, cause)
        _by_imports(case, context or {})
    written = [case for case in cases if _counts(case.file)]
    if len(written) == 1:
        written[0].add("it is the only source that changed", 0.4)
    found = [suspect for case in cases if (suspect := _judged(case)).score >= LEAST]
    churn = {file.path: (file.added or 0) + (file.removed or 0) for file in files}
    return tuple(sorted(found, key=lambda s: (-s.score, -churn[s.path], s.path))[:most])


def _judged(case: _Case) -> Suspect:
    doubt = 1.0
    for share in case.reasons.values():
        doubt *= 1 - share
    score = (1 - doubt) * (0.6 if is_generated(case.file.path) or _is_prose(case.file.path) else 1.0)
    reasons = sorted(case.reasons, key=lambda reason: -case.reasons[reason])
    return Suspect(case.file.path, round(min(score, 0.99), 3), tuple(reasons), tuple(dict.fromkeys(case.lines))[:20])


def _counts(file: ChangedFile) -> bool:
    return not _is_prose(file.path)


def _is_prose(path: str) -> bool:
    return path.lower().endswith((".md", ".rst", ".txt", ".adoc", ".png", ".svg", ".jpg")) and not is_manifest(path)


def _by_place(case: _Case, cause: Cause) -> None:
    """Lines of the log that name the file."""
    file = case.file
    for who, lines, weight in (("the cause", cause.lines, 1.0), ("the evidence", cause.around, 0.6)):
        for path in dict.fromkeys(filter(None, (file.path, file.old_path))):
            gone = file.status == "deleted" or (file.status == "renamed" and path == file.old_path)
            for mention in mentions(path, lines):
                share = weight * mention.sure
                if gone:
                    case.add(f"{who} names it, and it was {file.status}", 0.8 * share)
                elif mention.line is None:
                    case.add(f"{who} names it", 0.45 * share)
                else:
                    _at_line(case, mention.line, who, share)


def _at_line(case: _Case, line: int, who: str, share: float) -> None:
    for hunk in case.file.hunks:
        if hunk.first and hunk.first - NEAR <= line <= hunk.last + NEAR:
            case.add(f"{who} names line {line}, where it changed", 0.85 * share)
            case.lines.append((hunk.first, hunk.last))
            return
    case.add(f"{who} names line {line} of it", 0.55 * share)


def _by_module(case: _Case, cause: Cause) -> None:
    file = case.file
    gone = {"deleted": file.path, "renamed": file.old_path or ""}.get(file.status)
    if gone and names_module(gone, cause.lines) is not None:
        case.add(f"the cause names its module, and it was {file.status}", 0.7)
    elif names_module(file.path, cause.lines) is not None:
        case.add("the cause names its module", 0.5 if file.status == "added" else 0.4)
    elif names_module(file.path, cause.around) is not None:
        case.add("the evidence names its module", 0.25)


def _by_names(case: _Case, names: Mapping[str, int], spread: Counter[str]) -> None:
    """Names of code that the cause speaks of and that stand in what changed: rare ones tell more."""
    met = {word: spread[word] for word in _words(case.file.hunks) if word in names}
    for word in sorted(met, key=lambda w: (met[w], names[w], w))[:5]:
        defined = _defines(case.file.hunks, word)
        what, share = {
            "-": ("it no longer defines", 0.55),
            "+": ("it defines anew or otherwise", 0.5),
            "@": ("it changed within", 0.45),
            "": ("its changed lines name", 0.3),
        }[defined]
        case.add(f"{what} {word}, which the cause names", share / met[word])
        case.lines += [(h.first, h.last) for h in case.file.hunks if h.first and _has(h, word)][:5]


def _defines(hunks: Sequence[Hunk], word: str) -> str:
    """``-`` where a definition of the name went and none came, ``+`` where one came, ``@`` where one holds a hunk."""
    pattern = re.compile(
        rf"\b(?:def|class|func|function|fn|struct|enum|trait|interface|type|const|let|var|val|module|sub|record|#define)\s+"
        rf"(?:\([^)]*\)\s*|self\.)?{re.escape(word)}\b|^.\s*(?:[\w<>\[\],*&:]+\s+)+{re.escape(word)}\s*\(|^.\s*{re.escape(word)}\s*[:=](?!=)"
    )
    signs = {line[0] for hunk in hunks for line in hunk.lines if word in line and pattern.search(line)}
    if signs:
        return "+" if "+" in signs else "-"
    return "@" if any(word in _WORD.findall(hunk.heading) for hunk in hunks) else ""


def _has(hunk: Hunk, word: str) -> bool:
    return any(word in _WORD.findall(line) for line in (hunk.heading, *hunk.lines))


_WORD = re.compile(r"[A-Za-z_$][\w$]{2,80}")


def _words(hunks: Sequence[Hunk]) -> set[str]:
    return {word for hunk in hunks for line in (hunk.heading, *hunk.lines) for word in _WORD.findall(line)}


_AFFIXES = re.compile(
    r"^test[_-]?|^Test(?=[A-Z])|[_.-]?(?:tests?|spec|specs|e2e|unittest)$|(?<=[a-z])(?:Tests?|TestCase|IT|Spec)$"
)


def _subject(stem: str) -> str:
    """What a test module is about, by its name: ``cart`` of ``test_cart``, ``Cart`` of ``CartTest``."""
    return _AFFIXES.sub("", _AFFIXES.sub("", stem))


def _test_stems(cause: Cause) -> set[str]:
    """The names of modules or classes that failing tests are told with, and of tests that the cause's lines name."""
    stems = set()
    for text in cause.failing_tests:
        head = re.split(r"::| > | - |\[", text)[0]
        stems |= set(re.findall(r"[A-Za-z_]\w+", re.sub(r"\.(?:py|[cm]?[jt]sx?|go|rs|java|kt|rb|php|cs)\b", "", head)))
    for line in cause.lines:
        stems |= {
            m
            for m in re.findall(r"\b(test_\w+|\w+_test|\w+_spec|\w+Tests?|[\w-]+\.(?:test|spec))\b", line)
            if len(m) > 5
        }
    return stems


def _by_tests(case: _Case, cause: Cause, stems: set[str]) -> None:
    path, stem = case.file.path, stem_of(case.file.path)
    if is_test(path):
        tests = [text for text in cause.failing_tests if stem in text]
        leaf = {re.split(r"::|\.| > |\s", re.sub(r"[\[(].*", "", text).strip())[-1] for text in tests}
        touched = [
            name
            for name in leaf
            if len(name) > 3 and any(name in line for h in case.file.hunks for line in (h.heading, *h.lines))
        ]
        if touched:
            case.add(f"the failing test {touched[0]} itself changed", 0.65)
        elif tests or stem in stems:
            case.add("the failing tests stand in it", 0.4)
        return
    # A name such as `main` or `utils` says little of what it is about.
    subjects = {_subject(s) for s in stems if _subject(s) != s}
    if len(stem) > 2 and stem in subjects:
        case.add("the failing tests are named after it", 0.45)
    elif path.rpartition("/")[0].rpartition("/")[2] in subjects:
        case.add("the failing tests are named after its folder", 0.2)


_BY_CATEGORY: Mapping[str, tuple[float, str]] = {
    "missing_dependency": (0.5, "dependencies are declared in it"),
    "network_error": (0.2, "it says what is fetched"),
    "version_control_error": (0.15, "it configures the build"),
}
_LOCKS = re.compile(r"(?:^|/)(?:[\w.-]+\.lock|package-lock\.json|pnpm-lock\.yaml|go\.sum|requirements[\w.-]*\.txt)$")
_CI = re.compile(r"(?:^|/)(?:\.github/|\.gitlab|\.circleci/|\.buildkite/|\.ci/|Jenkinsfile|azure-pipelines|\.travis)")
_TOOLS: Mapping[str, str] = {
    "docker": r"(?:^|/)(?:Docker|Container)file|\.dockerignore$|compose[\w.-]*\.ya?ml$",
    "eslint": r"\.eslintrc|eslint\.config", "mypy": r"mypy\.ini$|pyproject\.toml$|setup\.cfg$",
    "ruff": r"ruff\.toml$|pyproject\.toml$", "tsc": r"tsconfig", "typescript": r"tsconfig", "jest": r"jest\.config",
    "pytest": r"pytest\.ini$|conftest\.py$|pyproject\.toml$|tox\.ini$", "cmake": r"CMakeLists\.txt$|\.cmake$",
    "make": r"[Mm]akefile$|\.mk$", "gradle": r"\.gradle(?:\.kts)?$|gradle\.properties$", "maven": r"pom\.xml$",
    "cargo": r"Cargo\.(?:toml|lock)$", "npm": r"package(?:-lock)?\.json$", "yarn": r"package\.json$|yarn\.lock$",
    "pnpm": r"package\.json$|pnpm-lock", "go": r"go\.(?:mod|sum)$", "terraform": r"\.tf$", "pip": r"requirements|pyproject|setup\.",
    "webpack": r"webpack", "vite": r"vite", "bundler": r"Gemfile", "composer": r"composer\.",
}  # fmt: skip


def _by_kind(case: _Case, cause: Cause) -> None:
    """Manifests for what is missing, the CI's own files for its failures, a tool's configuration for what it says."""
    path = case.file.path
    declares = is_manifest(path) or _LOCKS.search(path) is not None
    if declares and cause.category in _BY_CATEGORY:
        share, why = _BY_CATEGORY[cause.category]
        case.add(why, share)
    elif declares and cause.category in (
        "type_error",
        "compile_error",
        "test_failure",
        "configuration_error",
        "lint_error",
    ):
        case.add("dependencies changed", 0.12)
    if cause.category in (
        "configuration_error",
        "container_build_error",
        "access_error",
        "infrastructure_error",
        "timeout",
    ):
        if _CI.search(path):
            case.add("it says how the build runs", 0.35)
        elif is_configuration(path):
            case.add("it configures the build", 0.25)
    tool = (cause.tool or "").lower()
    pattern = next((p for name, p in _TOOLS.items() if re.search(rf"\b{name}\b", tool)), None)
    if pattern and re.search(pattern, path):
        case.add(f"it configures {cause.tool}", 0.25)


def _by_imports(case: _Case, context: Mapping[str, str]) -> None:
    """Files that the cause names or failing tests stand in, and that import this one."""
    path = case.file.path
    if is_test(path) and not path.endswith("conftest.py"):
        return
    for other, text in context.items():
        if other != path and imports(text, path, other):
            case.add(f"{other} imports it", 0.3)
            return


def wanted_context(paths: Iterable[str], cause: Cause, most: int = 12) -> list[str]:
    """Of all files of the code base those whose imports may lead to the change: named in the cause, or failing tests."""
    stems = _test_stems(cause)
    text = "\n".join([*cause.lines, *cause.failing_tests])
    found: list[tuple[float, str]] = []
    for path in paths:
        name = path.rpartition("/")[2]
        if name in text and "." in name:
            named_at = mentions(path, [*cause.lines, *cause.failing_tests])
            if named_at:
                found.append((max(mention.sure for mention in named_at) + is_test(path), path))
        elif is_test(path) and stem_of(path) in stems:
            found.append((0.9, path))
    return [path for _, path in sorted(found, key=lambda row: (-row[0], row[1]))[:most]]
