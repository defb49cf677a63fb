"""A plan for people to read: goal, steps with what they rest on, prediction, scores."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from banana_assets.core.evidence import Citation, plural, seconds_text
from banana_assets.core.plans.order import critical_path, work
from banana_assets.core.plans.types import Plan, ScorePart, Subtask
from banana_assets.core.text import cut

WIDTH = 100
LONGEST_QUOTE = 160
MOST_QUOTED = 2
_CLAIM = re.compile(
    r"^E\s+\S|\b\w*(?:error|exception|conflict)\b|\b(?:fail|cannot|denied|refused|killed|not found)", re.I
)


def as_text(plan: Plan, *, width: int = WIDTH, parts: bool = True) -> str:
    """The plan as plain text; ``parts`` tells how the scores came."""
    if plan.status == "abstained":
        return _wrapped(plan.goal, width) + "\n" + _wrapped(plan.reason or "", width)
    lines = [_wrapped(f"Goal: {plan.goal}", width), _wrapped(f"Approach: {plan.approach}", width), ""]
    for number, step in enumerate(plan.subtasks, 1):
        lines += _step(number, step, width)
    lines.append("")
    lines.append(_wrapped(f"Takes {_took(plan)}", width))
    lines += [_wrapped(f"Risk: {r.description} {r.mitigation}".rstrip(), width) for r in plan.risks]
    lines.append(_wrapped(f"If it does not work: {plan.fallback_plan}", width))
    lines.append(_wrapped(f"Prediction: {plan.prediction.statement}", width))
    for name, score, told in _scores(plan):
        lines.append(f"{name} {score:.2f}")
        if parts:
            lines += [_wrapped(f"- {_part(p)}", width, "  ") for p in told]
    lines += [_wrapped(f"{i.level}: {f'{i.step}: ' if i.step else ''}{i.message}", width) for i in plan.issues]
    lines.append(f"Plan {plan.plan_id}, made {made_by(plan)}, {plan.status}")
    return "\n".join(lines)


def as_markdown(plan: Plan) -> str:
    """The plan as Markdown; what logs say stands in code, where it is nothing but text."""
    if plan.status == "abstained":
        return f"**{_plain(plan.goal)}**\n\n{_plain(plan.reason or '')}"
    lines = [f"**{_plain(plan.goal)}**", "", _plain(plan.approach), ""]
    for number, step in enumerate(plan.subtasks, 1):
        after = f", after {', '.join(step.dependencies)}" if step.dependencies else ""
        about = f"{step.type}, {_minutes(step.estimated_minutes)}, {step.priority}{after}"
        lines.append(f"{number}. {_plain(step.description)} *({about})*  ")
        lines.append(f"   {_plain(step.expects)}")
        for citation in step.citations[:MOST_QUOTED]:
            lines.append(f"   - {place(citation)}: {_code(first_words(citation))}")
        lines += [f"   - {row.table} {_code(row.key)}" for row in step.rests_on[:2]]
    lines += ["", f"Takes {_took(plan)}", ""]
    lines += [f"- Risk: {_plain(r.description)} {_plain(r.mitigation)}" for r in plan.risks]
    lines += [f"- If it does not work: {_plain(plan.fallback_plan)}"]
    lines += [f"- Prediction: {_plain(plan.prediction.statement)}"]
    for name, score, told in _scores(plan):
        lines.append(f"- {name} {score:.2f}: {'; '.join(_plain(_part(p)) for p in told)}")
    lines += [f"- {i.level}: {f'{i.step}: ' if i.step else ''}{_plain(i.message)}" for i in plan.issues]
    return "\n".join([*lines, "", f"Plan `{plan.plan_id}`, made {made_by(plan)}, {plan.status}"])


def scores(plan: Plan) -> list[str]:
    """``optimization 0.95 (covered 1.00, answered 1.00...)`` and the same for efficiency; none where it abstained."""
    return [
        f"{name} {score:.2f} ({', '.join(map(_brief, parts))})"
        for (_, score, parts), name in zip(_scores(plan), ("optimization", "efficiency"), strict=False)
    ]


def _brief(part: ScorePart) -> str:
    return f"{part.name.replace('_', ' ')} {part.value:.2f}"


def made_by(plan: Plan) -> str:
    """``without a model``, or by which one."""
    return "without a model" if plan.model_used == "none" else f"by {plan.model_used}"


def place(citation: Citation) -> str:
    """``api-test-191 line 42``, or the log's hash where it is no build's."""
    first, last = citation["first_line"], citation["last_line"]
    where = citation["build_id"] or f"log {citation['sha256'][:12]}"
    return f"{where} line {first}" if first == last else f"{where} lines {first}-{last}"


def _step(number: int, step: Subtask, width: int) -> list[str]:
    after = f", after {', '.join(d.removeprefix('s') for d in step.dependencies)}" if step.dependencies else ""
    lines = [
        _wrapped(f"{number}. {step.description}", width, "   "),
        f"   {step.type}, {_minutes(step.estimated_minutes)}, {step.priority}{after}",
        textwrap.fill(f"-> {step.expects}", width, initial_indent="   ", subsequent_indent="      "),
    ]
    if step.resource_requirements:
        needs = ", ".join(f"{n.type} {n.amount:g} {n.unit}" for n in step.resource_requirements)
        lines.append(f"   needs {needs}")
    for citation in step.citations[:MOST_QUOTED]:
        quote = first_words(citation)
        lines.append(f"   [{place(citation)}] {quote}")
    if len(step.citations) > MOST_QUOTED:
        lines.append(f"   and {plural(len(step.citations) - MOST_QUOTED, 'more citation')}")
    if step.rests_on and not step.citations:
        lines.append(f"   [{step.rests_on[0].table} {step.rests_on[0].key}]")
    return lines


def first_words(citation: Citation) -> str:
    """The line of a quote that says most, and how many others there are."""
    lines = [line.strip() for line in citation["quote"].split("\n") if line.strip()]
    # What went wrong says more than what surrounds it, and words more than rules and carets.
    worded = [t for t in lines if sum(map(str.isalnum, t)) > len(t) / 2]
    text = next((t for t in worded if _CLAIM.search(t)), next(iter(worded or lines), ""))
    more = f" (+{len(lines) - 1} lines)" if len(lines) > 1 else ""
    return cut(text, LONGEST_QUOTE) + more


def _took(plan: Plan) -> str:
    total, least = work(plan.subtasks), critical_path(plan.subtasks)
    rests = " Times are assumed; only what running the job takes is measured, where its builds were timed."
    return f"{_minutes(total)} of work, {_minutes(least)} from begin to end at least.{rests}"


def _minutes(minutes: float) -> str:
    return seconds_text(minutes * 60)


def _scores(plan: Plan) -> list[tuple[str, float, Sequence[ScorePart]]]:
    found = [
        ("Optimization score", plan.optimization_score, plan.optimization_parts),
        ("Resource efficiency", plan.resource_efficiency, plan.efficiency_parts),
    ]
    return [(name, score, parts) for name, score, parts in found if score is not None]


def _part(part: ScorePart) -> str:
    return f"{_brief(part)} (weight {part.weight:g}): {part.why}"


def _wrapped(text: str, width: int, indent: str = "  ") -> str:
    return textwrap.fill(text, width, subsequent_indent=indent) if text else ""


def _plain(text: str) -> str:
    """Words as they are, also where they hold what Markdown or HTML would take for a mark outside code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _escaped(text.replace("`", "'"))
    return "`".join(part if n % 2 else _escaped(part) for n, part in enumerate(parts))


def _escaped(text: str) -> str:
    for mark in "\\*_[]#|!":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"
