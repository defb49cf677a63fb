"""Constraints as people write them, and whether a plan keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from banana_assets.core.plans.needs import in_gib
from banana_assets.core.plans.order import critical_path
from banana_assets.core.plans.types import Plan, Requirement, Subtask
from banana_assets.core.text import Late

WORKDAY_HOURS = 8.0
"""A day, in a constraint, is a working day."""

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: float(n) for n, word in enumerate(_WORDS)} | {
    "a": 1.0, "an": 1.0, "half an": 0.5, "half a": 0.5, "a single": 1.0, "fifteen": 15.0, "twenty": 20.0,
    "thirty": 30.0, "sixty": 60.0,
}  # fmt: skip
_N = rf"(?P<n>\d+(?:[.,]\d+)?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_MOST = (
    r"(?:at most|no more than|not more than|max(?:imum|\.)?(?: of)?|up to|within|in(?: under)?|under|below|"
    r"less than|fewer than|no longer than|not longer than|limit(?:ed)? to|<=?|≤)"
)
_MINUTES = {"s": 1 / 60, "m": 1.0, "h": 60.0, "d": 60 * WORKDAY_HOURS, "w": 60 * WORKDAY_HOURS * 5}

_STEPS = Late(rf"\b{_MOST}\s*{_N}\s*(?:sub-?)?(?:steps?|tasks?)\b", re.IGNORECASE)
_TIME = Late(
    rf"\b{_MOST}\s*{_N}\s*(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|(?:working )?days?|d|weeks?|w)\b",
    re.IGNORECASE,
)
_DOWNTIME = Late(
    r"\b(?:no|zero|without(?: any)?|avoid(?: any)?)\s+(?:\w+\s+)?(?:down ?time|restarts?|outages?|interruptions?)"
    r"|\bkeep\b.{1,60}\b(?:running|available|online|up)\b",
    re.IGNORECASE,
)
_UNTOUCHED = Late(
    r"\b(?:do not|don'?t|never|must not|may not|without|avoid)\s+"
    r"(?:touch|chang|modif|edit|alter)(?:e|ing|ying|y)?\s+"
    r"(?:anything (?:in|of|under) )?(?P<a>.+)|\bno changes? (?:to|in|of) (?P<b>.+)"
    r"|\bleave (?P<c>.+?) (?:alone|as (?:it is|they are|is)|unchanged|untouched)\b",
    re.IGNORECASE,
)
_ONLY = Late(r"\bonly (?:touch|change|modify|edit) (?P<a>.+)|\b(?:touch|change|modify|edit) only (?P<b>.+)", re.I)
_RESOURCE = Late(
    rf"{_MOST}\s*{_N}\s*(?P<unit>gib|gb|g|mib|mb|%|percent|cores?|cpus?|vcpus?|mib/s|mb/s)(?![\w/])", re.IGNORECASE
)
_TYPES = {
    "memory": r"\bmemory\b|\bram\b",
    "disk": r"\bdisks?\b|\bstorage\b",
    "cpu": r"\bcpus?\b|\bcores?\b|\bprocessor",
    "network": r"\bnetwork\b|\bbandwidth\b",
}
_DISRUPTS = Late(
    r"\b(?:restart|reboot|shut(?:ting)? ?down|power(?:ing)? off|take\b.{1,40}\b(?:out of service|offline|down)|"
    r"stop(?:ping)?\b(?! (?:looking|when|at))|downtime|failover|drain)\b",
    re.IGNORECASE,
)
_BEGINS_BY = Late(
    r"(?:^|[.;] |\bthen )(?:restart|reboot|shut ?down|power off|stop|drain|"
    r"take\b.{1,40}\b(?:out of service|offline|down))\b",
    re.IGNORECASE,
)
"""A step that looks and does so; elsewhere in it such a word may be what it looks for."""
_TOKEN = Late(r"[\w.@*/\\+:-]+")
_RUNS = r"(?<!run )(?<!rerun )(?<!repeat )(?<!run the )(?<!rerun the )(?<!repeat the )(?<!run all )"
CHANGING = ("change", "prevent")
"""Types of steps that change something."""


@dataclass(frozen=True)
class Constraint:
    """A constraint as it was understood. ``kind``: steps, minutes, downtime, untouched, only, resource, or unread.

    ``amount`` are steps, minutes of the critical path, or what ``resource`` may need at most; ``names`` what may not,
    or alone may, be changed.
    """

    text: str
    kind: str
    amount: float = 0.0
    names: tuple[str, ...] = ()
    resource: Requirement | None = None

    @property
    def told(self) -> str:
        """What it was taken to mean, for people."""
        said = {
            "steps": f"at most {self.amount:g} steps",
            "minutes": f"at most {self.amount:g} minutes from begin to end",
            "downtime": "no step that stops or restarts what others use",
            "untouched": f"no step that changes {', '.join(self.names)}",
            "only": f"no step that changes anything but {', '.join(self.names)}",
        }
        if self.resource:
            return f"at most {self.resource.amount:g} {self.resource.unit} of {self.resource.type}"
        return said.get(self.kind, "not understood")


def read(text: str) -> Constraint:
    """What a constraint means; of kind ``unread`` where it is none of the forms that are known."""
    plain = " ".join(text.split()).strip().rstrip(".")
    if m := _STEPS.search(plain):
        return Constraint(text, "steps", max(1.0, _number(m["n"])))
    if m := _RESOURCE.search(plain):
        need = _requirement(plain, _number(m["n"]), m["unit"].lower())
        if need is not None:
            return Constraint(text, "resource", need.amount, resource=need)
    if m := _TIME.search(plain):
        unit = m["unit"].lower().removeprefix("working ")[0]
        return Constraint(text, "minutes", _number(m["n"]) * _MINUTES[unit])
    if _DOWNTIME.search(plain):
        return Constraint(text, "downtime")
    for kind, pattern in (("only", _ONLY), ("untouched", _UNTOUCHED)):
        if m := pattern.search(plain):
            names = _names(next(g for g in m.groupdict().values() if g))
            if names:
                return Constraint(text, kind, names=names)
    return Constraint(text, "unread")


def broken(constraint: Constraint, plan: Plan) -> Iterator[tuple[str, str | None]]:
    """How a plan breaks it: a sentence, and the step where it is one."""
    steps = plan.subtasks
    if constraint.kind == "steps" and len(steps) > constraint.amount:
        yield f"It has {len(steps)} steps; “{constraint.text}” allows {constraint.amount:g}.", None
    if constraint.kind == "minutes" and (takes := critical_path(steps)) > constraint.amount:
        yield f"It takes {takes:g} minutes; “{constraint.text}” allows {constraint.amount:g}.", None
    for step in steps:
        if said := breaks(constraint, step):
            yield said, step.id


def breaks(constraint: Constraint, step: Subtask) -> str | None:
    """How one step breaks it; None where it does not, or where its words do not tell (``may_break``)."""
    if constraint.kind == "downtime":
        found = _DISRUPTS if step.type in CHANGING else _BEGINS_BY
        m = found.search(f"{step.description} {step.expects}" if step.type in CHANGING else step.description)
        return f"It would {m[0].strip('.; ').lower()}, against “{constraint.text}”." if m else None
    if constraint.kind == "untouched" and step.type in CHANGING:
        named = next((name for name in constraint.names if names(name, step.description)), None)
        return f"It changes {named}, against “{constraint.text}”." if named else None
    if constraint.kind == "only" and step.type in CHANGING:
        of = any(names(name, step.description) or _spoken(name, step.description) for name in constraint.names)
        alone = " or ".join(constraint.names)
        return None if of else f"It does not say that it changes {alone} alone, as “{constraint.text}” asks."
    if constraint.resource:
        over = next((r for r in step.resource_requirements if _over(r, constraint.resource)), None)
        if over:
            return f"It needs {over.amount:g} {over.unit} of {over.type}; “{constraint.text}” allows less."
    return None


def may_break(constraint: Constraint, step: Subtask) -> str | None:
    """What a step that changes something says of what may not be touched, without naming it: ``share set-up between
    tests`` where ``tests/`` is to be left alone. None where it says nothing of it, or plainly breaks it."""
    if constraint.kind != "untouched" or step.type not in CHANGING or breaks(constraint, step):
        return None
    for name in constraint.names:
        if said := _spoken(name, step.description):
            return f"It speaks of {said}, and may change {name}, against “{constraint.text}”."
    return None


def _spoken(name: str, text: str) -> str | None:
    """The word of a text that is the last part of a name, in the singular or plural; not where it is only run."""
    words = re.findall(r"[a-z][a-z0-9_-]{2,}", name.lower().rstrip("/").rsplit("/", 1)[-1].rsplit(".", 1)[0])
    if not words and "." in name:
        words = re.findall(r"[a-z][a-z0-9_-]{2,}", name.lower().rsplit(".", 1)[-1])
    one = re.escape(words[-1].removesuffix("s")) if words else ""
    m = re.search(rf"{_RUNS}(?<![\w/.-]){one}s?(?![\w/-])", text, re.IGNORECASE) if one else None
    return m[0] if m else None


def names(name: str, text: str) -> bool:
    """Whether a text names it: as a word or words, as a path with ``*``, or as the beginning of a path."""
    low, wanted = text.lower(), name.lower()
    tokens = [token.strip(".:") for token in _TOKEN.findall(low)]
    if "*" in wanted:
        return any(fnmatchcase(token.split(":")[0], wanted) for token in tokens)
    if "/" in wanted:
        return any(token.startswith((wanted, f"./{wanted}")) or f"/{wanted}" in token for token in tokens)
    return re.search(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])", low) is not None


def _over(need: Requirement, most: Requirement) -> bool:
    if need.type != most.type:
        return False
    amount, limit = in_gib(need), in_gib(most)
    if amount is not None and limit is not None:
        return amount > limit
    return need.unit == most.unit and need.amount > most.amount


def _number(text: str) -> float:
    return float(text.replace(",", ".")) if text[0].isdigit() else _NUMBERS[text.lower()]


def _requirement(text: str, amount: float, unit: str) -> Requirement | None:
    kind = next((kind for kind, pattern in _TYPES.items() if re.search(pattern, text, re.IGNORECASE)), None)
    if kind is None and unit not in ("%", "percent"):
        kind = "cpu" if "c" in unit else "memory" if unit in ("gib", "gb", "g", "mib", "mb") else None
    if kind is None:
        return None
    if unit in ("gib", "gb", "g"):
        return Requirement(kind, amount * (1 if unit != "gb" else 1e9 / (1 << 30)), "GiB")
    if unit in ("mib", "mb"):
        return Requirement(kind, amount * (1 if unit != "mb" else 1e6 / (1 << 20)), "MiB")
    if unit in ("mib/s", "mb/s"):
        return Requirement(kind, amount, "MiB/s")
    return Requirement(kind, amount, "percent" if unit in ("%", "percent") else "cores")


def _names(text: str) -> tuple[str, ...]:
    parts = re.split(r",\s*|\s+(?:and|or|nor)\s+", text)
    bare = (
        re.sub(r"^(?:the|any|our|its|files? in|anything in)\s+", "", p.strip(" .;'\"`“”"), flags=re.I) for p in parts
    )
    return tuple(name for name in bare if 1 < len(name) <= 120)
