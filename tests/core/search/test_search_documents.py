from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.plans.types import Plan, Prediction, Subtask
from banana_assets.core.schema import Table
from banana_assets.core.search.listing import READ, documents
from banana_assets.core.search.types import Document
from banana_assets.core.search.usage import of_usage
from banana_assets.core.tables import (
    FAILURE_CLUSTERS,
    PLAN_OUTCOMES,
    PLANS,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    TABLES,
)
from tests.core.metrics.frames import builds, failures, patterns

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def tables(**frames: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {name: frames.get(name, TABLES[name].empty()) for name in READ}


def row(table: Table, **values: Any) -> pl.DataFrame:
    """A row of which only some columns matter."""
    return pl.DataFrame([{c.name: None for c in table.columns} | values], schema=table.dtypes)


def cluster(**values: Any) -> pl.DataFrame:
    quote = "E   ModuleNotFoundError: No module named 'yaml'"
    cause = {"build_id": "b1", "sha256": "x", "first_line": 17, "last_line": 17, "quote": quote}
    plain = {
        "cluster_id": "c" * 16, "title": "pytest says no module named 'yaml'", "category": "missing_dependency",
        "tool": "pytest", "jobs": ["api/test"], "failing_tests": ["tests/test_hours.py"], "cause": [cause],
        "first_seen": AT, "last_seen": AT + timedelta(hours=1), "last_build": "b2", "state": "open", "recurrences": 0,
    }  # fmt: skip
    return row(FAILURE_CLUSTERS, **(plain | values))


def plan(status: str = "pending") -> pl.DataFrame:
    made = Plan(
        plan_id="p1", kind="failure", goal="Make api/test pass", subject="c" * 16, approach="Declare yaml.",
        subtasks=(Subtask("s1", "edit", "Add pyyaml to the requirements", "it installs", 5),), risks=(),
        fallback_plan="", prediction=Prediction(None, "it stops", None), planner="deterministic", created_at=AT,
        status=status, reason="thin" if status == "abstained" else None,
    )  # fmt: skip
    return PLANS.conform(pl.DataFrame([made.row()], schema=PLANS.dtypes))


def outcome(word: str) -> pl.DataFrame:
    told = {"plan_id": "p1", "outcome": word, "why": "12 builds without it", "cluster_id": "c" * 16, "decided_at": AT}
    return row(PLAN_OUTCOMES, **told)


def only(found: list[Document], kind: str) -> Document:
    (document,) = (d for d in found if d.kind == kind)
    return document


def test_a_failure_tells_where_it_fails_and_what_it_says() -> None:
    latest = failures([{"build_id": "b2", "cause_text": "E   ModuleNotFoundError: No module named 'tomli'"}])
    found = only(documents(tables(failure_clusters=cluster(), build_failures=latest), {}), "failure")
    assert (found.key, found.build_id, found.place) == ("c" * 16, "b2", "b1:17")
    assert found.sources == ("api/test", "api")
    assert "named 'yaml'" in found.text
    assert "named 'tomli'" in found.text
    assert "missing dependency" in found.essence
    assert (found.severity, found.helped) == ("high", None)


def test_what_helped_is_the_plan_that_worked_else_the_green_build_and_never_a_proposal() -> None:
    over = cluster(state="resolved", resolved_by="b9", resolved_at=AT + timedelta(hours=3))
    green = builds([{"build_id": "b9", "commit_sha": "0123456789abcdef"}])
    fixed = documents(tables(failure_clusters=over, builds=green, plans=plan(), plan_outcomes=outcome("fixed")), {})
    assert only(fixed, "failure").helped == "Plan p1 fixed it: Declare yaml."
    seen = only(documents(tables(failure_clusters=over, builds=green), {}), "failure")
    assert seen.helped == "Green again since b9 at commit 0123456789ab, 2 h after it last failed."
    assert seen.severity == "medium"
    proposed = documents(tables(failure_clusters=cluster(), plans=plan(), plan_outcomes=outcome("recurred")), {})
    assert only(proposed, "failure").helped is None


def test_failures_that_come_back_or_spread_are_critical() -> None:
    for more in ({"recurrences": 1}, {"jobs": ["api/test", "web/test"]}):
        found = only(documents(tables(failure_clusters=cluster(**more)), {}), "failure")
        assert found.severity == "critical"


def test_plans_tell_their_steps_and_outcome_and_abstentions_are_left_out() -> None:
    found = only(documents(tables(plans=plan(), plan_outcomes=outcome("fixed")), {}), "plan")
    assert "Add pyyaml to the requirements" in found.text
    assert found.helped == "fixed: 12 builds without it"
    assert documents(tables(plans=plan("abstained")), {}) == []


def test_patterns_come_with_examples_and_what_people_said_the_severe_first() -> None:
    example = {"file_id": 1, "path": "app.log", "line": 7, "text": "order 12 failed"}
    rows = [
        {"pattern_id": "a" * 16, "severity": "low", "named_template": "user <number> in", "template": "user <*> in"},
        {"pattern_id": "b" * 16, "severity": "critical", "state": "resolved", "examples": [example],
         "named_template": "order <number> failed", "template": "order <*> failed"},
    ]  # fmt: skip
    found = documents(tables(log_patterns=patterns(rows)), {"b" * 16: "restarted the queue"})
    assert [d.key[0] for d in found] == ["b", "a"]
    assert found[0].essence == "order failed"
    assert found[0].place == "app.log:7"
    assert found[0].helped == "resolved: restarted the queue"


def test_secrets_are_masked_in_every_field() -> None:
    example = {"file_id": 1, "path": "app.log", "line": 7, "text": f"token={SECRET}"}
    rows = [{"examples": [example], "named_template": f"login with {SECRET}", "template": f"login with {SECRET}"}]
    cause = {"build_id": "b1", "sha256": "x", "first_line": 1, "last_line": 1, "quote": f"curl -H 'token: {SECRET}'"}
    made = tables(
        log_patterns=patterns(rows), failure_clusters=cluster(title=f"no {SECRET}", cause=[cause], jobs=["ci/test"])
    )
    for document in documents(made, dict.fromkeys(made["log_patterns"]["pattern_id"], f"use {SECRET}")):
        assert SECRET not in repr(document)
        assert "[masked " in repr(document)


def test_ids_are_those_that_any_index_takes_and_stay() -> None:
    found = documents(tables(failure_clusters=cluster(), plans=plan(), log_patterns=patterns([{}])), {})
    assert all(d.document_id.replace("-", "").replace("_", "").isalnum() for d in found)
    assert [d.content_hash for d in found] == [
        d.content_hash
        for d in documents(tables(failure_clusters=cluster(), plans=plan(), log_patterns=patterns([{}])), {})
    ]


def usage(hours: int, value: Any) -> pl.DataFrame:
    times = [AT.replace(hour=0) + timedelta(hours=h) for h in range(hours)]
    rows = {
        "source": "db-1", "metric": "cpu_percent", "interval_seconds": 3600, "ts": times,
        "mean": [float(value(t)) for t in times], "peak": [float(value(t)) + 1 for t in times], "samples": 1,
    }  # fmt: skip
    return RESOURCE_USAGE.conform(pl.DataFrame(rows))


def described(hours: int, value: Any) -> Document:
    (found,) = of_usage(usage(hours, value), RESOURCE_USAGE_PREDICTIONS.empty())
    return found


def test_a_daily_and_a_weekly_shape_are_told_in_words() -> None:
    busy = described(24 * 21, lambda t: 80 if t.hour == 14 else 60 if t.weekday() < 5 else 10)
    assert "recurs each day: highest 14:00" in busy.text
    assert "recurs each week: highest" in busy.text
    assert "Sunday" in busy.text or "Saturday" in busy.text
    assert busy.sources == ("db-1",)


def test_short_or_steady_series_are_told_so() -> None:
    assert "recurs" not in described(24, lambda t: t.hour).text
    assert "steady: every hour of the day is alike" in described(72, lambda t: 50).text
