"""Which things of the tables a goal in words is about.

No word of the goal is taken for a fact. Words that mean a sort of thing (faster, flaky, memory) choose that sort; words
that name something in the data (a job, a test, a tool, a machine) choose what carries that name. When neither does, or
what is named has nothing of that sort, there is no plan and the reason says what was looked for.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from banana_assets.core.plans.epithets import so_called
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.subjects import ERRORS, FAILING, FLAKY, RESOURCE, SLOW, Subject, job_facts, subjects
from banana_assets.core.search.words import near, words
from banana_assets.core.text import shortlist

MOST_SUBJECTS = 4
LEAST_SHARE = 0.5
"""Of the named words that the best match carries, another must carry so many (by weight) to be taken up with it."""

LEAST_SLIPPED = 5
"""Letters of a word that may be a slip of the finger: shorter ones are too near to others (stop, shop)."""

_CONCEPTS: dict[str, str] = {
    SLOW: r"fast\w*|slow\w*|speed\w*|quick\w*|durations?|latenc\w+|shorten\w*|shorter|time|times|optimi[sz]\w*"
    r"|performan\w*|throughput|accelerat\w*|bottlenecks?|queue\w*|wait\w*|timeouts?|long|longer|efficien\w*",
    FAILING: r"fail\w*|broken|break\w*|red|green|fix\w*|mend\w*|repair\w*|bugs?|reliab\w*|stabili[sz]\w*|stable|errors?"
    r"|crash\w*|pass|passes|passing|diagnos\w*|problems?|issues?|incidents?",
    FLAKY: r"flak\w*|intermittent\w*|unstable|random\w*|sporadic\w*|nondeterminis\w*|reliab\w*|retr(?:y|ies|ied)",
    RESOURCE: r"memory|ram|cpu\w*|processors?|disks?|storage|space|network\w*|bandwidth|capacity|resources?|oom|load"
    r"|utili[sz]ation|usage|limits?|leak\w*",
    ERRORS: r"logs?|patterns?|exceptions?|warnings?|messages?|noise|noisy|errors?|incidents?",
}
_MEANS = {concept: re.compile(rf"(?:{pattern})\Z", re.IGNORECASE) for concept, pattern in _CONCEPTS.items()}

_WEAK = re.compile(
    r"(?:fix\w*|mend\w*|repair\w*|bugs?|issues?|problems?|incidents?|green|diagnos\w*|optimi[sz]\w*|performan\w*|usage"
    r"|time|times|long|longer|limits?|logs?)\Z",
    re.IGNORECASE,
)
"""Words that mean a sort of thing only where no other word does: to fix flaky tests is about flaky tests, and to fix
the login page is about the login page alone."""

_RESOURCES = {
    "memory": ("memory", "mem", "oom"),
    "ram": ("memory", "mem", "oom"),
    "cpu": ("cpu",),
    "processor": ("cpu",),
    "processors": ("cpu",),
    "disk": ("disk",),
    "disks": ("disk",),
    "storage": ("disk",),
    "space": ("disk",),
    "network": ("network",),
    "bandwidth": ("network",),
}
"""A word for one resource means that one alone."""

_EMPTY = frozenset(
    """
    a about above after again all also an and any are as at avoid away back be because been before being below better
    between both but by can cannot case change changes ci code could create deploy deployment develop developer
    developers development did do does doing done down during each ensure even every everything few find first for from
    further get gets getting give good great had has have having help here how i if implement improve improved
    improvement improvements improving in increase into is it its job jobs just keep keeping know less let like lower
    look made main maintain make makes making many may me might minimise minimize more most much must my need needs new
    next no not now of off often on once one only or other our out over overall own people per pipeline pipelines plan
    planning please possible prevent process processes production project put quality reduce reducing remove removing
    run running runs same set should show so some step steps still such system systems take team test tests than that
    rid investigate look looking explain understand handle tackle address resolve solve
    the their them then there these they thing things this those through to today tomorrow too under until up us use
    used using very want was way we week well were what when where which while who why will with within without work
    workflow workflows working would year yet you your build builds building rate rates high higher low number amount
    big bigger small smaller cost costs day days hour hours minute minutes month app application applications service
    services software something anything users user start starts starting started stop stops stopping stopped write
    writes writing rewrite read add added adding
    """.split()  # noqa: SIM905
)
_MASKED = re.compile(r"\[masked \w+\]")
"""What stands for a secret names nothing."""

_SPECIFIC = re.compile(r"[\d_./:#@-]|[a-z][A-Z]")


@dataclass(frozen=True)
class Reading:
    """What a goal was taken to be about: sorts of things, words that name something in the data, and words that do not
    (``unknown``); ``specific`` are those unknown ones that look like a name. ``vague`` says that the sorts rest on
    words that mean one only where no other word does."""

    concepts: frozenset[str]
    named: tuple[str, ...]
    unknown: tuple[str, ...]
    specific: tuple[str, ...]
    resources: frozenset[str]
    vague: bool = False


@dataclass(frozen=True)
class Found:
    """The things that a goal is about, the weightiest first, or the one reason why there are none. ``by_context`` says
    what the context did to choose them, or why it did nothing; None where there was none."""

    subjects: tuple[Subject, ...]
    reading: Reading
    reason: str | None = None
    looked_at: int = 0
    by_context: str | None = None


def find(
    goal: str,
    known: Knowledge,
    *,
    context: str | None = None,
    with_analysis: bool = True,
    of_tables: bool = False,
    upkeep: Sequence[Subject] = (),
) -> Found:
    """What the tables hold about a goal. The context chooses where the goal itself names nothing, and else puts what it
    names first; it names nothing that must be there.

    ``of_tables`` says that the goal speaks of the tables themselves, ``upkeep`` what there is to do about these.
    """
    if upkeep:
        told = _nothing_by(context, "the goal is about the tables themselves")
        return Found(tuple(upkeep), Reading(frozenset(), (), (), (), frozenset()), None, len(upkeep), told)
    if not known.builds.height and not known.patterns.height:
        none = "No plan: there is no data yet; `banana ingest` takes some in."
        return Found((), Reading(frozenset(), (), (), (), frozenset()), none)
    everything = subjects(known, with_analysis=with_analysis)
    there = [s for s in everything if s.gone is None]
    vocabulary = _vocabulary(everything, known)
    reading = _read(goal, vocabulary)
    beside = _read(context or "", vocabulary)
    extra = beside.named
    rarity = _rarity(everything)
    ids, unknown_ids = _builds_named(goal, known)
    if unknown_ids and not ids:
        return Found((), reading, f"No plan: there is no build {', '.join(unknown_ids)}.", len(everything))
    if ids and (not reading.concepts or FAILING in reading.concepts):
        told = _nothing_by(context, f"the goal names {', '.join(ids)}")
        return replace(_of_builds(ids, everything, reading, known), by_context=told)
    chosen = _by_context(there, reading, beside, rarity) if not of_tables else ()
    if chosen:
        told = f"The goal names nothing, so the context chose what it is about: what carries {', '.join(extra)}."
        return Found(tuple(chosen), reading, None, len(everything), told)
    nameless = reading.specific or not reading.concepts or (reading.vague and reading.unknown)
    if not reading.named and nameless:
        none = "No plan: the tables hold all that came in, and none is of many files."
        return Found((), reading, none if of_tables else _nothing(goal, reading, known), len(everything))
    fitting = _fitting(there, reading, extra, rarity)
    if not reading.named and (called := so_called(goal, reading.unknown)):
        return Found((), reading, _only(called, fitting, reading, known), len(everything))
    if not fitting:
        over = _over(everything, reading, extra, rarity, known)
        only = "" if with_analysis else " Only what failed was looked at, neither bottlenecks nor advice."
        return Found((), reading, f"{over}{only}", len(everything))
    told = _used(context, beside, reading, fitting, _fitting(there, reading, (), rarity))
    return Found(tuple(fitting), reading, None, len(everything), told)


def _by_context(
    there: Sequence[Subject], reading: Reading, beside: Reading, rarity: dict[str, float]
) -> Sequence[Subject]:
    """What carries the names of the context, where the goal names nothing, known or unknown."""
    if reading.named or reading.unknown or reading.specific or not beside.named:
        return ()
    both = replace(
        reading,
        named=beside.named,
        # A word that means a sort only where no other does gives way to what the context says.
        concepts=reading.concepts if not reading.vague else frozenset() if beside.vague else beside.concepts,
        resources=reading.resources or beside.resources,
    )
    return _fitting(there, both, beside.named, rarity)


def _used(
    context: str | None, beside: Reading, reading: Reading, with_it: Sequence[Subject], alone: Sequence[Subject]
) -> str | None:
    """What the context did to the order of what a goal is about."""
    if not context:
        return None
    carried = ", ".join(beside.named)
    if [s.key for s in with_it] != [s.key for s in alone]:
        return f"By the context, what carries {carried} comes first."
    if not beside.named:
        unknown = ", ".join(beside.unknown)
        return _nothing_by(context, f"nothing in the data is called {unknown}" if unknown else "it names nothing")
    if not any(set(words(s.says)).intersection(beside.named) for s in with_it):
        of = f" with {', '.join(reading.named)}" if reading.named else ""
        sorts = " or ".join(_WORDS[c] for c in sorted(reading.concepts))
        what = f"{f'that is {sorts}' if sorts else 'found'}{of}"
        return _nothing_by(context, f"nothing {what} carries {carried}")
    return _nothing_by(context, f"what carries {carried} was chosen, and comes first, without it too")


def _nothing_by(context: str | None, why: str) -> str | None:
    return f"The context changed nothing in what this is about: {why}." if context else None


def _read(text: str, vocabulary: frozenset[str]) -> Reading:
    text = _MASKED.sub(" ", text)
    concepts: set[str] = set()
    weak: set[str] = set()
    resources: set[str] = set()
    named: list[str] = []
    unknown: list[str] = []
    tokens = list(dict.fromkeys(words(text)))
    for token in tokens:
        mine = {concept for concept, pattern in _MEANS.items() if pattern.match(token)}
        if _WEAK.match(token):
            weak |= mine
        else:
            concepts |= mine
        resources.update(_RESOURCES.get(token, ()))
        if mine or token in _EMPTY or len(token) < 2 or token.isdigit():
            continue
        slips = near(token, vocabulary) if len(token) >= LEAST_SLIPPED else []
        hit = token if token in vocabulary else next(iter(slips), None)
        if hit is not None:
            named.append(hit)
        else:
            unknown.append(token)
    whole = [w.strip("`'\",.;!?()") for w in text.split()]
    specific = [w for w in whole if _SPECIFIC.search(w.strip("-")) and not set(words(w)) & {*named, *_EMPTY}]
    specific = [w for w in specific if not w.replace(".", "").replace("%", "").isdigit()]
    return Reading(
        frozenset(concepts or weak),
        tuple(dict.fromkeys(named)),
        tuple(unknown),
        tuple(specific),
        frozenset(resources),
        vague=not concepts,
    )


_NUMBERED = re.compile(r"(.*[^\W\d].*?)\d+\Z")


def _builds_named(goal: str, known: Knowledge) -> tuple[list[str], list[str]]:
    """The builds whose ids a goal holds, and what is written like one of them and is none (``api-test-999``)."""
    ids = set(known.builds["build_id"])
    tokens = list(dict.fromkeys(word.strip("`'\",.;:!?()") for word in goal.split()))
    begins = {match[1] for ident in ids if (match := _NUMBERED.match(ident))}
    names = {name for column in ("pipeline", "job") for name in known.builds[column].unique().to_list()}
    alike = [t for t in tokens if t not in ids and t not in names and (m := _NUMBERED.match(t)) and m[1] in begins]
    return [token for token in tokens if token in ids], alike


def _of_builds(ids: Sequence[str], everything: Sequence[Subject], reading: Reading, known: Knowledge) -> Found:
    """Why these builds failed, and nothing that only has the same words."""
    mine = [s for s in everything if s.case and not set(ids).isdisjoint(s.case.build_ids)]
    if there := tuple(s for s in mine if s.gone is None):
        return Found(there, reading, None, len(everything))
    if mine:
        return Found((), reading, f"No plan: {mine[0].name} is over: {mine[0].gone} was green after it.", len(mine))
    failed = not known.failures.filter(known.failures["build_id"].is_in(ids)).is_empty()
    told = "there is no method for why it failed" if failed else "no failure of it is known"
    return Found((), reading, f"No plan for {', '.join(ids)}: {told}.", len(everything))


def _vocabulary(found: Iterable[Subject], known: Knowledge) -> frozenset[str]:
    """The words that name something: jobs, tests, tools, machines, and what failures and advice say."""
    said = [s.says for s in found]
    said += [f"{a} {b}" for a, b in known.builds.select("pipeline", "job").unique().iter_rows()]
    said += known.tests["title"].to_list()
    said += [f"{a} {b}" for a, b in known.predictions.select("source", "metric").unique().iter_rows()]
    return frozenset(word for text in said for word in words(text) if word not in _EMPTY and not word.isdigit())


def _rarity(found: Sequence[Subject]) -> dict[str, float]:
    counts = Counter(word for s in found for word in set(words(s.says)))
    return {word: math.log(1 + len(found) / n) for word, n in counts.items()}


def _fitting(
    found: Sequence[Subject], reading: Reading, extra: Sequence[str], rarity: dict[str, float]
) -> list[Subject]:
    """Those that are of the sort asked for and carry what was named, the best match and weightiest first."""
    scored = []
    for subject in found:
        if reading.concepts and not subject.concepts & reading.concepts:
            continue
        own = set(words(subject.says))
        if reading.resources and RESOURCE in subject.concepts and not own & reading.resources:
            continue
        carried = [word for word in reading.named if word in own]
        # Where only names say what is meant, what carries fewer of them than are missing is about something else.
        if (reading.named and not carried) or (not reading.concepts and len(carried) < len(reading.unknown)):
            continue
        named = sum(rarity.get(word, 1.0) for word in carried)
        called = set(words(subject.name))
        more = 0.25 * sum(rarity.get(word, 1.0) * (1 + (word in called)) for word in extra if word in own)
        scored.append((named, named + more, subject))
    best = max((named for named, _, _ in scored), default=0.0)
    kept = [(score, s) for named, score, s in scored if named >= best * LEAST_SHARE]
    return [s for score, s in sorted(kept, key=lambda p: (-round(p[0], 6), -p[1].weight, p[1].kind, p[1].key))]


def _nothing(goal: str, reading: Reading, known: Knowledge) -> str:
    looked = ", ".join(reading.specific or reading.unknown) or goal
    jobs = sorted({f"{p}/{j}" for p, j in known.builds.select("pipeline", "job").unique().iter_rows()})
    shown = f" There are the jobs {', '.join(jobs[:6])}{' and others' if len(jobs) > 6 else ''}." if jobs else ""
    return f"No plan: nothing in the data bears on {looked}.{shown}"


def _only(called: Sequence[str], fitting: Sequence[Subject], reading: Reading, known: Knowledge) -> str:
    """That nothing is called so, and what there is of that sort."""
    if not fitting:
        return _nothing(", ".join(called), reading, known)
    sorts = " or ".join(_WORDS[c] for c in sorted(reading.concepts))
    told = shortlist(list(dict.fromkeys(s.name for s in fitting)), MOST_SUBJECTS)
    return f"No plan: nothing in the data is called {', '.join(called)}. What is {sorts}: {told}."


_WORDS = {SLOW: "slow", FAILING: "failing", FLAKY: "flaky", RESOURCE: "short of a resource", ERRORS: "loud in the logs"}


def _over(
    everything: Sequence[Subject], reading: Reading, extra: Sequence[str], rarity: dict[str, float], known: Knowledge
) -> str:
    """Why nothing fits although the words are known: it is over, or there is nothing of that sort."""
    over = _fitting([s for s in everything if s.gone is not None], reading, extra, rarity)
    if over:
        of = f" with {', '.join(reading.named)}" if reading.named else ""
        sorts = " or ".join(_WORDS[c] for c in sorted(reading.concepts))
        what = f"nothing{of} is {sorts} now" if sorts else f"nothing{of} is open"
        told = f"No plan: {what}. {over[0].name} is over: {over[0].gone} was green after it."
        open_ = [s for s in everything if s.gone is None]
        other = _fitting(open_, replace(reading, concepts=frozenset()), extra, rarity) if reading.named else []
        names = shortlist(list(dict.fromkeys(s.name for s in other)), MOST_SUBJECTS)
        return f"{told} What is open{of}: {names}." if other else told
    if not reading.concepts and reading.unknown:
        return _nothing(", ".join(reading.unknown), reading, known)
    sorts = " or ".join(_WORDS[c] for c in sorted(reading.concepts)) or "wrong"
    jobs = [
        (pipeline, job)
        for pipeline, job in known.builds.select("pipeline", "job").unique().sort("pipeline", "job").iter_rows()
        if set(words(f"{pipeline} {job}")) & set(reading.named)
    ]
    about = f" with {', '.join(reading.named)}" if reading.named else ""
    facts = job_facts(known, jobs)
    return f"No plan: nothing{about} is {sorts} by what was measured{f' ({facts})' if facts else ''}."
