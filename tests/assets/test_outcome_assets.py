"""``plan_outcomes`` and ``plan_templates`` over several runs: a plan that works becomes a template, checks hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from banana_assets.assets import checks, outcomes
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.backends.template_records import TemplateRecords
from banana_assets.core.models.quality import QUALITY
from banana_assets.core.plans.quality import quality_by_model
from banana_assets.core.tables import (
    BUILDS,
    FAILURE_CLUSTERS,
    PLAN_OUTCOMES,
    PLAN_TEMPLATES,
    PLANS,
)
from resources import build_resources
from tests.core.metrics.frames import at
from tests.core.plans.trials import a_plan, history

CHECKS = [checks.true_verdicts, checks.base_rates, checks.template_rates, checks.real_templates]


@pytest.fixture
def run(home: Path) -> Any:
    settings = load_from(home)

    def once() -> dg.ExecuteInProcessResult:
        made = [outcomes.plan_outcomes, outcomes.plan_templates]
        done = dg.materialize([*made, *CHECKS], resources=build_resources(settings))
        assert done.success
        assert {e.check_name for e in done.get_asset_check_evaluations() if not e.passed} == set()
        return done

    return once


def metadata(done: dg.ExecuteInProcessResult, name: str) -> Any:
    return done.asset_materializations_for_node(name)[0].metadata


def test_nothing_yet(run: Any, home: Path) -> None:
    done = run()
    assert metadata(done, "plan_outcomes")["dagster/row_count"].value == 0
    assert Tables(load_from(home).tables_root).read(PLAN_TEMPLATES).is_empty()


def test_a_plan_that_works_becomes_a_template_and_late_builds_change_it(run: Any, home: Path) -> None:
    settings = load_from(home)
    lake = Tables(settings.tables_root)
    plan = a_plan(made=at(3), optimization_score=0.9, resource_efficiency=0.9)
    runs, clusters = history("..RRR" + "." * 9)
    lake.replace(BUILDS, runs)
    lake.replace(FAILURE_CLUSTERS, clusters)
    with open_store(settings) as store:
        records = PlanRecords(store.engine)
        records.save(plan)
        lake.replace(PLANS, records.plans())
        # Nobody began: it is not tried, and no template.
        run()
        assert lake.read(PLAN_OUTCOMES)["outcome"].to_list() == ["not_tried"]
        for step in ("s1", "s2", "s3"):
            records.set_step("p1", step, "completed", by="ann", at=at(4.5))
        done = run()
        row = lake.read(PLAN_OUTCOMES).row(0, named=True)
        assert (row["outcome"], row["base_n"]) == ("fixed", 0)
        (template,) = lake.read(PLAN_TEMPLATES).to_dicts()
        assert (template["plans"], template["trials"], template["usage_count"]) == (["p1"], 0, 0)
        assert metadata(done, "plan_outcomes")["fixed"].value == 1
        assert "deterministic" in metadata(done, "plan_outcomes")["quality_by_model"].value
        quality = quality_by_model(records.plans(), lake.read(PLAN_OUTCOMES)).select(QUALITY.names())
        assert quality.rows() == [("deterministic", "missing_dependency", 1, 1)]

        version = lake.version(PLAN_TEMPLATES)
        run()
        assert lake.version(PLAN_TEMPLATES) == version

        # A build that had failed so arrives late: the verdict falls, and the template with it.
        late = history("..RRR...R" + "." * 5)
        lake.replace(BUILDS, late[0])
        lake.replace(FAILURE_CLUSTERS, late[1])
        run()
        assert lake.read(PLAN_OUTCOMES)["outcome"].to_list() == ["recurred"]
        assert lake.read(PLAN_TEMPLATES).is_empty()
        assert TemplateRecords(store.engine).templates() == []


def test_plans_of_now_are_open(run: Any, home: Path) -> None:
    settings, now = load_from(home), datetime.now(UTC)
    lake = Tables(settings.tables_root)
    runs, clusters = history("..RRRR.......")
    lake.replace(BUILDS, runs)
    lake.replace(FAILURE_CLUSTERS, clusters)
    young = replace(a_plan(made=now), prediction=replace(a_plan().prediction, decide_by=now + timedelta(days=3)))
    with open_store(settings) as store:
        PlanRecords(store.engine).save(young)
        lake.replace(PLANS, PlanRecords(store.engine).plans())
    run()
    row = lake.read(PLAN_OUTCOMES).row(0, named=True)
    assert (row["outcome"], row["final"], row["horizon_days"]) == ("open", False, 3)
    assert row["base_n"] == 1


def test_checks_find_what_does_not_agree() -> None:
    from banana_assets.core.consistency import misjudged_plans, planless_templates
    from tests.core.plans.test_templates import drawn, known, shown
    from tests.core.plans.trials import done, outcomes

    found = history("..RRR" + "." * 9)
    good = outcomes(found, done(4.2, 4.5))
    assert misjudged_plans(good, found[0]).is_empty()
    other = misjudged_plans(good.with_columns(outcome=pl.lit("recurred")), found[0])
    assert set(other["problem"]) == {"it succeeded"}
    red = found[0].with_columns(status=pl.lit("failed"))
    assert set(misjudged_plans(good, red)["problem"]) == {"it did not succeed"}
    assert set(misjudged_plans(good, red.clear())["problem"]) == {"there is no such build"}
    assert misjudged_plans(good.with_columns(decided_by=pl.lit([], pl.List(pl.String))), red)["problem"].to_list() == [
        "no build is named"
    ]
    late = good.with_columns(decide_by=pl.lit(at(5)))
    assert misjudged_plans(late, found[0])["problem"].to_list() == ["it was decided outside its horizon"]
    template = shown(drawn(known()))
    assert planless_templates(template, PLANS.empty()).height == 1
    assert planless_templates(template.with_columns(plans=pl.lit([], pl.List(pl.String))), PLANS.empty()).height == 1
    assert planless_templates(template.with_columns(origin=pl.lit("import")), PLANS.empty()).is_empty()
