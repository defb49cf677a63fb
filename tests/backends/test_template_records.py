"""Templates in the records: kept, deleted for good, imported whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from banana_assets.backends.records import plan_tables as t
from banana_assets.backends.records.engine import writing
from banana_assets.backends.store import Store
from banana_assets.backends.template_records import TemplateRecords
from banana_assets.core.errors import InputError, StoreError
from banana_assets.core.plans.templates import Counted, Template, TemplateStep
from tests.core.metrics.frames import T0, at


def a_template(ident: str = "a" * 16, **more: object) -> Template:
    step = TemplateStep("change", "Declare `{missing}`.", "It is there.", 10)
    name = f"Declare it {ident[0]}"
    made = Template(
        ident, name, "d", "missing_dependency", "pip", "x", (step,), (), "", "plans", ("e",), ("p1",), T0, T0
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_templates_are_kept_changed_and_forgotten(any_store: Store) -> None:
    records = TemplateRecords(any_store.engine)
    one, two = a_template(), a_template("b" * 16, counted={"h": Counted(1, 2, T0)})
    records.save([two, one])
    assert records.templates() == [one, two]
    records.save([replace(one, description="other")], drop=["b" * 16])
    assert [x.description for x in records.templates()] == ["other"]
    assert records.find("aaaa") == "a" * 16


def test_what_people_deleted_stays_deleted_until_it_is_imported(any_store: Store) -> None:
    records = TemplateRecords(any_store.engine)
    records.save([a_template()])
    assert records.delete("a" * 16, at(1))
    assert not records.delete("a" * 16, at(1))
    records.save([a_template()])
    assert (records.templates(), [x.template_id for x in records.deleted()]) == ([], ["a" * 16])
    with pytest.raises(InputError, match="no template aaaa"):
        records.find("aaaa")
    assert records.take_in([a_template()], "skip", at(2)).added == 1
    assert len(records.templates()) == 1
    assert records.deleted() == []


def test_an_import_is_whole_or_not_at_all(any_store: Store) -> None:
    records = TemplateRecords(any_store.engine)
    one = a_template()
    records.save([one])
    before = records.templates()
    with pytest.raises(InputError):
        records.take_in([a_template("b" * 16)], "overwrite", at(1))
    # The second one cannot be written: nothing of the first is there either.
    hopeless = a_template("c" * 16, updated_at=T0.replace(tzinfo=None))
    with pytest.raises(sa.exc.StatementError):
        records.take_in([a_template("b" * 16), hopeless], "skip", at(1))
    assert records.templates() == before
    renamed = a_template("d" * 16, name=one.name)
    done = records.take_in([renamed], "replace", at(1))
    assert (done.replaced, done.retire) == (1, (one.template_id,))
    assert [x.template_id for x in records.templates()] == ["d" * 16]
    assert [x.template_id for x in records.deleted()] == [one.template_id]


def test_a_damaged_record_is_named(store: Store) -> None:
    records = TemplateRecords(store.engine)
    records.save([a_template()])
    with writing(store.engine) as connection:
        connection.execute(sa.update(t.plan_templates).values(template_json="{}"))
    with pytest.raises(StoreError, match="aaaaaaaaaaaaaaaa is damaged"):
        records.templates()


def test_the_home_is_the_same_every_time_and_uses_come_from_plans(store: Store) -> None:
    records = TemplateRecords(store.engine)
    assert records.home == TemplateRecords(store.engine).home
    assert records.uses().is_empty()
    with writing(store.engine) as connection:
        connection.execute(
            sa.insert(t.planner_results).values(
                plan_id="p", seq=1, kind="failure", subject="f", goal="g", plan_json="{}", status="pending",
                planner="p", model_used="none", subtask_count=0, estimated_minutes=0,
                template_id="a" * 16, created_at=T0,
                changed_at=T0 + timedelta(1), changed_by="x",
            )
        )  # fmt: skip
    assert records.uses().rows() == [("a" * 16, T0)]
