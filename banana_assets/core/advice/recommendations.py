"""What is worth doing: one recommendation a distinct failure, flaky test, bottleneck and pressing pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from banana_assets.core.advice.citing import cause_citations
from banana_assets.core.advice.facts import extract
from banana_assets.core.advice.headlines import DIFFICULTY, headline
from banana_assets.core.advice.slowness import TEST_SHARE
from banana_assets.core.evidence import Evidence, fact, plural, stable_id
from banana_assets.core.metrics.rates import Z80, wilson
from banana_assets.core.metrics.runs import ended
from banana_assets.core.tables.advice import OPTIMIZATION_RECOMMENDATIONS

MOST = 50
MOST_CITATIONS = 3
MOST_PATTERNS = 10


@dataclass(frozen=True)
class _Recommendation:
    type: str
    subject: str
    description: str
    impact: float
    method: str
    difficulty: str
    evidence: tuple[Evidence, ...]

    def row(self) -> dict[str, Any]:
        return {
            "recommendation_id": stable_id("recommendation", self.type, self.subject),
            "recommendation_type": self.type,
            "subject": self.subject,
            "description": self.description,
            "impact_score": round(min(10.0, max(0.0, self.impact)), 2),
            "impact_method": self.method,
            "implementation_difficulty": self.difficulty,
            "status": "open",
            "evidence": list(self.evidence),
        }


def recommendations(
    bottlenecks: pl.DataFrame,
    failures: pl.DataFrame,
    patterns: pl.DataFrame,
    builds: pl.DataFrame,
    test_results: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """OPTIMIZATION_RECOMMENDATIONS out of BOTTLENECKS, BUILD_FAILURES, LOG_PATTERNS, BUILDS and TEST_RESULTS.

    Each rests on rows of these tables; nothing is advised that no row speaks for. The id is a hash of type and
    subject, so that the same advice keeps its id. At most fifty, by impact.
    """
    found = [
        *_failures(failures, builds),
        *(_flaky(test_results, builds) if test_results is not None else []),
        *_bottlenecks(bottlenecks),
        *_patterns(patterns),
    ]
    found.sort(key=lambda r: (-r.impact, r.type, r.subject))
    rows = list({r.row()["recommendation_id"]: r.row() for r in reversed(found)}.values())[::-1][:MOST]
    if not rows:
        return OPTIMIZATION_RECOMMENDATIONS.empty()
    return OPTIMIZATION_RECOMMENDATIONS.conform(pl.DataFrame(rows, schema=OPTIMIZATION_RECOMMENDATIONS.dtypes))


def _failures(failures: pl.DataFrame, builds: pl.DataFrame) -> list[_Recommendation]:
    """One a fingerprint; cancelled builds are somebody's decision and ask for nothing."""
    runs = ended(builds)
    of_pipeline: dict[str, int] = dict(runs.group_by("pipeline").len().iter_rows())
    where = {row[0]: (row[1], row[2]) for row in runs.select("build_id", "pipeline", "job").iter_rows()}
    found = []
    real = failures.filter(pl.col("category") != "cancelled").sort("failed_at", "build_id")
    for (fingerprint,), group in real.group_by("fingerprint", maintain_order=True):
        latest = group.row(-1, named=True)
        pipeline, job = where.get(latest["build_id"], ("", ""))
        hits = sum(1 for b in group["build_id"] if where.get(b, ("",))[0] == pipeline)
        total = max(hits, of_pipeline.get(pipeline, hits))
        low, high = wilson(hits, total, Z80)
        facts = extract(latest["cause_text"])
        title = headline(latest["category"], facts, latest["failing_tests"], latest["tool"])
        step = f", step {latest['failing_step']}" if latest["failing_step"] else ""
        place = " / ".join(dict.fromkeys(p for p in (pipeline, job) if p)) or "builds of unknown pipeline"
        text = (
            f"{title}. It failed {plural(group.height, 'build')}, {hits} of {total} ended ones of {place}{step}, "
            f"last at {latest['failed_at']:%F %H:%M} UTC."
        )
        cited = cause_citations(latest)[:MOST_CITATIONS]
        says = f"{latest['category']} ({latest['confidence']:.0%} sure): {latest['reason']}"
        evidence = [fact(says, "build_failures", latest["build_id"], cited[0] if cited else None)]
        evidence += [fact("further cause lines", "build_failures", latest["build_id"], c) for c in cited[1:]]
        if group.height > 1:
            first = group.row(0, named=True)
            evidence.append(fact(f"first seen {first['failed_at']:%F %H:%M} UTC", "build_failures", first["build_id"]))
        found.append(
            _Recommendation(
                "reliability",
                f"failure {fingerprint}",
                text,
                10 * low,
                f"10 x the lower end of the 80 % Wilson interval of the share of ended builds of the pipeline that it "
                f"broke: {hits} of {total}, {low:.2f} to {high:.2f}",
                DIFFICULTY[latest["category"]],
                tuple(evidence),
            )
        )
    return found


def _flaky(test_results: pl.DataFrame, builds: pl.DataFrame) -> list[_Recommendation]:
    """Tests that passed only when tried again in the same build."""
    ran = test_results.filter(pl.col("status") != "skipped").join(
        ended(builds).select("build_id", "pipeline"), on="build_id", how="inner"
    )
    by = ["pipeline", "suite", "classname", "name"]
    counted = ran.group_by(by).agg(
        flaky=(pl.col("status") == "flaky").sum(),
        runs=pl.len(),
        build=pl.col("build_id").filter(pl.col("status") == "flaky").sort().last(),
    )
    found = []
    for row in counted.filter(pl.col("flaky") > 0).sort(by).iter_rows(named=True):
        low, high = wilson(row["flaky"], row["runs"], Z80)
        name = "::".join(p for p in (row["classname"] or row["suite"], row["name"]) if p)
        text = (
            f"Make {name} of {row['pipeline']} deterministic: it passed only when tried again in {row['flaky']} of "
            f"{plural(row['runs'], 'run')} ({low:.0%} to {high:.0%})."
        )
        shown = fact(
            f"failed first, then passed, in {plural(row['flaky'], 'build')}", "test_results", f"{row['build']} {name}"
        )
        found.append(
            _Recommendation(
                "reliability",
                f"flaky test {row['pipeline']} {name}",
                text,
                10 * low,
                "10 x the lower end of the 80 % Wilson interval of the share of runs in which it had to be tried again",
                "medium",
                (shown,),
            )
        )
    return found


def _bottlenecks(bottlenecks: pl.DataFrame) -> list[_Recommendation]:
    return [_of_bottleneck(row) for row in bottlenecks.iter_rows(named=True)]


def _of_bottleneck(row: dict[str, Any]) -> _Recommendation:
    kind, subject, value, base = row["kind"], row["subject"], row["value"], row["baseline"]
    since = f" since {row['since']:%F %H:%M} UTC" if row["since"] else ""
    lost = max(0.0, (value - base) / value) if value > 0 else 0.0
    slow_test = row["rule"] == TEST_SHARE.rule
    advice: dict[str, tuple[str, str, float, str, str]] = {
        "slow_step": (
            "performance",
            f"Make {subject} faster or run it beside the others"
            if slow_test
            else f"Bring {subject} back to its usual time: compare what changed{since}",
            10 * lost,
            "10 x the share of its time that the baseline would save",
            "medium",
        ),
        "queue": (
            "resource",
            f"Add runners for {subject} or spread its builds",
            10 * value / (value + base) if value + base > 0 else 0.0,
            "10 x wait / (wait + run time), both medians",
            "medium",
        ),
        "hot_hour": (
            "schedule_optimization",
            f"Move or level the load behind {subject}",
            10 * lost * 0.5,
            "5 x the share of the hour's rate above the other hours: load that is moved is not gone",
            "medium",
        ),
        "resource_limit": (
            "resource",
            f"Give {subject} room, or find what uses it",
            10 * min(1.0, max(0.0, (value - 70) / 30)),
            "10 x the way from 70 % to 100 % of the limit at the 95th percentile of the last day",
            "medium",
        ),
        "pattern_rate": (
            "reliability",
            f"Find what changed{since} in {subject.split(':')[0]}",
            10 * lost * 0.7,
            "7 x the share of its present rate that is above the rate before",
            "medium",
        ),
    }
    kind_type, lead, impact, method, difficulty = advice[kind]
    evidence = (fact(row["description"], "bottlenecks", row["bottleneck_id"]), *row["evidence"])
    return _Recommendation(
        kind_type, f"{kind} {subject}", f"{lead}. {row['description']}", impact, method, difficulty, evidence
    )


def _patterns(patterns: pl.DataFrame) -> list[_Recommendation]:
    """The pressing patterns: open, severity high or critical, the ten most frequent."""
    pressing = patterns.filter(pl.col("severity").is_in(["high", "critical"]), pl.col("state") == "open")
    total = int(pressing["frequency"].sum()) if pressing.height else 0
    found = []
    for row in (
        pressing.sort(["frequency", "pattern_id"], descending=[True, False]).head(MOST_PATTERNS).iter_rows(named=True)
    ):
        share = row["frequency"] / total
        weight = 1.0 if row["severity"] == "critical" else 0.7
        sources = ", ".join(row["sources"][:3]) or "its source"
        short = row["named_template"] if len(row["named_template"]) <= 160 else row["named_template"][:157] + "..."
        seen = f", last at {row['last_seen']:%F %H:%M} UTC" if row["last_seen"] else ""
        text = f"Look into `{short}`: {plural(row['frequency'], 'event')} in {sources}{seen}."
        evidence = [
            fact(f"{plural(row['frequency'], 'event')}, severity {row['severity']}", "log_patterns", row["pattern_id"])
        ]
        evidence += [
            fact(f"{e['path']}, line {e['line']}: {e['text'][:300]}", "log_events", f"{e['file_id']} {e['line']}")
            for e in row["examples"][:2]
        ]
        found.append(
            _Recommendation(
                "reliability",
                f"pattern {row['pattern_id']}",
                text,
                10 * weight * share,
                f"10 x its share of the {total:,} events of patterns of severity high or critical ({share:.0%}), "
                f"times {weight:g} for {row['severity']}",
                "medium",
                tuple(evidence),
            )
        )
    return found
