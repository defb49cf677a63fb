"""Templates as files: the layout of exports, written and read.

The layout is ``{export_timestamp, template_count, templates: [{id, name, description, template_data, success_rate,
usage_count, created_at, updated_at}]}``, with ``template_data`` a plan; what only this program knows stands in its key
``banana``. Rates of files of other programs were not counted from outcomes: they are kept as words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import stable_id
from banana_assets.core.plans.templates import ANY, Counted, Template, TemplateStep, from_json, to_json
from banana_assets.core.plans.types import Risk
from banana_assets.core.safety.secrets import mask
from banana_assets.core.safety.untrusted import tidy
from banana_assets.core.text import cut
from banana_assets.core.vocabulary import FAILURE_CATEGORIES

MOST_TEMPLATES, MOST_STEPS, LONGEST_TEXT = 10_000, 200, 20_000
OURS = "banana"
VERSION = 1
_REMEDY = "Give a file that `banana manage-plan-templates --export` or the original program wrote."


def exported(standing: Sequence[tuple[Template, Mapping[str, Any]]], home: str, at: datetime) -> dict[str, Any]:
    """The file of these templates, each with its row of PLAN_TEMPLATES; ``home`` names this store."""
    return {
        "export_timestamp": at.isoformat(),
        "template_count": len(standing),
        "exported_from": home,
        "templates": [_entry(template, row, home, at) for template, row in standing],
    }


def _entry(template: Template, row: Mapping[str, Any], home: str, at: datetime) -> dict[str, Any]:
    own = {home: Counted(row["successes"], row["trials"], at)} if row["trials"] else {}
    whole = to_json(replace(template, counted={**template.counted, **own}))
    plan = dict(template.original) if template.original is not None else _plan(template)
    return {
        "id": template.template_id,
        "name": template.name,
        "description": template.description,
        "template_data": plan | {OURS: {"version": VERSION} | whole},
        "success_rate": row["success_rate"],
        "success_low": row["success_low"],
        "success_high": row["success_high"],
        "trials": row["trials"],
        "usage_count": row["usage_count"],
        "created_at": template.created_at.isoformat(),
        "updated_at": template.updated_at.isoformat(),
        "embedding_id": None,
        "search_index_id": None,
    }


def _plan(template: Template) -> dict[str, Any]:
    """The template as the original program reads a plan; durations are minutes."""
    risks = " ".join(f"{r.description} {r.mitigation}".strip() for r in template.risks)
    return {
        "approach": template.approach,
        "subtasks": [
            {
                "id": f"s{place + 1}",
                "type": step.type,
                "description": step.description,
                "estimated_duration": step.minutes,
                "dependencies": [f"s{a + 1}" for a in step.after],
                "priority": step.priority,
            }
            for place, step in enumerate(template.steps)
        ],
        "risk_assessment": risks,
        "estimated_total_duration": sum(step.minutes for step in template.steps),
    }


def read(value: Any, home: str, at: datetime) -> list[Template]:
    """The templates of a parsed file. Raises InputError, naming the template, for what cannot be one.

    What the file counted of this store (``home``) itself is left out: it is counted here.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("templates"), list):
        raise InputError('The file holds no templates: it should be {"templates": [...]}.', _REMEDY)
    entries = value["templates"]
    if len(entries) > MOST_TEMPLATES:
        raise InputError(
            f"The file holds {len(entries):,} templates; {MOST_TEMPLATES:,} are taken at once.", "Split it."
        )
    told = [_template(entry, place, at) for place, entry in enumerate(entries, 1)]
    return [replace(t, counted={h: c for h, c in t.counted.items() if h != home}) for t in told]


def _template(entry: Any, place: int, at: datetime) -> Template:
    if not isinstance(entry, Mapping):
        raise InputError(f"Template {place} of the file is no object.", _REMEDY)
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"Template {place} of the file has no name.", _REMEDY)
    data = entry.get("template_data")
    if not isinstance(data, Mapping):
        raise InputError(f"The template {_short(name)} has no template_data.", _REMEDY)
    own = data.get(OURS)
    if own is None:
        return _foreign(entry, name, data, at)
    if not isinstance(own, Mapping) or own.get("version") != VERSION:
        raise InputError(
            f"The template {_short(name)} was written by another version of this program.", "Bring both to one version."
        )
    try:
        return _checked(from_json({k: v for k, v in own.items() if k != "version"}), name)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"The template {_short(name)} is damaged: {error}.", "Export it again.") from error


def _checked(template: Template, name: str) -> Template:
    """The template with its texts masked and tidied. Raises ValueError for what no export holds."""
    steps = tuple(_clean_step(s, k, name) for k, s in enumerate(template.steps))
    if len(steps) > MOST_STEPS:
        raise ValueError(f"it has {len(steps)} steps")
    if template.category not in (*FAILURE_CATEGORIES, ANY):
        raise ValueError(f"{template.category!r} is no class of failures")
    for counted in template.counted.values():
        if not 0 <= counted.successes <= counted.trials < math.inf or counted.at.tzinfo is None:
            raise ValueError("its counts are none")
    if template.created_at.tzinfo is None or template.updated_at.tzinfo is None or not template.template_id:
        raise ValueError("it has no id, or times without a zone")
    return replace(
        template,
        template_id=str(template.template_id)[:32],
        name=_text(template.name),
        description=_text(template.description),
        tool=_text(template.tool) if template.tool else None,
        approach=_text(template.approach),
        steps=steps,
        risks=tuple(Risk(_text(r.description), _text(r.mitigation)) for r in template.risks),
        fallback_plan=_text(template.fallback_plan),
        answers=tuple(_text(a) for a in template.answers),
        origin="import",
        note=_text(template.note) if template.note else None,
    )


def _clean_step(step: TemplateStep, place: int, name: str) -> TemplateStep:
    if not 0 < step.minutes < math.inf or any(not 0 <= a < place for a in step.after):
        raise ValueError(f"step {place + 1} waits for one that does not stand before it, or takes no time")
    return replace(
        step,
        type=_text(step.type)[:32],
        description=_text(step.description),
        expects=_text(step.expects),
        priority=_text(step.priority)[:16],
        cites=tuple(c for c in step.cites if c >= 0),
        runs=int(step.runs),
    )


def _foreign(entry: Mapping[str, Any], name: str, data: Mapping[str, Any], at: datetime) -> Template:
    """The template of another program's file: a plan, with a rate that nobody counted."""
    subtasks = data.get("subtasks", [])
    if (
        not isinstance(subtasks, list)
        or len(subtasks) > MOST_STEPS
        or not all(isinstance(s, Mapping) for s in subtasks)
    ):
        raise InputError(f"The template {_short(name)} has no list of subtasks.", _REMEDY)
    made = _time(entry.get("created_at")) or at
    risk = data.get("risk_assessment")
    template = Template(
        "",
        _text(name),
        _text(_words(entry.get("description"))),
        ANY,
        None,
        _text(_words(data.get("approach"))),
        _steps(subtasks),
        (Risk(_text(_words(risk)), ""),) if risk else (),
        "",
        "import",
        (_text(_words(entry.get("description")) or name),),
        (),
        made,
        _time(entry.get("updated_at")) or made,
        {},
        dict(data),
        _note(entry),
    )
    return replace(template, template_id=stable_id("template", template.name, template.shape))


def _steps(subtasks: Sequence[Mapping[str, Any]]) -> tuple[TemplateStep, ...]:
    """The steps; a dependency counts when it names an earlier step by id, number, type or description."""
    known: dict[str, int] = {}
    steps = []
    for place, task in enumerate(subtasks):
        told = task.get("dependencies") or []
        waits = [str(d) for d in told] if isinstance(told, list) else []
        after = {known[d] for d in waits if d in known} | {
            int(d) for d in waits if d not in known and d.isdecimal() and len(d) < 5
        }
        minutes = task.get("estimated_duration")
        number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
        steps.append(
            TemplateStep(
                _text(_words(task.get("type")))[:32] or "manual",
                _text(_words(task.get("description"))),
                "",
                float(minutes) if number and 0 < minutes < math.inf else 30.0,  # type: ignore[operator, arg-type]
                tuple(sorted(a for a in after if a < place)),
                task["priority"] if task.get("priority") in ("low", "medium", "high") else "medium",
            )
        )
        for word in ("type", "description", "id"):
            if isinstance(task.get(word), str | int):
                known[str(task[word])] = place
    return tuple(steps)


def _note(entry: Mapping[str, Any]) -> str | None:
    rate, uses = entry.get("success_rate"), entry.get("usage_count")
    said = [f"a success rate of {rate}"] if isinstance(rate, int | float) else []
    said += [f"{uses} uses"] if isinstance(uses, int) and uses else []
    if not said:
        return None
    return f"The imported file told of {' and '.join(said)}, which were not counted from outcomes."


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(_words(v) for v in value)
    return "" if value is None or isinstance(value, Mapping) else str(value)


def _text(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no text")
    return tidy(mask(text[:LONGEST_TEXT]).text).strip()


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        told = datetime.fromisoformat(value)
    except ValueError:
        return None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told


def _short(name: str) -> str:
    flat = " ".join(name.split())
    return repr(cut(flat, 60))
