"""What a failure's own lines name: the missing module, the file and line, the host, the limit, the rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_QUOTE = "['\"`‘’]"
_SPAN = r"\d[\d.]*\s?(?:ms|milliseconds|s|secs?|seconds|m|mins?|minutes|h|hours)\b"
_ABSENT = r"(?:not set|is required|required|missing|undefined|unbound|empty)"
_NAME = r"([@\w][\w.@/+:-]*)"


def _any(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(p) for p in patterns)


_PATTERNS: dict[str, tuple[re.Pattern[str], ...]] = {
    # The thing that is not there, in the words of the tool that missed it.
    "missing": _any(
        rf"No module named {_QUOTE}?{_NAME}",
        rf"cannot import name {_QUOTE}{_NAME}",
        rf"Cannot find (?:module|package) {_QUOTE}([^'\"`\s]+)",
        rf"Can't resolve {_QUOTE}([^'\"`\s]+)",
        r"No matching distribution found for ([\w.\[\]<>=!~,-]+)",
        r"satisfies the requirement ([\w.\[\]<>=!~,-]+)",
        rf"no required module provides package {_NAME}",
        rf"cannot find package {_QUOTE}{_NAME}",
        rf"can't find crate for {_QUOTE}{_NAME}",
        rf"no matching package named {_QUOTE}{_NAME}",
        r"fatal error: {q}?([\w./+-]+\.\w+){q}?: No such file".replace("{q}", _QUOTE),
        r"cannot find -l(\S+)",
        r"package ([\w.]+) does not exist",
        r"Could not find artifact ([\w.:-]+)",
        r"Could not (?:find|resolve) ([\w.-]+:[\w.-]+:[\w.-]+)",
        r"cannot load such file -- (\S+)",
        rf"Could not find gem {_QUOTE}([^'\"`\s]+)",
        r"error while loading shared libraries: ([^\s:]+)",
        r"Unable to locate package (\S+)",
        r"(?:^|[\s:])([\w.+-]+): (?:command )?not found",
        rf"{_QUOTE}?([\w.+-]+){_QUOTE}? is not recognized as an internal",
        rf"exec: {_QUOTE}([^'\"`]+){_QUOTE}: executable file not found",
        rf"404 {_QUOTE}([^'\"`\s]+){_QUOTE} is not in",
        rf"unresolved import {_QUOTE}{_NAME}",
        rf"Could not find a package configuration file provided by {_QUOTE}{_NAME}",
    ),
    "host": _any(
        r"[Cc]ould not resolve(?: host)?:? (?:proxy: )?[\"']?([\w-]+(?:\.[\w-]+)+)",
        r"getaddrinfo \w+ ([\w.-]+)",
        r"Failed to connect to ([\w.-]+)",
        r"(?:ECONNREFUSED|ETIMEDOUT|ECONNRESET) ([\w.:-]+)",
        r"HTTPS?ConnectionPool\(host='([^']+)'",
        r"dial tcp:? (?:lookup )?([\w.:-]+)",
        r"unable to access '(?:https?|ssh|git)://([^/']+)",
        r"https?://([\w.-]+\.[a-z]{2,})",
    ),
    "limit": _any(
        rf"[Tt]ime(?:d )?[- ]?out (?:after|of|exceeded:?|[(=:]) ?({_SPAN})",
        rf"(?:exceeded|longer than|within|limit of|time of|after|for) ({_SPAN})",
        r">\s?(\d[\d.]*\s?(?:ms|s|seconds)) ?\)?",
    ),
    "path": _any(
        rf"(?:Permission denied|EACCES|EPERM|ENOSPC|EROFS|No space left on device)[^'\"`]*{_QUOTE}([^'\"`]+){_QUOTE}",
        rf"{_QUOTE}((?:/|\.{{1,2}}/|~/)[\w./@~+-]+){_QUOTE}: (?:Permission denied|No space left|Read-only file)",
        r"([\w./~-]*/[\w./~-]+): (?:Permission denied|No space left on device|Read-only file system|Cannot write)",
        r"(?:write|open|mkdir|copy) ([\w./~-]*/[\w./~-]+): (?:permission denied|no space left on device)",
        rf"(?:No such file or directory|ENOENT)[^'\"`]*{_QUOTE}([^'\"`]+){_QUOTE}",
        r"([\w./~-]*/[\w./~-]+): No such file or directory",
    ),
    "variable": _any(
        rf"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b(?=[^\n]{{0,40}}{_ABSENT})",
        r"(?:KeyError: |variable |env(?:ironment)? )['\"`$]?([A-Z][A-Z0-9_]{2,})",
        r"Input required and not supplied: (\S+)",
    ),
    "key": _any(
        rf"(?:[Uu]nknown|[Uu]nexpected|[Ii]nvalid|[Uu]nrecogni[sz]ed|[Mm]issing)(?: \w+){{0,3}}:? "
        rf"{_QUOTE}([^'\"`\n]{{1,60}}){_QUOTE}",
        r"unrecogni[sz]ed arguments?: (\S+)",
        r"[Uu]nknown (?:option|argument|flag):? (\S+)",
    ),
    "image": _any(
        r"manifest for ([\w./:@-]+) not found",
        r"([\w./-]+:[\w.-]+): (?:failed to resolve|not found|pull access denied)",
        r"pull access denied for ([\w./:@-]+)",
        rf"pull(?:ing)? image {_QUOTE}([^'\"`]+)",
        r"FROM ([\w./:@-]+)",
    ),
    "ref": _any(
        r"couldn't find remote ref (\S+)",
        rf"pathspec {_QUOTE}([^'\"`]+){_QUOTE} did not match",
        r"reference is not a tree: (\w+)",
        r"CONFLICT \([^)]*\): (?:Merge conflict in )?(\S+)",
        r"Remote branch (\S+) not found",
        r"unable to find (?:revision|commit|ref) (\S+)",
    ),
    "signal": _any(
        r"\b(SIG[A-Z]{2,6})\b",
        r"(?i:\b(segmentation fault|bus error|illegal instruction|stack overflow|aborted)\b)",
        r"signal:? (\d+)",
        r"panic: ([^\n]{1,120})",
        r"panicked at ([^\n]{1,120})",
    ),
    "process": _any(r"Killed process \d+ \(([^)]+)\)", r"\b(node|java|python\d?|cc1plus|rustc|ld|gradle|webpack)\b"),
    "code": _any(
        r"\berror\[([A-Z]\d{4})\]",
        r"\berror (TS\d{3,5}|CS\d{4}|[CF]\d{4}|LNK\d{4})\b",
        r"\[(-W[\w=+-]+)\]",
        r"\[([a-z]+(?:-[a-z]+)+)\]\s*$",
        r":\d+:? ([A-Z]{1,4}\d{3,5})\b",
        r"\s(@?[\w-]+/[\w/-]+)\s*$",
        r"\s{2,}([a-z]+(?:-[a-z]+)+)\s*$",
        r"\((clippy::\w+|[a-z]+(?:-[a-z]+)+)\)\s*$",
    ),
    "assertion": _any(
        r"(?:AssertionError|AssertionFailedError|ComparisonFailure)[^:\n]*: ([^\n]{3,200})",
        r"^E\s+(assert [^\n]{3,200})",
        r"(?i)^\s*((?:expected|actual|left|got)\b[^\n]{3,160})",
        r"panicked at [^\n]*\n\s*([^\n]{3,200})",
    ),
    "error": _any(
        r"^\s*([A-Z]\w*(?:\.\w+)*(?:Error|Exception)\b: [^\n]{3,200})",
        r"(?i)\b(?:fatal )?error\b[^:\n]{0,20}: ([^\n]{3,200})",
        r"(?i)^\s*((?:fatal|panic|failed)\b[^\n]{3,200})",
    ),
}
_PATTERNS = {k: tuple(re.compile(p.pattern, p.flags | re.MULTILINE) for p in v) for k, v in _PATTERNS.items()}

_LOCATIONS = _any(
    r'File "([^"<>]+)", line (\d+)',
    r"(?:^|[\s('\"\[])((?:[A-Za-z]:)?[\w./\\@+-]*[\w@+-]\.[A-Za-z][\w+]{0,9}):(\d+)\b",
    r"(?:^|[\s('\"\[])((?:[A-Za-z]:)?[\w./\\@+-]*[\w@+-]\.[A-Za-z][\w+]{0,9})\((\d+)(?:,\d+)?\)",
    r"((?:[\w.-]+/)*[\w.-]+\.\w{1,5}):\[(\d+),\d+\]",
)
_FOREIGN = re.compile(r"(?:site-packages|dist-packages|node_modules|/lib/python\d|\.cargo/registry|/usr/lib|<frozen)")
LONGEST_FACT = 200


@dataclass(frozen=True)
class Facts:
    """What the lines name; each tuple in the order of appearance, without repeats, possibly empty.

    ``locations`` are ``file:line``, code of the project before code of libraries. ``named`` maps the kind of a fact
    (missing, host, limit, path, variable, key, image, ref, signal, process, code, assertion, error) to its values.
    """

    locations: tuple[str, ...]
    named: dict[str, tuple[str, ...]]

    def first(self, kind: str) -> str | None:
        """The first fact of a kind."""
        values = self.named.get(kind, ())
        return values[0] if values else None

    @property
    def where(self) -> str | None:
        """The first ``file:line``."""
        return self.locations[0] if self.locations else None


def extract(text: str) -> Facts:
    """The facts in a failure's cause lines."""
    named = {kind: _found(patterns, text) for kind, patterns in _PATTERNS.items()}
    places = locations(text)
    own = [p for p in places if not _FOREIGN.search(p)]
    return Facts(tuple(own + [p for p in places if _FOREIGN.search(p)]), {k: v for k, v in named.items() if v})


def locations(text: str) -> tuple[str, ...]:
    """Each ``file:line`` of a text, in the order of appearance, without repeats."""
    return _unique(f"{m[1]}:{m[2]}" for line in text.splitlines() for p in _LOCATIONS for m in p.finditer(line[:2000]))


def _found(patterns: Iterable[re.Pattern[str]], text: str) -> tuple[str, ...]:
    return _unique(m[1].strip()[:LONGEST_FACT].rstrip(".,;:'\"`") for p in patterns for m in p.finditer(text[:20000]))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v))
