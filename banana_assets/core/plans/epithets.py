"""Names in a goal that are called failing, slow or flaky: "the failing login page", and not "tests that fail"."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import takewhile

from banana_assets.core.search.words import words

_EPITHET = re.compile(r"(?:fail(?:ing|ed)|broken|breaking|crash(?:ing|ed)|slow(?:er|est)?|flaky|unstable|unreliable)\Z")
_BEFORE = frozenset(
    """
    the our my your their its this that these those a an all any every each some most
    fix mend repair debug diagnose investigate address resolve solve handle tackle understand explain improve
    fixing mending repairing debugging diagnosing investigating addressing resolving solving handling tackling
    improving of in for with about
    """.split()  # noqa: SIM905
)
"""What stands before a word that says how something is; after a name or ``is`` it says what happens to it."""
_GENERAL = frozenset(
    """
    test tests build builds job jobs pipeline pipelines run runs step steps workflow workflows ci code case cases
    process processes system systems service services thing things stuff work deploy deployment deployments project
    time times duration durations failure failures error errors problem problems issue issues bug bugs queue queues
    """.split()  # noqa: SIM905
)
"""Words for what everything is one of: what ends with one of these names a sort of thing, whatever stands before."""
_ADVERB = re.compile(r"\w+ly\Z")


def so_called(goal: str, unknown: Collection[str]) -> tuple[str, ...]:
    """The words that say what is failing, slow or flaky, all of them among ``unknown``, which nothing in the data
    carries; empty where the goal names nothing so.
    """
    tokens = list(words(goal))
    for place, token in enumerate(tokens):
        if not _EPITHET.match(token) or (place and tokens[place - 1] not in _BEFORE):
            continue
        rest = tokens[place + 1 :]
        name = list(takewhile(lambda word: word in unknown and not _ADVERB.match(word), rest))
        if name and not _GENERAL.intersection(rest[len(name) : len(name) + 1]):
            return tuple(name)
    return ()
