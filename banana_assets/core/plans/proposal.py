"""From a model's answer to a plan: citations by line number made places, everything dropped said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from banana_assets.core.evidence import Citation
from banana_assets.core.plans.evidence import Evidence
from banana_assets.core.plans.order import cycle, renumbered, sorted_steps
from banana_assets.core.plans.types import Issue, Plan, Requirement, Risk, Subtask, TableRow
from banana_assets.core.safety.answers import findings
from banana_assets.core.safety.secrets import mask
from banana_assets.core.safety.untrusted import tidy

PLANNER = "model"


def proposed(value: Mapping[str, Any], evidence: Evidence, floor: Plan, model_used: str) -> Plan:
    """The plan of an answer that keeps ``prompts.schema``, with the issues of reading it.

    Subject, goal and prediction are those of ``floor``: a model says how, not what. Steps are put in an order that
    keeps what they wait for, where there is one.
    """
    issues: list[Issue] = []
    steps = tuple(_step(n, row, evidence, issues) for n, row in enumerate(value["subtasks"], 1))
    ids = {s.id for s in steps}
    if not cycle(steps) and all(d in ids for s in steps for d in s.dependencies):
        ordered = sorted_steps(steps)
        steps, new = renumbered(ordered), {s.id: f"s{n}" for n, s in enumerate(ordered, 1)}
        issues = [replace(i, step=new.get(i.step, i.step)) if i.step else i for i in issues]
    return replace(
        floor,
        approach=_plain(value["approach"]),
        subtasks=steps,
        risks=tuple(Risk(_plain(r["description"]), _plain(r["mitigation"])) for r in value["risks"]),
        fallback_plan=_plain(value["fallback"]),
        planner=PLANNER,
        model_used=model_used,
        template_id=None,
        issues=tuple(issues),
        optimization_score=None,
        optimization_parts=(),
        resource_efficiency=None,
        efficiency_parts=(),
    )


def contradictions(value: Mapping[str, Any], plan: Plan, evidence: Evidence, category: str | None) -> tuple[Issue, ...]:
    """Where an answer says what the diagnosis or the evidence do not: all errors."""
    found = []
    if category is not None and value["category"] != category:
        found.append(Issue("error", f"It speaks of {value['category']}; the diagnosis says {category}."))
    known = evidence.data.lower()
    for step in plan.subtasks:
        found += [Issue("error", said, step.id) for said in _unnamed(f"{step.description} {step.expects}", known)]
        if step.type == "change" and not _supported(step, plan.subtasks):
            found.append(
                Issue("error", "It changes something and neither it nor what it waits for rests on evidence.", step.id)
            )
    rest = " ".join([plan.approach, plan.fallback_plan, *(f"{r.description} {r.mitigation}" for r in plan.risks)])
    found += [Issue("error", said) for said in _unnamed(rest, known)]
    return tuple(found)


def unsafe(plan: Plan, evidence: Evidence) -> tuple[Issue, ...]:
    """What may not be served of a plan's words."""
    return findings(texts(plan), evidence.data, evidence.own)


def texts(plan: Plan) -> tuple[str, ...]:
    """All that a plan says in its own words."""
    steps = (text for s in plan.subtasks for text in (s.description, s.expects))
    risks = (text for r in plan.risks for text in (r.description, r.mitigation))
    return (plan.approach, *steps, *risks, plan.fallback_plan)


def _step(number: int, row: Mapping[str, Any], evidence: Evidence, issues: list[Issue]) -> Subtask:
    ident = f"s{number}"
    citations: list[Citation] = []
    rows: list[TableRow] = []
    for cited in dict.fromkeys(row["evidence"]):
        line = evidence.line(cited)
        if line is None:
            issues.append(
                Issue("warning", f"It cited line {cited}, which stands for nothing; that was dropped.", ident)
            )
            continue
        if line.citation is not None:
            citations.append(line.citation)
        rows += [r for r in line.rows if r not in rows]
    return Subtask(
        id=ident,
        type=row["type"],
        description=_plain(row["description"]),
        expects=_plain(row["expects"]),
        estimated_minutes=float(row["minutes"]),
        dependencies=tuple(f"s{d}" for d in dict.fromkeys(row["after"])),
        priority=row["priority"],
        resource_requirements=tuple(Requirement(n["type"], float(n["amount"]), n["unit"]) for n in row["needs"]),
        citations=tuple(_joined(citations)),
        rests_on=tuple(rows),
    )


def _joined(citations: Sequence[Citation]) -> Iterator[Citation]:
    """Neighbouring lines of one log as one citation."""
    ordered = sorted(citations, key=lambda c: (c["sha256"], c["first_line"]))
    held: Citation | None = None
    for citation in ordered:
        if held and held["sha256"] == citation["sha256"] and held["last_line"] + 1 == citation["first_line"]:
            held = {**held, "last_line": citation["last_line"], "quote": f"{held['quote']}\n{citation['quote']}"}
            continue
        if held:
            yield held
        held = citation
    if held:
        yield held


def _supported(step: Subtask, steps: Sequence[Subtask]) -> bool:
    of = {s.id: s for s in steps}
    seen, queue = set[str](), [step.id]
    while queue:
        one = of.get(queue.pop())
        if one is None or one.id in seen:
            continue
        if one.citations or one.rests_on:
            return True
        seen.add(one.id)
        queue += one.dependencies
    return False


_PLACE = re.compile(r"(?:[\w.-]+/)*[\w-]+\.[A-Za-z]\w{0,5}:\d+")
_TEST = re.compile(r"[\w./-]+::[\w:\[\]./-]+")
_PATH = re.compile(r"(?<![\w:/.])(?:[\w.-]+/){1,}[\w.-]*\w\.[A-Za-z]\w{0,5}\b")
_COMMIT = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b")


def _unnamed(text: str, known: str) -> Iterator[str]:
    """Places in files, tests, paths, commits and tools that no line of the evidence names."""
    for what, pattern in (
        ("the place", _PLACE),
        ("the test", _TEST),
        ("the file", _PATH),
        ("the commit", _COMMIT),
    ):
        for m in pattern.finditer(text):
            name = m[0].rstrip(".,:;").lower()
            if name not in known:
                yield f"It names {what} {name[:80]}, which no line of the evidence names."
    for tool in sorted({m[0].lower() for m in _TOOLS.finditer(text)}):
        if tool not in known:
            yield f"It names the tool {tool}, which no line of the evidence names."


_TOOLS = re.compile(
    r"\b(?:pytest|unittest|jest|vitest|mocha|jasmine|rspec|phpunit|ctest|junit|gradle|maven|mvn|dotnet|cargo|rustc|javac|"
    r"tsc|eslint|ruff|mypy|pylint|flake8|rubocop|gcc|clang|msbuild|bazel|webpack|cmake)\b",
    re.IGNORECASE,
)


def _plain(text: str) -> str:
    return tidy(mask(" ".join(text.split())).text)
