"""Scores of a plan, counted from its graph and its citations; no word in it plays a part.

The formulas are in docs/plans.md. Each part is in 0..1; a score is the mean of its parts by their weights. A part that
nothing can be said about is left out, and its weight with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from banana_assets.core.evidence import Citation, plural
from banana_assets.core.plans.needs import Room, fits
from banana_assets.core.plans.order import after, critical_path, work
from banana_assets.core.plans.types import Plan, ScorePart, Subtask, TableRow

LOOKING = ("reproduce", "measure", "inspect", "verify")

COVERED, ANSWERED, VERIFIED, DECIDABLE = 0.4, 0.25, 0.2, 0.15
FITTING, EARLY, SIDE_BY_SIDE = 0.5, 0.3, 0.2
"""Weights."""


@dataclass(frozen=True)
class Concern:
    """Something that a plan is about: a cause in a log, a bottleneck, a cluster, a recommendation.

    ``weight`` says how much of the whole it is (any unit, the same for all concerns of a plan). A step covers it when
    it cites one of its lines or rests on one of its rows.
    """

    name: str
    weight: float
    places: tuple[Citation, ...] = ()
    rows: tuple[TableRow, ...] = ()

    def covered_by(self, step: Subtask) -> bool:
        """Whether a step cites it."""
        return any(row in self.rows for row in step.rests_on) or any(
            _overlap(cited, place) for cited in step.citations for place in self.places
        )


def scored(plan: Plan, concerns: Sequence[Concern], there: Iterable[Room] = ()) -> Plan:
    """The plan with its scores. One that abstained has none."""
    if plan.status == "abstained":
        return replace(
            plan, optimization_score=None, optimization_parts=(), resource_efficiency=None, efficiency_parts=()
        )
    optimization, efficiency = optimization_parts(plan, concerns), efficiency_parts(plan.subtasks, tuple(there))
    return replace(
        plan,
        optimization_score=_score(optimization),
        optimization_parts=optimization,
        resource_efficiency=_score(efficiency),
        efficiency_parts=efficiency,
    )


def optimization_parts(plan: Plan, concerns: Sequence[Concern]) -> tuple[ScorePart, ...]:
    """How much of what the plan is about its steps cite, answer with a change, and check afterwards; and whether its
    prediction can be decided. Covering one concern more never lowers any of them."""
    steps = plan.subtasks
    behind = after(steps)
    changes = {s.id for s in steps if s.type == "change"}
    checks = {s.id for s in steps if s.type == "verify"}
    checked = {c for c in changes if behind[c] & checks}
    total = sum(c.weight for c in concerns)
    cover = {c.name: {s.id for s in steps if c.covered_by(s)} for c in concerns}

    def share(reached: set[str]) -> float:
        kept = (c.weight for c in concerns if any({i, *behind[i]} & reached for i in cover[c.name]))
        return float(sum(kept)) / total if total else 0.0

    covered = float(sum(c.weight for c in concerns if cover[c.name])) / total if total else 0.0
    answered, verified = share(changes), share(checked)
    seen = sum(bool(cover[c.name]) for c in concerns)
    decided = (
        bool(plan.prediction.statement) + bool(plan.prediction.decide_by) + bool(plan.prediction.fingerprint)
    ) / 3
    missing = [
        word
        for word, there in (("a statement", plan.prediction.statement), ("a day", plan.prediction.decide_by),
                            ("a fingerprint", plan.prediction.fingerprint))
        if not there
    ]  # fmt: skip
    of = plural(len(concerns), "cause or bottleneck", "causes and bottlenecks")
    return (
        ScorePart("covered", covered, COVERED, f"{seen} of {of} cited by a step, {covered:.0%} of their weight"),
        ScorePart("answered", answered, ANSWERED, f"{answered:.0%} of the weight is followed by a change"),
        ScorePart("verified", verified, VERIFIED, f"{verified:.0%} of the weight has a change that a step checks"),
        ScorePart(
            "decidable",
            decided,
            DECIDABLE,
            f"the prediction lacks {' and '.join(missing)}"
            if missing
            else "a failure, a statement and a day are named",
        ),
    )


def efficiency_parts(steps: Sequence[Subtask], there: Sequence[Room]) -> tuple[ScorePart, ...]:
    """Needs against forecasts, how soon something is learnt, and how much of the work can go side by side."""
    parts = []
    known = [fit for step in steps for need in step.resource_requirements if (fit := fits(need, there)) is not None]
    if known:
        good = sum(fit for fit, _ in known)
        worst = next((told for fit, told in known if not fit), known[0][1])
        parts.append(
            ScorePart("fitting", good / len(known), FITTING, f"{good} of {plural(len(known), 'need')} fits: {worst}")
        )
    total, critical = work(steps), critical_path(steps)
    if total > 0:
        first = min((_begin(steps, s) + s.estimated_minutes for s in steps if s.type in LOOKING), default=total)
        early = 1 - min(first, total) / total if len(steps) > 1 else 0.0
        parts.append(ScorePart("early", early, EARLY, f"{first:g} of {total:g} minutes until something is known"))
        longest = max(s.estimated_minutes for s in steps)
        spread = (total - critical) / (total - longest) if total > longest else 0.0
        parts.append(
            ScorePart(
                "side_by_side",
                min(1.0, max(0.0, spread)),
                SIDE_BY_SIDE,
                f"longest path {critical:g} of {total:g} minutes of work",
            )
        )
    return tuple(parts)


def _begin(steps: Sequence[Subtask], chosen: Subtask) -> float:
    """The minute at which a step can begin."""
    ends: dict[str, float] = {}
    for step in steps:
        begin = max((ends.get(d, 0.0) for d in step.dependencies), default=0.0)
        if step.id == chosen.id:
            return begin
        ends[step.id] = begin + step.estimated_minutes
    return 0.0


def _score(parts: Sequence[ScorePart]) -> float | None:
    weight = sum(part.weight for part in parts)
    return round(sum(part.value * part.weight for part in parts) / weight, 4) if weight else None


def _overlap(one: Citation, other: Citation) -> bool:
    return (
        one["sha256"] == other["sha256"]
        and one["first_line"] <= other["last_line"]
        and other["first_line"] <= one["last_line"]
    )
