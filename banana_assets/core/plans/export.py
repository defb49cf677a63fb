"""A plan as text for elsewhere: a Markdown checklist, an issue, or JSON. Everything is masked once more on its way out.

Words of a plan can come from logs and models, so outside of code nothing in them works as markup: no link, no picture,
no HTML, nobody is mentioned and no other issue is referred to (https://github.github.com/gfm/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from banana_assets.core.evidence import Citation
from banana_assets.core.plans.types import Plan, Subtask
from banana_assets.core.safety.secrets import mask
from banana_assets.core.safety.serving import served
from banana_assets.core.safety.untrusted import tidy
from banana_assets.core.text import cut

SCHEMA = "banana.plan/1"
ISSUE_CHARACTERS = 65_536
"""What GitHub takes as the text of an issue."""

TITLE_CHARACTERS = 120
QUOTE_LINES = 20

_CODE = re.compile("`[^`]+`")
_WORKS = re.compile(r"(?<![^\W_])_|_(?![^\W_])|[\\*\[\]<>|~`&]|!(?=\[)")
_BEGINS = re.compile(r"(?:[#+=-]+|\d+[.)])(?= |$)")
"""What makes a block of the words after it."""

# A forge looks for these after it has rendered the text, so that only code keeps them from working.
_LINK = re.compile(r"://|www\.|mailto:|@\w|#\d|GH-\d", re.IGNORECASE)
_OPENS, _ENDS = "([\"'", ")]\"'.,;:!?"
"""What stands around a word of a sentence and is no part of it."""
_DONE = ("completed",)


@dataclass
class Evidence:
    """The citations of a plan, each with a number."""

    numbers: dict[tuple[Any, ...], int] = field(default_factory=dict)
    citations: list[Citation] = field(default_factory=list)

    def number(self, citation: Citation) -> int:
        """Its number; the same for the same place."""
        place = (citation["build_id"], citation["sha256"], citation["first_line"], citation["last_line"])
        if place not in self.numbers:
            self.numbers[place] = len(self.citations) + 1
            self.citations.append(citation)
        return self.numbers[place]

    @classmethod
    def of(cls, plan: Plan) -> Evidence:
        """The citations of all steps, in the order of the steps."""
        found = cls()
        for step in plan.subtasks:
            for citation in step.citations:
                found.number(citation)
        return found


def markdown(plan: Plan, statuses: Mapping[str, str] | None = None) -> str:
    """The plan as a Markdown checklist with its evidence as numbered quotes."""
    return f"# {prose(plan.goal)}\n\n{_body(plan, statuses or {}, QUOTE_LINES)}"


def issue(plan: Plan, statuses: Mapping[str, str] | None = None) -> str:
    """The text of an issue: its title, an empty line, and the checklist, as `gh issue create` takes them.

    Quotes are shortened until the text fits into ISSUE_CHARACTERS.
    """
    title = _safe(plan.goal)
    title = cut(title, TITLE_CHARACTERS)
    for most in (QUOTE_LINES, 5, 1, 0):
        body = _body(plan, statuses or {}, most)
        if len(body) <= ISSUE_CHARACTERS:
            break
    else:
        body = body[: ISSUE_CHARACTERS - 2] + "…\n"
    return f"{title}\n\n{body}"


def as_json(plan: Plan, statuses: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The plan as a JSON object: its fields, each step with its status, and the citations as a numbered list."""
    evidence = Evidence.of(plan)
    row = plan.row()
    for shown, step in zip(row["subtasks"], plan.subtasks, strict=True):
        shown["status"] = (statuses or {}).get(step.id, "pending")
        shown["citations"] = [evidence.number(citation) for citation in step.citations]
    row["citations"] = [{"number": n, **citation} for n, citation in enumerate(evidence.citations, 1)]
    masked: dict[str, Any] = served({"schema": SCHEMA, **row})
    return masked


def prose(text: str) -> str:
    """Words as Markdown that shows them and does nothing else; code spans stay code."""
    text = _safe(text)
    parts, at = [], 0
    if block := _BEGINS.match(text):
        parts, at = ["".join(c if c.isdigit() else f"&#{ord(c)};" for c in block[0])], block.end()
    for span in _CODE.finditer(text, at):
        parts += [_inert(text[at : span.start()]), span[0]]
        at = span.end()
    return "".join([*parts, _inert(text[at:])])


def _inert(text: str) -> str:
    return " ".join(_word(word) for word in text.split(" "))


def _word(word: str) -> str:
    if not _LINK.search(word):
        return _shown(word)
    ended = word.lstrip(_OPENS)
    inner = ended.rstrip(_ENDS)
    return f"{_shown(word[: len(word) - len(ended)])}{_code(inner)}{_shown(ended[len(inner) :])}"


def _shown(text: str) -> str:
    return _WORKS.sub(lambda m: f"&#{ord(m[0])};", text)


def _code(text: str) -> str:
    """A code span of these words, which nothing in them ends."""
    return f"`{_safe(text).replace('`', chr(39)) or '?'}`"


def _safe(text: str) -> str:
    """The words on one line, without secrets and hidden characters."""
    return " ".join(tidy(mask(text).text).split())


def _body(plan: Plan, statuses: Mapping[str, str], most: int) -> str:
    evidence = Evidence.of(plan)
    if plan.status == "abstained":
        return f"{prose(plan.reason or 'There is no plan.')}\n\n{_footer(plan)}\n"
    parts = [prose(plan.approach), "## Steps\n\n" + "\n".join(_step(s, statuses, evidence) for s in plan.subtasks)]
    if plan.prediction.statement:
        parts.append(f"## What should be seen\n\n{prose(plan.prediction.statement)}")
    if plan.risks:
        risks = (f"- {prose(r.description)}" + (f" {prose(r.mitigation)}" if r.mitigation else "") for r in plan.risks)
        parts.append("## Risks\n\n" + "\n".join(risks))
    if plan.fallback_plan:
        parts.append(f"## If it does not work\n\n{prose(plan.fallback_plan)}")
    if evidence.citations:
        quotes = (_quote(n, citation, most) for n, citation in enumerate(evidence.citations, 1))
        parts.append("## Evidence\n\n" + "\n\n".join(quotes))
    return "\n\n".join([part for part in parts if part] + [_footer(plan)]) + "\n"


def _step(step: Subtask, statuses: Mapping[str, str], evidence: Evidence) -> str:
    status = statuses.get(step.id, "pending")
    told = [f"{step.estimated_minutes:g} min"]
    told += [f"after {', '.join(step.dependencies)}"] if step.dependencies else []
    told += [f"{r.amount:g} {r.unit} of {r.type}" for r in step.resource_requirements]
    told += [status] if status not in ("pending", "completed") else []
    cites = "".join(f" \\[{n}\\]" for n in dict.fromkeys(evidence.number(c) for c in step.citations))
    about = prose(f"({', '.join(told)})")
    box = "x" if status in _DONE else " "
    expects = f"\n  - Expect: {prose(step.expects)}" if step.expects else ""
    return f"- [{box}] **{prose(step.id)}** {prose(step.description)}{cites} {about}{expects}"


def _quote(number: int, citation: Citation, most: int) -> str:
    first, last = citation["first_line"], citation["last_line"]
    where = f"build {_code(citation['build_id'])}" if citation["build_id"] else f"log {_code(citation['sha256'][:12])}"
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    head = f"{number}. {where}, {lines}"
    if not most:
        return head
    shown = [tidy(line) for line in mask(citation["quote"]).text.split("\n")]
    more = [f"… {len(shown) - most} more lines"] if len(shown) > most else []
    ticks = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, ticks + 1)
    return "\n".join([f"{head}:", "", *(f"   {text}" for text in [f"{fence}text", *shown[:most], *more, fence])])


def _footer(plan: Plan) -> str:
    made = f"{plan.created_at:%Y-%m-%d %H:%M} UTC" if isinstance(plan.created_at, datetime) else ""
    by = plan.planner if plan.model_used in ("none", plan.planner) else f"{plan.planner} ({plan.model_used})"
    return f"Plan {_code(plan.plan_id)}, made {made} by {prose(by)}."
