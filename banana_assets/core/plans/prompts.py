"""What a model is asked for a plan: instructions, and the schema of the answer. A change of either is a new VERSION."""

from __future__ import annotations

from typing import Any

from banana_assets.core.plans.needs import UNITS
from banana_assets.core.plans.types import PRIORITIES, STEP_TYPES
from banana_assets.core.vocabulary import FAILURE_CATEGORIES, RESOURCE_TYPES

VERSION = "plan-2"
NAME = "plan"
TASK = "plan"

MOST_EVIDENCE, MOST_NEEDS, MOST_RISKS = 6, 3, 3
LONGEST_MINUTES = 480

INSTRUCTIONS = """
You plan how people mend a failed build, or reach a goal, in a software project.

Each numbered line says one thing that is known. "failure", "cause" and "log" lines come from the diagnosis and the log;
"log" lines show variable parts as placeholders. "known method" lines are a plan that works in general: keep what fits,
leave out what does not, be more precise where the cause lines allow it. "asked" lines say what the plan has to keep.

Write a plan:
- category: the class of failure exactly as the failure line says; unknown when there is none.
- approach: the idea in one sentence.
- subtasks: ordered steps. A step has a type (reproduce, measure, inspect: look first; change: mend; verify: show that
  it worked; prevent: keep it from coming again), a description of what a person does, expects: what is then seen,
  minutes, after: numbers of the steps (1 is the first) that must be done before it, priority, evidence: numbers of the
  lines that it rests on, needs: resources, only where a line measures them.
- Every step that changes something rests on evidence, and a verify step follows it.
- Say it in your own words. Words of a line are a quote: say that the log says so, and put them between backticks.
- Name only files, tests, tools and commits that the lines name.
- risks with their mitigation, and fallback: what to do when it does not work.

When a line begins with "found", an earlier answer had that fault: mend it.
"""


def schema(max_subtasks: int) -> dict[str, Any]:
    """The JSON schema of an answer with at most so many steps. Every list and text has a bound."""
    step = _object(
        {
            "type": {"type": "string", "enum": list(STEP_TYPES)},
            "description": _text(400),
            "expects": _text(200),
            "minutes": {"type": "number", "minimum": 1, "maximum": LONGEST_MINUTES},
            "after": _numbers(max_subtasks, max_subtasks),
            "priority": {"type": "string", "enum": list(PRIORITIES)},
            "evidence": _numbers(MOST_EVIDENCE, 999),
            "needs": {"type": "array", "maxItems": MOST_NEEDS, "items": _need()},
        }
    )
    return _object(
        {
            "category": {"type": "string", "enum": list(FAILURE_CATEGORIES)},
            "approach": _text(300),
            "subtasks": {"type": "array", "minItems": 1, "maxItems": max_subtasks, "items": step},
            "risks": {
                "type": "array",
                "maxItems": MOST_RISKS,
                "items": _object({"description": _text(200), "mitigation": _text(200)}),
            },
            "fallback": _text(300),
        }
    )


def max_tokens(max_subtasks: int) -> int:
    """Tokens that an answer may take: some 150 a step, and the rest."""
    return 400 + 150 * max_subtasks


def _need() -> dict[str, Any]:
    units = sorted({unit for units in UNITS.values() for unit in units})
    return _object(
        {
            "type": {"type": "string", "enum": list(RESOURCE_TYPES)},
            "amount": {"type": "number", "minimum": 0, "maximum": 100_000},
            "unit": {"type": "string", "enum": units},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _numbers(most: int, highest: int) -> dict[str, Any]:
    return {"type": "array", "maxItems": most, "items": {"type": "integer", "minimum": 1, "maximum": highest}}
