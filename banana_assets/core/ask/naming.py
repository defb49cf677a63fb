"""What a question names: builds, jobs, branches, tests, times, kinds of failure, resources."""

# ruff: noqa: E501 - a sentence or a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from banana_assets.core.ask.types import Named, Span

CATEGORIES: Mapping[str, str] = {
    r"missing (?:dependenc(?:y|ies)|modules?|packages?)": "missing_dependency",
    r"(?:failing|failed|broken)? ?test failures?": "test_failure",
    r"time-?outs?|timed out|timing out": "timeout",
    r"syntax errors?": "syntax_error",
    r"(?:access|permission)s? (?:errors?|denied|problems?)": "access_error",
    r"compil(?:e|er|ation) (?:errors?|failures?)": "compile_error",
    r"typ(?:e|ing) errors?": "type_error",
    r"lint(?:er|ing)? (?:errors?|failures?|problems?)": "lint_error",
    r"out[ -]of[ -]memory|oom(?:s|ed)?": "out_of_memory",
    r"full disks?|disk[ -]full(?: errors?)?|no space left": "disk_full",
    r"network (?:errors?|failures?|problems?)": "network_error",
    r"config(?:uration)? (?:errors?|problems?)": "configuration_error",
    r"infrastructure (?:errors?|failures?|problems?)": "infrastructure_error",
    r"(?:container|docker) (?:build )?(?:errors?|failures?)": "container_build_error",
    r"(?:git|version control) (?:errors?|failures?|problems?)": "version_control_error",
    r"crash(?:es|ed)?|segfaults?": "crash",
}
_ABOUT_BUILDS = re.compile(r"\b(?:builds?|runs?|fail\w*|pipelines?|jobs?|ci|many|often|which|why|because|due)\b")
_AHEAD = re.compile(r"\bwill\b|\bgoing to\b|\bsoon\b", re.IGNORECASE)
_UNITS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
    "couple of": 2,
    "few": 3,
}
_N = r"(\d{1,4}|" + "|".join(_NUMBERS) + ")"
_UNIT = r"(minute|hour|day|week|month|year)s?"
_DAY = r"(\d{4}-\d\d-\d\d)(?:[t ](\d\d:\d\d)(?::\d\d)?z?)?"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RESOURCES = {"disk": "disk", "disks": "disk", "storage": "disk", "memory": "memory", "ram": "memory", "cpu": "cpu",
              "processor": "cpu", "network": "network"}  # fmt: skip
_STATUSES = {
    "failed": r"fail(?:s|ed|ing)?|failures?|red|broken|broke|unsuccessful",
    "success": r"green|pass(?:es|ed|ing)?|succeed(?:s|ed)?|success(?:ful)?",
    "cancelled": r"cancell?ed|aborted",
    "running": r"running|in progress",
    "queued": r"queued|waiting",
}


@dataclass(frozen=True)
class Known:
    """The names that are in the data. ``now`` is the clock's time, ``latest`` when the latest build ended."""

    now: datetime
    latest: datetime | None = None
    builds: Sequence[str] = ()
    jobs: Sequence[str] = ()
    branches: Sequence[str] = ()
    tests: Mapping[str, str] = field(default_factory=dict)
    sources: Sequence[str] = ()


@dataclass
class _Text:
    """The question, of which what is named is taken out part by part."""

    words: str

    def take(self, pattern: str) -> re.Match[str] | None:
        """The first match, taken out of the question."""
        if m := re.search(pattern, self.words, re.IGNORECASE):
            self.words = f"{self.words[: m.start()]} {self.words[m.end() :]}"
        return m


def named(question: str, known: Known) -> tuple[Named, str]:
    """What the question names, and the question without it."""
    text = _Text(" ".join(question.split()))
    like = _like(text)
    test = _test(text, known)
    span = _span(text, known)
    build = _build(text, known)
    jobs = _jobs(text, known)
    branch = _branch(text, known)
    source = _one_of(text, known.sources, r"(?:(?:on|of|from|for|in) )?(?:the )?(?:logs? of |host |service |source )?")
    limit = text.take(rf"\b(?:top|first|the) {_N}\b(?! {_UNIT})")
    severity = text.take(
        r"\b(critical|high|medium|low)(?: severity)?\b(?=.*\b(?:severity|error|pattern|message|log|line|warning|bottleneck)s?\b)"
    )
    category = None
    if _ABOUT_BUILDS.search(text.words.lower()) and not _AHEAD.search(text.words):
        category = next((name for phrase, name in CATEGORIES.items() if text.take(rf"\b(?:{phrase})\b")), None)
    resource = next((_RESOURCES[w] for w in re.findall(r"[a-z]+", text.words.lower()) if w in _RESOURCES), None)
    low = text.words.lower()
    status = next((s for s, words in _STATUSES.items() if re.search(rf"\b(?:{words})\b", low)), None)
    return Named(
        build=build,
        jobs=jobs,
        branch=branch,
        tests=test,
        category=category,
        status=status,
        span=span,
        resource=resource,
        source=source,
        severity=severity[1].lower() if severity else None,
        limit=_number(limit[1]) if limit else None,
        like=like,
    ), text.words  # fmt: skip


def _number(told: str) -> int:
    return _NUMBERS.get(told.lower()) or int(told)


def _like(text: _Text) -> str | None:
    if m := text.take(r"[\"“`]([^\"”`]{3,})[\"”`]|(?<!\w)'([^']{3,})'(?!\w)"):
        return m[1] or m[2]
    if m := text.take(
        r"\b(?:anything|something|errors?|failures?|lines?) like (?:this:? )?(.{3,})$|\blike this: (.{3,})$|\bsimilar to (.{8,})$"
    ):
        return (m[1] or m[2] or m[3]).rstrip(" ?")
    return None


def _test(text: _Text, known: Known) -> tuple[str, ...]:
    for m in re.finditer(r"[\w./\[\]-]+(?:::|\.)[\w./:\[\]-]+|\btest_\w+|\b\w+Test\w*", text.words):
        word = m[0].rstrip(".?")
        found = tuple(ident for ident, title in known.tests.items() if _is_test(word, title))
        if found:
            text.take(rf"(?:\bthe )?(?:\btest )?{re.escape(word)}")
            return found
    return ()


def _is_test(word: str, title: str) -> bool:
    return word == title or bool(re.search(rf"(?:^|[:.\s/]){re.escape(word)}(?:$|\[|\s)", title))


def _span(text: _Text, known: Known) -> Span | None:
    # So long before the latest build, as elsewhere in the commands; days are those of the calendar.
    end = known.latest or known.now
    today = known.now.replace(hour=0, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    if m := text.take(rf"\bbetween {_DAY} and {_DAY}"):
        return Span(_moment(m[1], m[2]), _moment(m[3], m[4]) + (timedelta() if m[4] else day), m[0])
    if m := text.take(rf"\b(?:since|after) {_DAY}"):
        return Span(_moment(m[1], m[2]), None, m[0])
    if m := text.take(rf"\b(?:on )?{_DAY}"):
        return Span(_moment(m[1], None), _moment(m[1], None) + day, m[0])
    if m := text.take(rf"\b(?:(?:in|over|during|within|for) )?(?:the )?(?:last|past|previous|latest) {_N} {_UNIT}\b"):
        return Span(_before(end, _number(m[1]) * _UNITS[m[2].lower()]), None, m[0])
    if m := text.take(
        r"\b(?:(?:in|over|during|within) )?(?:the )?(?:last|past|previous) (minute|hour|day|week|month|year)\b"
    ):
        return Span(_before(end, _UNITS[m[1].lower()]), None, m[0])
    if m := text.take(rf"\bsince {_N} {_UNIT} ago\b|\bsince {_N} {_UNIT}\b"):
        return Span(_before(end, _number(m[1] or m[3]) * _UNITS[(m[2] or m[4]).lower()]), None, m[0])
    if m := text.take(rf"\b{_N} {_UNIT} ago\b"):
        first = _before(known.now, _number(m[1]) * _UNITS[m[2].lower()])
        return Span(first, first + timedelta(days=_UNITS[m[2].lower()]), m[0])
    if m := text.take(r"\b(?:(since|from) )?yesterday\b"):
        return Span(today - day, None if m[1] else today, m[0])
    if m := text.take(r"\b(?:(?:since|from) )?today\b"):
        return Span(today, None, m[0])
    if m := text.take(r"\b(?:(?:in|during|since) )?this (week|month)\b"):
        first = today - timedelta(days=today.weekday()) if m[1] == "week" else today.replace(day=1)
        return Span(first, None, m[0])
    if m := text.take(r"\b(?:(?:on|by|until) )?tomorrow\b"):
        return Span(today + day, today + 2 * day, m[0])
    if m := text.take(rf"\b(?:(?:in|over|during|within|for) )?(?:the )?(?:coming|next) (?:{_N} )?{_UNIT}\b"):
        return Span(known.now, _later(known.now, (_number(m[1]) if m[1] else 1) * _UNITS[m[2].lower()]), m[0])
    if m := text.take(rf"\b(?:(since|on|last) )?({'|'.join(_WEEKDAYS)})\b"):
        first = today - timedelta(days=(today.weekday() - _WEEKDAYS.index(m[2].lower()) - 1) % 7 + 1)
        return Span(first, None if (m[1] or "").lower() == "since" else first + day, m[0])
    return None


def _moment(day: str, time: str | None) -> datetime:
    return datetime.fromisoformat(f"{day}T{time or '00:00'}").replace(tzinfo=UTC)


def _before(end: datetime, days: float) -> datetime:
    return end - timedelta(days=min(days, 700_000))


def _later(begin: datetime, days: float) -> datetime:
    return begin + timedelta(days=min(days, 700_000))


def _build(text: _Text, known: Known) -> str | None:
    ids = set(known.builds)
    for word in re.findall(r"[\w#./:-]+", text.words):
        bare = word.strip("#.:?")
        if bare in ids or (len(bare) >= 6 and any(c.isdigit() for c in bare)):
            found = [i for i in known.builds if i == bare] or [i for i in known.builds if i.startswith(bare)]
            if len(found) == 1:
                text.take(rf"(?:\bthe )?(?:\b(?:build|run) )?#?{re.escape(bare)}(?![\w-])")
                return found[0]
    if m := text.take(r"\b(?:build|run) #?(?=[\w./-]*\d)([\w./-]+)"):
        # Named and not there: the query says so.
        return m[1].rstrip(".?")
    return None


def _jobs(text: _Text, known: Known) -> tuple[str, ...]:
    for name in sorted({*known.jobs, *(j.split("/")[0] for j in known.jobs), *(j.split("/")[-1] for j in known.jobs)},
                       key=len, reverse=True):  # fmt: skip
        # A job called "test" or "build" is only meant where it is called a job.
        usual = name.lower() in {"test", "tests", "build", "job", "lint", "check", "deploy", "run", "ci", "main"}
        before, after = r"(?:\b(?:job|pipeline|workflow) )", r"(?: (?:job|pipeline|workflow|builds?))"
        escaped = rf"(?<![\w/-]){re.escape(name)}(?![\w/-])"
        pattern = (
            rf"{before}{escaped}|{escaped}{after}" if usual else rf"{before}?{escaped}(?: (?:job|pipeline|workflow))?"
        )
        if text.take(rf"(?:\b(?:in|of|for|on|does|did) )?(?:\bthe )?(?:{pattern})"):
            return tuple(j for j in known.jobs if name in (j, *j.split("/", 1)))
    return ()


def _branch(text: _Text, known: Known) -> str | None:
    if m := text.take(r"\b(?:on|of|in|for|from) (?:the )?branch ([\w./-]+)|\bbranch ([\w./-]+)"):
        return (m[1] or m[2]).rstrip(".?")
    before = r"\b(?:on|of|in|for|from|is|does|did|has|was) (?:the )?"
    return _one_of(text, known.branches, before, r"(?: branch)?(?! (?:cause|reason|problem|error|job|pipeline))")


def _one_of(text: _Text, names: Sequence[str], before: str, after: str = "") -> str | None:
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 1 and text.take(rf"{before}(?<![\w/-]){re.escape(name)}(?![\w/-]){after}"):
            return name
    return None
