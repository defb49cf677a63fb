"""What the tables hold that a goal can be about: failures, bottlenecks, recommendations, patterns, tests, resources."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from banana_assets.core.advice.quoting import example_citation
from banana_assets.core.evidence import Citation, plural, seconds_text
from banana_assets.core.plans.case import Case, cases, often, shown, trusted
from banana_assets.core.plans.drafts import Recipe
from banana_assets.core.plans.improvements import recipe_for
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.planner import abstains, advice_citations, advice_rows, recipe_of
from banana_assets.core.plans.scoring import Concern
from banana_assets.core.plans.types import Requirement, TableRow
from banana_assets.core.safety.secrets import mask
from banana_assets.core.vocabulary import SEVERITIES

SLOW, FAILING, FLAKY, RESOURCE, ERRORS = "slow", "failing", "flaky", "resource", "errors"

_OF_KIND = {
    "slow_step": SLOW,
    "critical_path": SLOW,
    "queue": SLOW,
    "hot_hour": ERRORS,
    "failure_rate": FAILING,
    "resource_limit": RESOURCE,
    "pattern_rate": ERRORS,
    "pattern": ERRORS,
    "flaky": FLAKY,
}
_OF_CATEGORY = {"timeout": SLOW, "out_of_memory": RESOURCE, "disk_full": RESOURCE}
"""Classes of failures that are about something else as well."""


@dataclass(frozen=True)
class Subject:
    """One thing a goal can be about. ``says`` is what its words are matched with, ``name`` what people call it.

    ``weight`` is 1 (small) to 4 (critical), the same scale for all kinds. ``gone`` tells that it is over.
    """

    kind: str
    key: str
    name: str
    says: str
    concepts: frozenset[str]
    weight: float
    fact: str
    citations: tuple[Citation, ...]
    rows: tuple[TableRow, ...]
    recipe: Callable[[], Recipe | None]
    needs: tuple[Requirement, ...] = ()
    run_minutes: float | None = None
    fingerprint: str | None = None
    gone: str | None = None
    case: Case | None = None

    @property
    def concern(self) -> Concern:
        """It as something that a plan is to cover."""
        return Concern(f"{self.kind} {self.key}", self.weight, self.citations, self.rows)


def subjects(known: Knowledge, *, with_analysis: bool = True) -> list[Subject]:
    """Everything there is, each thing once: advice about a failure or bottleneck is that failure or bottleneck.

    Without the analysis only what failed: clusters of failures and flaky tests.
    """
    found = [*_failures(known)]
    advised: set[str] = set()
    if with_analysis:
        for subject in _advice(known):
            advised.update(row.key for row in subject.rows)
            found.append(subject)
        found += [s for s in _bottlenecks(known) if s.key not in advised]
        found += [s for s in _patterns(known) if s.key not in advised]
    found += [s for s in _flaky(known) if s.key not in advised]
    return sorted(found, key=lambda s: (-s.weight, s.kind, s.key))


def _failures(known: Knowledge) -> Iterator[Subject]:
    jobs = dict(known.clusters.select("cluster_id", "jobs").iter_rows())
    for case in cases(known):
        if abstains(case):
            continue
        named = " ".join([*jobs.get(case.cluster_id, ()), *case.failing_tests, case.tool or "", case.place])
        concepts = {FAILING, _OF_CATEGORY.get(case.category, FAILING)}
        yield Subject(
            kind="failure",
            key=case.cluster_id,
            name=f"{case.category} of {case.place}",
            says=f"{named} {case.category} {case.reason} {case.text}",
            concepts=frozenset(concepts),
            weight=min(4.0, 1.5 + math.log2(case.builds)),
            fact=f"{case.category} of {case.place}: {case.reason.rstrip('.')}. {often(case)}",
            citations=case.citations,
            rows=(TableRow("failure_clusters", case.cluster_id), TableRow("build_failures", case.build_id)),
            recipe=lambda case=case: recipe_of(case),  # type: ignore[misc]
            needs=case.needs,
            run_minutes=case.run_minutes,
            fingerprint=case.fingerprint,
            gone=case.resolved_by,
            case=case,
        )


def _advice(known: Knowledge) -> Iterator[Subject]:
    severity = known.severity
    open_ = known.recommendations.filter(pl.col("status") == "open", ~pl.col("subject").str.starts_with("failure "))
    for row in open_.iter_rows(named=True):
        kind = row["subject"].split(" ", 1)[0]
        told = row["description"]
        found = severity.get(row["bottleneck_id"] or "")
        yield Subject(
            kind="recommendation",
            key=row["recommendation_id"],
            name=_named(row["subject"]),
            says=f"{row['subject']} {told} {row['recommendation_type']}",
            concepts=frozenset({_OF_KIND.get(kind, ERRORS)}),
            weight=_weight(found) if found else min(4.0, max(0.5, row["impact_score"] / 2)),
            fact=shown(told),
            citations=advice_citations(row),
            rows=advice_rows(row),
            recipe=lambda row=row: recipe_for(row, known.predictions),  # type: ignore[misc]
        )


def _bottlenecks(known: Knowledge) -> Iterator[Subject]:
    for row in known.bottlenecks.iter_rows(named=True):
        advice = row | {"subject": f"{row['kind']} {row['subject']}"}
        yield Subject(
            kind="bottleneck",
            key=row["bottleneck_id"],
            name=row["subject"],
            says=f"{row['kind']} {row['subject']} {row['description']}",
            concepts=frozenset({_OF_KIND[row["kind"]]}),
            weight=_weight(row["severity"]),
            fact=shown(row["description"]),
            citations=advice_citations(row),
            rows=advice_rows(row),
            recipe=lambda advice=advice: recipe_for(advice, known.predictions),  # type: ignore[misc]
        )


def _patterns(known: Knowledge) -> Iterator[Subject]:
    severe = known.patterns.filter(pl.col("state") == "open", pl.col("severity").is_in(["high", "critical"]))
    for row in severe.iter_rows(named=True):
        if not trusted(row["named_template"]):
            continue
        cited = [c for e in row["examples"][:2] if (c := example_citation(e, known.files))]
        told = f"{row['named_template']} {row['frequency']:,} times in {', '.join(row['sources'])}"
        evidence = [{"fact": shown(told), "table": "log_patterns", "key": row["pattern_id"], "citation": None}]
        advice = {"subject": f"pattern {row['pattern_id']}", "evidence": evidence}
        yield Subject(
            kind="pattern",
            key=row["pattern_id"],
            name=f"the pattern {row['pattern_id']}",
            says=f"{row['named_template']} {' '.join(row['sources'])}",
            concepts=frozenset({ERRORS}),
            weight=_weight(row["severity"]) / 2,
            fact=shown(told),
            citations=tuple({**c, "quote": mask(c["quote"]).text} for c in cited),
            rows=(TableRow("log_patterns", row["pattern_id"]),),
            recipe=lambda advice=advice: recipe_for(advice, known.predictions),  # type: ignore[misc]
        )


def _flaky(known: Knowledge) -> Iterator[Subject]:
    now = known.flaky.filter(pl.col("state") == "flaky", pl.col("quarantine") != "active")
    for row in now.iter_rows(named=True):
        if not trusted(row["title"]):
            continue
        told = f"by chance in {row['flakes']} of {row['runs']} runs"
        evidence = [{"fact": told, "table": "flaky_tests", "key": row["test_id"], "citation": None}]
        advice = {"subject": f"flaky test {shown(row['title'])}", "evidence": evidence}
        yield Subject(
            kind="flaky_test",
            key=row["test_id"],
            name=shown(row["title"]),
            says=f"{row['title']} {row['pipeline']} {' '.join(row['jobs'])}",
            concepts=frozenset({FLAKY, FAILING}),
            weight=1 + 3 * row["flake_rate"],
            fact=f"{shown(row['title'])} fails {told}",
            citations=(),
            rows=(TableRow("flaky_tests", row["test_id"]),),
            recipe=lambda advice=advice: recipe_for(advice, known.predictions),  # type: ignore[misc]
        )


def job_facts(known: Knowledge, jobs: Sequence[tuple[str, str]]) -> str:
    """What is known of these jobs, for people: ``api / test: 40 builds, median 3 min 20 s, 12 failed``."""
    told = []
    for pipeline, job in jobs[:3]:
        mine = known.builds.filter(pl.col("pipeline") == pipeline, pl.col("job") == job)
        red = mine.filter(pl.col("status").is_in(["failed", "error"])).height
        minutes = known.minutes.get((pipeline, job))
        took = f", median {seconds_text(minutes * 60)}" if minutes is not None else ""
        told.append(f"{pipeline} / {job}: {plural(mine.height, 'build')}{took}, {red} failed")
    return "; ".join(told)


def _named(subject: str) -> str:
    return subject.split(" ", 1)[-1]


def _weight(severity: str) -> float:
    return 1.0 + SEVERITIES.index(severity)
