"""How near two failures are: what they say, word pair by word pair, and which tests they name.

What they say is compared by the resemblance of shingles, the weighted Jaccard index of pairs of adjacent words.
Source: A. Broder, "On the resemblance and containment of documents" (1997).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from banana_assets.core.builds.fingerprint import masked

NEAR = 0.65
"""From here on two failures are the same one. Unrelated failures of one program that share a stack stay below."""

FRAME_WEIGHT = 0.25
"""What a line of a stack trace counts for: frames of a framework stand in traces of every kind."""

_WORD = re.compile(r"[\w$<>]+")
_FRAME = re.compile(
    r"\s*(?:at\s+[\w$.<>/@-]+\s*\(|at\s+\S+:\d+|File \"|from \S+:\d|\.\.\. \d+ more|#\d+\s|\d+: +0x|on line \d+ of )"
    r"|[^\s:]+:\d+:in [`']|\s+\(?[\w.-]+\)? [\w/.-]+\.exs?:\d+: "
)
_PARAMETERS = re.compile(r"\[.*\]$", re.DOTALL)

Shingle = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a failure is compared by. ``weights`` has a weight a pair of adjacent words; ``weight`` is their sum."""

    category: str
    weights: dict[Shingle, float]
    weight: float
    tests: frozenset[str]


def signature(category: str, text: str, tests: Iterable[str] = ()) -> Signature:
    """The signature of a failure of that class: out of the lines of its cause and the names of its failing tests.

    Numbers, times, paths, ids and addresses do not count, nor the order of lines or how often one repeats. Variants
    of a parametrised test are one test.
    """
    weights: dict[Shingle, float] = {}
    for line in text.split("\n"):
        words = _words(line)
        weight = FRAME_WEIGHT if _FRAME.match(line) else 1.0
        for pair in pairwise(words) if len(words) > 1 else [words] if words else []:
            weights[pair] = max(weight, weights.get(pair, 0.0))
    named = frozenset(masked(_PARAMETERS.sub("", name)) for name in tests)
    return Signature(category, weights, sum(weights.values()), named - {""})


def similarity(a: Signature, b: Signature) -> float:
    """0 (nothing in common, or another class) to 1 (they say the same).

    The resemblance of what they say; where both name failing tests, the mean of it and of the Jaccard index of these
    tests: one assertion that fails in two tests is two failures, and so is one test that fails for another reason.
    """
    if a.category != b.category:
        return 0.0
    said = _resemblance(a, b)
    if not (a.tests and b.tests):
        return said
    return (said + len(a.tests & b.tests) / len(a.tests | b.tests)) / 2


def at_most(a: Signature, b: Signature) -> float:
    """A bound of ``similarity`` that costs nothing: what it were if the smaller signature were part of the larger."""
    if a.category != b.category:
        return 0.0
    larger = max(a.weight, b.weight)
    said = min(a.weight, b.weight) / larger if larger else 0.0
    if not (a.tests and b.tests):
        return said
    tests = sorted((len(a.tests), len(b.tests)))
    return (said + tests[0] / tests[1]) / 2


@lru_cache(maxsize=1 << 14)
def _words(line: str) -> Shingle:
    # Failures share most of their lines: frames of the same stack, the same test again.
    return tuple(_WORD.findall(masked(line).lower()))


def _resemblance(a: Signature, b: Signature) -> float:
    few, many = sorted((a.weights, b.weights), key=len)
    shared = sum(min(weight, many[pair]) for pair, weight in few.items() if pair in many)
    either = a.weight + b.weight - shared
    return shared / either if either else 0.0
