"""Exports and imports of templates, of this program and of the original one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.errors import InputError
from banana_assets.core.plans.template_counts import standing
from banana_assets.core.plans.template_files import exported, read
from banana_assets.core.plans.template_merging import STRATEGIES, merged, pooled
from banana_assets.core.plans.templates import ANY, Counted, Template, TemplateStep
from banana_assets.core.plans.types import Risk
from banana_assets.core.tables import PLAN_OUTCOMES, PLANS
from banana_assets.core.vocabulary import FAILURE_CATEGORIES

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
HERE, THERE = "0" * 16, "1" * 16

words = st.text("abc {}`'\"\\éß漢\n-=@", max_size=40).map(lambda t: " ".join(t.split()) or "x")
times = st.integers(0, 10**6).map(lambda s: NOW + timedelta(seconds=s))
counts = st.builds(
    lambda hits, more, at: Counted(float(hits), float(hits + more), at), st.integers(0, 9), st.integers(0, 9), times
)


@st.composite
def templates(draw: st.DrawFn) -> Template:
    steps = tuple(
        TemplateStep(
            draw(st.sampled_from(["inspect", "change", "verify", "shell"])),
            draw(words),
            draw(words),
            draw(st.floats(0.5, 1e4)),
            tuple(sorted(draw(st.sets(st.integers(0, k - 1), max_size=2)))) if k else (),
            draw(st.sampled_from(["low", "medium", "high"])),
            tuple(draw(st.lists(st.integers(0, 5), max_size=2))),
            draw(st.integers(0, 3)),
        )
        for k in range(draw(st.integers(0, 4)))
    )
    return Template(
        draw(st.text("0123456789abcdef", min_size=16, max_size=16)), draw(words), draw(words),
        draw(st.sampled_from([*FAILURE_CATEGORIES, ANY])), draw(st.none() | words), draw(words), steps,
        tuple(draw(st.lists(st.builds(Risk, words, words), max_size=2))), draw(words),
        "import", tuple(draw(st.lists(words, max_size=3))), tuple(draw(st.lists(words, max_size=3))),
        draw(times), draw(times), draw(st.dictionaries(st.sampled_from([THERE, "2" * 16]), counts, max_size=2)),
    )  # fmt: skip


def file_of(*told: Template, home: str = HERE) -> Any:
    rows = {r["template_id"]: r for r in standing(told, PLANS.empty(), PLAN_OUTCOMES.empty()).to_dicts()}
    text = orjson.dumps(exported([(t, rows[t.template_id]) for t in told], home, NOW), default=str)
    return json.loads(text)


@given(st.lists(templates(), max_size=3, unique_by=lambda t: t.template_id))
def test_what_is_exported_is_imported_as_it_was(told: list[Template]) -> None:
    value = file_of(*told)
    assert value["template_count"] == len(told)
    assert set(value) >= {"export_timestamp", "template_count", "templates"}
    back = read(value, THERE + "x", NOW)
    assert back == told
    assert file_of(*back) == value


@given(templates(), counts, counts, counts)
def test_pooling_forgets_nothing_and_counts_nothing_twice(
    template: Template, a: Counted, b: Counted, c: Counted
) -> None:
    one, two, three = (replace(template, counted={"h": x, f"own{k}": x}) for k, x in enumerate((a, b, c)))
    left = pooled(pooled(one, two, NOW), three, NOW)
    right = pooled(one, pooled(two, three, NOW), NOW)
    assert left.counted == right.counted == pooled(pooled(three, two, NOW), one, NOW).counted
    assert pooled(left, two, NOW) is left
    assert sum(x.trials for x in left.counted.values()) == a.trials + b.trials + c.trials + left.counted["h"].trials


def a_template(**more: Any) -> Template:
    step = TemplateStep("change", "Declare `{missing}`.", "It is there.", 10)
    whole: dict[str, Any] = {
        "template_id": "a" * 16, "name": "Declare it", "description": "d", "category": "missing_dependency",
        "tool": "pip", "approach": "x", "steps": (step,), "risks": (), "fallback_plan": "",
        "origin": "plans", "answers": ("e",), "plans": ("p1",), "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return Template(**whole | more)


def test_own_counts_travel_under_the_name_of_their_home_and_do_not_come_back() -> None:
    template = a_template()
    row = standing([template], PLANS.empty(), PLAN_OUTCOMES.empty()).to_dicts()[0] | {"successes": 3, "trials": 4}
    value = orjson.loads(orjson.dumps(exported([(template, row)], HERE, NOW)))
    assert read(value, THERE, NOW)[0].counted == {HERE: Counted(3, 4, NOW)}
    assert read(value, HERE, NOW)[0].counted == {}
    assert (value["templates"][0]["trials"], value["templates"][0]["id"]) == (4, "a" * 16)


def test_strategies() -> None:
    there = a_template()
    other = a_template(description="other", counted={THERE: Counted(1, 2, NOW)}, origin="import")
    later = NOW + timedelta(hours=1)
    skipped = merged([there], [other], "skip", later)
    assert (skipped.store, skipped.skipped) == ((), 1)
    replaced = merged([there], [other], "replace", later)
    assert replaced.store == (replace(other, updated_at=later),)
    pooling = merged([there], [other], "merge", later)
    assert (pooling.store[0].description, pooling.store[0].counted) == ("d", {THERE: Counted(1, 2, NOW)})
    assert merged([pooling.store[0]], [other], "merge", later).store == ()
    assert merged([], [other], "skip", later).added == 1
    with pytest.raises(InputError, match="no conflict strategy"):
        merged([], [], "overwrite", later)


def test_of_one_name_and_another_shape() -> None:
    there, other = a_template(), a_template(template_id="b" * 16, description="other")
    assert merged([there], [other], "skip", NOW).skipped == 1
    replaced = merged([there], [other], "replace", NOW)
    assert (replaced.retire, replaced.store[0].template_id) == (("a" * 16,), "b" * 16)
    both = merged([there], [other, replace(other, template_id="c" * 16)], "merge", NOW)
    assert [t.name for t in both.store] == ["Declare it (2)", "Declare it (3)"]
    assert (both.retire, both.added) == ((), 2)


ORIGINAL = {
    "export_timestamp": "2025-07-05T10:00:00.000Z",
    "template_count": 1,
    "templates": [
        {
            "id": 7,
            "name": "Auto-generated: Process in batches",
            "description": "Generated for goal: be faster",
            "template_data": {
                "approach": "Process in batches",
                "subtasks": [
                    {"type": "shell", "description": "Collect the files", "estimated_duration": 20},
                    {
                        "type": "tool",
                        "description": "Process them",
                        "dependencies": ["Collect the files"],
                        "priority": 1,
                    },
                    {
                        "type": "review",
                        "description": "Look",
                        "dependencies": ["1", "nothing"],
                        "resource_requirements": "2 GB",
                    },
                ],
                "optimization_notes": "bottleneck",
                "risk_assessment": "It may be slow",
            },
            "success_rate": 0.8,
            "usage_count": 3,
            "created_at": "2025-07-01 09:30:00",
            "updated_at": "2025-07-02 09:30:00",
            "embedding_id": None,
        }
    ],
}


def test_an_export_of_the_original_is_taken_in_and_its_rate_is_a_note() -> None:
    (template,) = read(ORIGINAL, HERE, NOW)
    assert (template.name, template.category, template.origin) == ("Auto-generated: Process in batches", ANY, "import")
    assert [s.after for s in template.steps] == [(), (0,), (1,)]
    assert [s.minutes for s in template.steps] == [20, 30, 30]
    assert template.created_at == datetime(2025, 7, 1, 9, 30, tzinfo=UTC)
    assert template.counted == {}
    assert template.note is not None
    assert "0.8 and 3 uses, which were not counted from outcomes" in template.note
    done = merged([], [template], "skip", NOW)
    assert (done.added, done.rated) == (1, 1)
    # What the original wrote is given back word for word, beside what this program knows.
    data = dict(file_of(template)["templates"][0]["template_data"])
    assert data.pop("banana")
    assert data == ORIGINAL["templates"][0]["template_data"]  # type: ignore[index]
    (again,) = read(file_of(template), THERE, NOW)
    assert again == template


def test_what_the_original_reads_is_in_ours() -> None:
    (entry,) = file_of(a_template())["templates"]
    assert set(entry) >= {"id", "name", "description", "template_data", "success_rate", "usage_count", "created_at"}
    assert set(entry["template_data"]) >= {"approach", "subtasks", "risk_assessment", "estimated_total_duration"}
    assert set(entry["template_data"]["subtasks"][0]) >= {"type", "description", "estimated_duration", "dependencies"}


def broken(path: str, value: Any) -> Any:
    """A file of one template with another value at a place of what this program knows."""
    whole = file_of(a_template())
    at = whole["templates"][0]["template_data"]["banana"]
    *names, last = path.split(".")
    for name in names:
        at = at[int(name) if name.isdecimal() else name]
    at[last] = value
    return whole


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "holds no templates"),
        ({"templates": {}}, "holds no templates"),
        ({"templates": [3]}, "Template 1 of the file is no object"),
        ({"templates": [{}]}, "Template 1 of the file has no name"),
        ({"templates": [{"name": "x"}]}, "'x' has no template_data"),
        ({"templates": [{"name": "x", "template_data": {"subtasks": 3}}]}, "'x' has no list of subtasks"),
        ({"templates": [{"name": "x", "template_data": {"banana": {"version": 2}}}]}, "another version"),
        (broken("category", "nothing"), "no class of failures"),
        (broken("steps.0.after", [0]), "does not stand before it"),
        (broken("steps.0.minutes", -1), "takes no time"),
        (broken("steps.0.colour", "red"), "is damaged"),
        (broken("created_at", "yesterday"), "is damaged"),
        (broken("counted", {THERE: {"successes": 3, "trials": 2, "at": NOW.isoformat()}}), "its counts are none"),
        (broken("name", 3), "is damaged"),
    ],
)
def test_bad_files_are_refused_with_one_sentence(value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(value, HERE, NOW)


KEYS = ["templates", "name", "template_data", "subtasks", "banana", "description", "dependencies", "id"]
leaves = st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers()
anything = st.recursive(
    leaves, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from(KEYS), v, max_size=4), max_leaves=12
)


@given(anything)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for told in (value, {"templates": [value]}, {"templates": [{"name": "x", "template_data": value}]}):
        try:
            found = read(told, HERE, NOW)
        except InputError:
            continue
        assert all(t.name and t.template_id for t in found)


def test_secrets_and_hidden_characters_do_not_come_in() -> None:
    value = json.loads(json.dumps(ORIGINAL))
    value["templates"][0]["template_data"]["subtasks"][0]["description"] = "Set password=hunter2secret99\u202e"
    (template,) = read(value, HERE, NOW)
    assert "hunter2" not in template.steps[0].description
    assert "\u202e" not in template.steps[0].description
    assert set(STRATEGIES) == {"merge", "replace", "skip"}
