"""Placeholders in the steps of templates: what a plan names of its failure taken out, and that of another put in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from banana_assets.core.advice.facts import Facts
from banana_assets.core.evidence import plural
from banana_assets.core.plans import places
from banana_assets.core.plans.case import Case, listed

WORDS: Mapping[str, str] = {
    "missing": "what is missing",
    "host": "the host",
    "limit": "the limit",
    "path": "the path",
    "variable": "the variable",
    "key": "the key",
    "image": "the image",
    "ref": "the revision",
    "code": "the error",
    "assertion": "what is asserted",
    "error": "what the log says",
    "where": "the cited lines",
    "places": "the cited lines",
    "file": "the file",
    "test": "the failing test",
    "tests": "the failing tests",
    "place": "the job",
    "rerun": "the job",
    "command": "the command",
    "step": "that failed",
    "builds": "the builds",
    "change": "the commits since it was last green",
}
"""Each placeholder, and what stands for it where a failure does not name it."""

ALWAYS = frozenset({"place", "rerun", "builds", "where", "places", "change", "tests", "error"})
"""Those for which a failure always has something that can be said."""

_FACTS = ("missing", "host", "limit", "path", "variable", "key", "image", "ref", "code", "assertion", "error")
_LEAST = 3
_HOLE = re.compile(r"\{(" + "|".join(WORDS) + r")\}")
_QUOTED_HOLE = re.compile(r"`\{(" + "|".join(WORDS) + r")\}`")
_LISTS = re.compile(r"`\{(test|where)\}`(?:, `\{\1\}`)*(?: and \d+ more)?")
_BUILDS = re.compile(r"\b\d+ builds?\b")
_SEEN = re.compile(r"\s*Seen in \d[^.]*\.\s*$")

Names = tuple[tuple[str, str], ...]
"""What a failure names: pairs of the text and its placeholder, the longest first."""


def names_of(cluster: Mapping[str, Any], failure: Mapping[str, Any], build: Mapping[str, Any]) -> Names:
    """What a failure names: rows of FAILURE_CLUSTERS, BUILD_FAILURES and BUILDS (empty where there is none)."""
    facts = places.facts(failure.get("cause_text") or "", failure.get("reason") or "", failure.get("category") or "")
    pairs = [*_pairs(facts), *((t, "test") for t in failure.get("failing_tests") or ())]
    pairs += [(leaf, "test") for t in failure.get("failing_tests") or () if (leaf := re.split(r"::|[./#\s]", t)[-1])]
    place = " / ".join(dict.fromkeys(p for p in (build.get("pipeline"), build.get("job")) if p))
    command, step = build.get("command"), failure.get("failing_step")
    if command:
        pairs += [(f"`{command}`", "rerun"), (command, "command")]
    if step:
        pairs += [(f"the step `{step}` of {place}", "rerun"), *([(step, "step")] if " " in step else [])]
    pairs += [(place, "place")] if " / " in place else []
    commits = [c[:12] for c in (cluster.get("last_green_commit"), cluster.get("first_commit")) if c]
    pairs += [("..".join(commits), "change")] if len(commits) == 2 else []
    return _ordered(pairs)


def _pairs(facts: Facts) -> Iterable[tuple[str, str]]:
    for place in facts.locations:
        yield place, "where"
        yield place.rsplit(":", 1)[0], "file"
    for kind in _FACTS:
        for value in facts.named.get(kind, ()):
            yield value, kind


def _ordered(pairs: Iterable[tuple[str, str]]) -> Names:
    # One text may be named twice (a file that is a path too): the first word for it stays.
    known: dict[str, str] = {}
    for value, kind in pairs:
        if len(value) >= _LEAST and not value.isdigit():
            known.setdefault(value, kind)
    return tuple(sorted(known.items(), key=lambda pair: (-len(pair[0]), pair[0])))


def generalised(text: str, names: Names) -> str:
    """The text with placeholders for what the failure names: ``Declare `yaml` `` becomes ``Declare `{missing}` ``."""
    text = _SEEN.sub("", text)
    if names:
        kinds = dict(names)
        found = "|".join(re.escape(value) for value, _ in names)
        text = re.sub(rf"(?<![\w.{{-])(?:{found})(?![\w-]|\.\w)", lambda m: "{" + kinds[m[0]] + "}", text)
    text = _LISTS.sub(lambda m: "{tests}" if m[1] == "test" else "{places}", text)
    return _BUILDS.sub("{builds}", text)


def values_of(case: Case) -> dict[str, str]:
    """What a failure says for each placeholder; those that it does not name are left out."""
    facts = {kind: case.facts.first(kind) for kind in _FACTS}
    named: dict[str, str | None] = {
        **facts,
        "where": case.facts.where,
        "places": listed(case.facts.locations) or None,
        "file": case.file,
        "test": case.failing_tests[0] if case.failing_tests else None,
        "tests": listed(case.failing_tests) or None,
        "place": case.place,
        "rerun": case.rerun,
        "command": case.command,
        "step": case.failing_step,
        "builds": plural(case.builds, "build"),
        "change": case.change,
    }
    return {kind: value for kind, value in named.items() if value}


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with placeholders replaced by what the failure names, or by general words."""
    text = _QUOTED_HOLE.sub(lambda m: m[0] if m[1] in values else WORDS[m[1]], text)
    return _HOLE.sub(lambda m: values.get(m[1], WORDS[m[1]]), text)


def holes(texts: Sequence[str]) -> frozenset[str]:
    """The placeholders in texts that a failure may not name."""
    return frozenset(name for text in texts for name in _HOLE.findall(text)) - ALWAYS
