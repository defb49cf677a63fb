"""What is worth doing: one recommendation a distinct failure, flaky test, bottleneck and pressing pattern."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from banana_assets.core.advice import metadata
from banana_assets.core.advice.answers import answer
from banana_assets.core.advice.citing import cause_citations
from banana_assets.core.advice.facts import extract
from banana_assets.core.advice.headlines import DIFFICULTY, headline
from banana_assets.core.advice.impact import BUILD_TIME, SEVERITY_WEIGHT, BuildTime, Impact, at_least, of_shares, part
from banana_assets.core.advice.observed import Observed, Target, named_test, target
from banana_assets.core.advice.quoting import example_citation, example_place
from banana_assets.core.advice.scheduling import TYPE, advised
from banana_assets.core.evidence import Evidence, fact, plural, stable_id
from banana_assets.core.text import cut

MOST_CITATIONS = 3
MOST_PATTERNS = 10
RECENT_BUILDS = 100
LONGEST_TEMPLATE = 160


@dataclass(frozen=True)
class Recommendation:
    """A recommendation as the data give it, before anybody decided about it."""

    type: str
    subject: str
    description: str
    impact: Impact
    difficulty: str
    target: Target
    evidence: tuple[Evidence, ...]
    bottleneck_id: str | None = None
    since: datetime | None = None

    @property
    def id(self) -> str:
        """The same for the same type and subject."""
        return stable_id("recommendation", self.type, self.subject)

    def row(self) -> dict[str, Any]:
        """The columns of OPTIMIZATION_RECOMMENDATIONS that do not depend on what was before."""
        return {
            "recommendation_id": self.id,
            "recommendation_type": self.type,
            "subject": self.subject,
            "description": self.description,
            "impact_score": self.impact.score,
            "impact_method": self.impact.method,
            "impact_parts": list(self.impact.parts),
            "implementation_difficulty": self.difficulty,
            "bottleneck_id": self.bottleneck_id,
            "since": self.since,
            "target": self.target,
            "evidence": list(self.evidence),
        }


def found(bottlenecks: pl.DataFrame, seen: Observed) -> list[Recommendation]:
    """What BOTTLENECKS and the tables speak for, by impact. Each rests on rows of them: no evidence, no advice."""
    time = BuildTime.of(seen)
    made = [
        *_failures(seen, time),
        *_flaky(seen, time),
        *(_of_bottleneck(row, seen, time) for row in bottlenecks.iter_rows(named=True)),
        *_patterns(seen),
        *_schedules(seen, time),
        *_metadata(seen),
    ]
    made.sort(key=lambda r: (-r.impact.score, r.type, r.subject))
    return list({r.id: r for r in reversed(made) if r.evidence}.values())[::-1]


def _failures(seen: Observed, time: BuildTime) -> Iterator[Recommendation]:
    """One a fingerprint that failed among its job's latest hundred ended builds and is not settled.

    Cancelled builds are somebody's decision and ask for nothing. Settled is what was resolved and never came back
    (FAILURE_CLUSTERS): somebody did what would be advised.
    """
    latest = seen.ended.group_by("pipeline", "job", maintain_order=True).tail(RECENT_BUILDS)
    counts = {(p, j): n for p, j, n in latest.group_by("pipeline", "job").len().iter_rows()}
    recent = latest.select("build_id", "pipeline", "job")
    where = {row[0]: (row[1], row[2]) for row in seen.ended.select("build_id", "pipeline", "job").iter_rows()}
    real = seen.failures.filter(pl.col("category") != "cancelled", ~pl.col("fingerprint").is_in(_settled(seen)))
    for (fingerprint,), group in real.sort("failed_at", "build_id").group_by("fingerprint", maintain_order=True):
        last = group.row(-1, named=True)
        place = where.get(last["build_id"], ("", ""))
        here = recent.filter(pl.col("pipeline") == place[0], pl.col("job") == place[1])
        hits = group.join(here, on="build_id", how="semi").height
        total = counts.get(place, 0)
        if not hits:
            continue
        title = headline(last["category"], extract(last["cause_text"]), last["failing_tests"], last["tool"])
        step = f", step {last['failing_step']}" if last["failing_step"] else ""
        name = " / ".join(dict.fromkeys(p for p in place if p)) or "builds of unknown pipeline"
        text = (
            f"{title}. It failed {plural(group.height, 'build')}, {hits} of the latest {total} ended ones of {name}"
            f"{step}, last at {last['failed_at']:%F %H:%M} UTC."
        )
        yield Recommendation(
            "reliability",
            f"failure {fingerprint}",
            text,
            of_shares(BUILD_TIME, at_least("share of the builds that it broke", hits, total), time.share(*place)),
            DIFFICULTY[last["category"]],
            target("fingerprint_rate", *place, str(fingerprint)),
            tuple(_failure_evidence(group)),
        )


def _settled(seen: Observed) -> list[str]:
    """The fingerprints of failures that were resolved and never came back."""
    gone = seen.clusters.filter((pl.col("state") == "resolved") & (pl.col("recurrences") == 0))
    members = gone["fingerprints"].explode(empty_as_null=False)
    return members.struct.field("fingerprint").unique().sort().to_list() if len(members) else []


def _failure_evidence(group: pl.DataFrame) -> Iterator[Evidence]:
    latest = group.row(-1, named=True)
    cited = cause_citations(latest)[:MOST_CITATIONS]
    says = f"{latest['category']} ({latest['confidence']:.0%} sure): {latest['reason']}"
    yield fact(says, "build_failures", latest["build_id"], cited[0] if cited else None)
    for citation in cited[1:]:
        yield fact("further cause lines", "build_failures", latest["build_id"], citation)
    if group.height > 1:
        first = group.row(0, named=True)
        yield fact(f"first seen {first['failed_at']:%F %H:%M} UTC", "build_failures", first["build_id"])


def _flaky(seen: Observed, time: BuildTime) -> Iterator[Recommendation]:
    """Tests that fail by chance now (FLAKY_TESTS) and that nobody has put in quarantine."""
    rows = seen.flaky.filter((pl.col("state") == "flaky") & (pl.col("quarantine") != "active"))
    for row in rows.with_columns(test=named_test()).sort("pipeline", "test").iter_rows(named=True):
        text = (
            f"Make {row['title']} of {row['pipeline']} deterministic: it failed by chance in {row['flakes']} of "
            f"{plural(row['runs'], 'run')}."
        )
        shown = [
            fact(f"{flake['how'].replace('_', ' ')}, {flake['at']:%F %H:%M} UTC", "builds", flake["build_id"])
            for flake in row["evidence"][:3]
        ]
        evidence = (fact(f"{row['flakes']} of {plural(row['runs'], 'run')}", "flaky_tests", row["test_id"]), *shown)
        yield Recommendation(
            "reliability",
            f"flaky test {row['pipeline']} {row['test']}",
            text,
            of_shares(
                BUILD_TIME,
                at_least("share of the runs in which it fails by chance", row["flakes"], row["runs"]),
                time.share(row["pipeline"]),
            ),
            "medium",
            target("flaky_rate", row["pipeline"], "", row["test"]),
            evidence,
        )


def _of_bottleneck(row: dict[str, Any], seen: Observed, time: BuildTime) -> Recommendation:
    said = answer(row, seen, time)
    return Recommendation(
        said.type,
        f"{row['kind']} {row['subject']}",
        f"{said.lead}. {row['description']}",
        said.impact,
        said.difficulty,
        row["target"],
        (fact(row["description"], "bottlenecks", row["bottleneck_id"]), *row["evidence"]),
        row["bottleneck_id"],
        row["since"],
    )


def _schedules(seen: Observed, time: BuildTime) -> Iterator[Recommendation]:
    for subject, text, impact, goal, evidence in advised(seen, time):
        yield Recommendation(TYPE, subject, text, impact, "medium", goal, (evidence,))


def _metadata(seen: Observed) -> Iterator[Recommendation]:
    for told in metadata.advised(seen.metadata):
        yield Recommendation(
            "metadata", told.subject, told.text, told.impact, told.difficulty, told.goal, (told.evidence,)
        )


def _patterns(seen: Observed) -> Iterator[Recommendation]:
    """The ten open patterns of severity high or critical that weigh the most.

    What came once weighs little, however many lines it left: a pattern weighs by the share of its sources' hours in
    which it came (the lower end of the 80 % Wilson interval, so that the few hours of a new source prove little) and
    by its share of the events of such patterns. One without times counts as one hour.
    """
    pressing = seen.patterns.filter(pl.col("severity").is_in(["high", "critical"]), pl.col("state") == "open")
    total = int(pressing["frequency"].sum()) if pressing.height else 0
    of_shape = pressing.select("pattern_id", shape_id="shapes").explode("shape_id", empty_as_null=False)
    timed = seen.shapes.drop_nulls("hour").select("shape_id", "hour").join(of_shape, on="shape_id")
    hours = dict(timed.group_by("pattern_id").agg(pl.col("hour").n_unique()).iter_rows())
    made = []
    for row in pressing.sort("pattern_id").iter_rows(named=True):
        wrote = seen.hours.filter(pl.col("source").is_in(row["sources"]))["hour"].n_unique()
        came = hours.get(row["pattern_id"], 0)
        impact = of_shares(
            "how much of what asks for attention in the logs it is",
            part("share of the events of patterns of severity high or critical", row["frequency"] / total),
            at_least("share of its sources' hours in which it came", max(1, came), max(1, came, wrote)),
            part(f"weight of {row['severity']}", SEVERITY_WEIGHT[row["severity"]]),
        )
        made.append((impact, row, came, wrote))
    made.sort(key=lambda m: (-m[0].score, m[1]["pattern_id"]))
    for impact, row, came, wrote in made[:MOST_PATTERNS]:
        name = row["named_template"]
        short = cut(name, LONGEST_TEMPLATE)
        when = f", last at {row['last_seen']:%F %H:%M} UTC" if row["last_seen"] else ""
        often = f" in {came} of {plural(wrote, 'hour')}" if came else ""
        text = (
            f"Look into `{short}`: {plural(row['frequency'], 'event')}{often} in "
            f"{', '.join(row['sources'][:3]) or 'its source'}{when}."
        )
        evidence = [
            fact(f"{plural(row['frequency'], 'event')}, severity {row['severity']}", "log_patterns", row["pattern_id"])
        ]
        for example in row["examples"][:2]:
            place = example_place(example)
            evidence.append(fact(place, "log_files", str(example["file_id"]), example_citation(example, seen.files)))
        yield Recommendation(
            "reliability",
            f"pattern {row['pattern_id']}",
            text,
            impact,
            "medium",
            target("pattern_rate", "", "", row["pattern_id"]),
            tuple(evidence),
        )
