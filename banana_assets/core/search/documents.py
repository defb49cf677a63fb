"""Documents out of the tables: what of a row is worth finding again, in words, with its secrets masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from banana_assets.core.evidence import plural, seconds_text, stable_id
from banana_assets.core.safety.secrets import mask
from banana_assets.core.search.types import Document
from banana_assets.core.search.words import essence
from banana_assets.core.text import cut

LONGEST_TEXT = 4000
LONGEST_TITLE = 200
LONGEST_ESSENCE = 500
"""Characters that are embedded, some 120 tokens: what comes after them costs time and finds nothing more."""
EXAMPLES = 3


def of_patterns(patterns: pl.DataFrame, notes: Mapping[str, str]) -> Iterator[Document]:
    """A document a row of LOG_PATTERNS; ``notes`` has what people said when they resolved or muted one."""
    for row in patterns.iter_rows(named=True):
        examples = row["examples"][:EXAMPLES]
        first = examples[0] if examples else None
        note = notes.get(row["pattern_id"])
        yield _document(
            kind="pattern",
            key=row["pattern_id"],
            title=row["named_template"],
            text=[*(e["text"] for e in examples), f"{row['severity']} pattern of {', '.join(row['sources'])}"],
            essence=row["template"],
            helped=f"{row['state']}: {note}" if note and row["state"] != "open" else None,
            severity=row["severity"],
            sources=row["sources"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"] or row["last_arrived"],
            place=f"{first['path']}:{first['line']}" if first and first["path"] else None,
        )


def of_failures(
    clusters: pl.DataFrame, failures: pl.DataFrame, builds: pl.DataFrame, plans: pl.DataFrame, outcomes: pl.DataFrame
) -> Iterator[Document]:
    """A document a row of FAILURE_CLUSTERS: what its first and latest failure say, and what helped.

    ``failures`` (BUILD_FAILURES) has what its latest build said; ``builds`` (BUILDS) the commit of the build that was
    green again; ``plans`` (PLANS) and ``outcomes`` (PLAN_OUTCOMES) what was proposed and what came of it.
    """
    causes = dict(failures.select("build_id", "cause_text").iter_rows())
    commits = dict(builds.select("build_id", "commit_sha").iter_rows())
    answers = answers_to(plans, outcomes)
    for row in clusters.iter_rows(named=True):
        first = "\n".join(citation["quote"] for citation in row["cause"])
        latest = causes.get(row["last_build"]) or first
        same = essence(latest).startswith(essence(first))
        about = [f"{row['category'].replace('_', ' ')} in {', '.join(row['jobs'])}", *row["failing_tests"][:20]]
        if row["tool"]:
            about.append(f"reported by {row['tool']}")
        cause = row["cause"][0] if row["cause"] else None
        yield _document(
            kind="failure",
            key=row["cluster_id"],
            title=row["title"],
            text=[*([] if same else [first]), latest, *about],
            essence=meaning_of(row["category"], first or row["title"]),
            helped=what_helped(row, commits, answers.get(row["cluster_id"], [])),
            severity=_failure_severity(row),
            sources=_places(row["jobs"]),
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            build_id=row["last_build"],
            place=f"{cause['build_id']}:{cause['first_line']}" if cause else None,
        )


def of_plans(plans: pl.DataFrame, outcomes: pl.DataFrame) -> Iterator[Document]:
    """A document a row of PLANS that is a plan: what it should reach, its steps, and what came of it."""
    found = _by_plan(outcomes)
    for row in plans.filter(pl.col("status") != "abstained").iter_rows(named=True):
        steps = [step["description"] for step in row["subtasks"]]
        outcome = found.get(row["plan_id"])
        yield _document(
            kind="plan",
            key=row["plan_id"],
            title=row["goal"],
            text=[row["approach"], *steps, row["context"] or "", *row["constraints"]],
            essence=f"{row['goal']}\n{row['approach']}",
            helped=_verdict(outcome),
            sources=(),
            first_seen=row["created_at"],
            last_seen=outcome["decided_at"] or row["created_at"] if outcome else row["created_at"],
            build_id=next((c["build_id"] for s in row["subtasks"] for c in s["citations"] if c["build_id"]), None),
        )


def of_templates(templates: pl.DataFrame) -> Iterator[Document]:
    """A document a row of PLAN_TEMPLATES: what it is for, its steps, and how often it worked."""
    for row in templates.iter_rows(named=True):
        steps = [step["description"] for step in row["steps"]]
        tried = plural(row["trials"], "trial")
        worked = f"Worked in {row['successes']:,} of {tried}." if row["trials"] else "No later plan has tried it yet."
        yield _document(
            kind="template",
            key=row["template_id"],
            title=row["name"],
            text=[row["description"], row["category"].replace("_", " "), row["approach"], *steps],
            essence="\n".join([row["name"], row["description"], row["approach"]]),
            helped=worked,
            first_seen=row["updated_at"],
            last_seen=row["updated_at"],
        )


def meaning_of(category: str, cause: str) -> str:
    """What is embedded of a failure, before what varies is taken out: its class and the lines that explain it."""
    return f"{category.replace('_', ' ')}\n{cause}"


def answers_to(plans: pl.DataFrame, outcomes: pl.DataFrame) -> dict[str, list[tuple[dict[str, Any], Any]]]:
    """Plans by the failure that they answer, each with its outcome, the latest first."""
    found = _by_plan(outcomes)
    answers: dict[str, list[tuple[dict[str, Any], Any]]] = {}
    rows = plans.filter(pl.col("kind") == "failure", pl.col("status") != "abstained")
    for plan in rows.sort("created_at", "plan_id", descending=True).iter_rows(named=True):
        outcome = found.get(plan["plan_id"])
        cluster = outcome["cluster_id"] if outcome and outcome["cluster_id"] else plan["subject"]
        answers.setdefault(cluster, []).append((plan, outcome))
    return answers


def _by_plan(outcomes: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["plan_id"]: row for row in outcomes.iter_rows(named=True)}


def what_helped(
    cluster: Mapping[str, Any], commits: Mapping[str, str | None], answers: Sequence[tuple[dict[str, Any], Any]]
) -> str | None:
    """The plan that later builds call a success; else the build that was green again. What nobody tried, or what did
    not help, is no help: None."""
    for plan, outcome in answers:
        if outcome and outcome["outcome"] == "fixed":
            return f"Plan {plan['plan_id']} fixed it: {plan['approach']}"
    if not cluster["resolved_by"]:
        return None
    commit = commits.get(cluster["resolved_by"])
    after = seconds_text((cluster["resolved_at"] - cluster["last_seen"]).total_seconds())
    at = f" at commit {commit[:12]}" if commit else ""
    return f"Green again since {cluster['resolved_by']}{at}, {after} after it last failed."


def _verdict(outcome: Mapping[str, Any] | None) -> str | None:
    return f"{outcome['outcome'].replace('_', ' ')}: {outcome['why']}" if outcome else None


def _failure_severity(cluster: Mapping[str, Any]) -> str:
    """What fails now is high, critical where it came back or fails on several jobs; what is over is medium."""
    if cluster["state"] != "open":
        return "medium"
    return "critical" if cluster["recurrences"] or len(cluster["jobs"]) > 1 else "high"


def _places(jobs: Iterable[str]) -> list[str]:
    """Jobs as they are written (pipeline/job), and their pipelines."""
    return [*dict.fromkeys([*jobs, *(job.partition("/")[0] for job in jobs)])]


def _document(
    *,
    kind: str,
    key: str,
    title: str,
    text: Sequence[str],
    essence: str,
    helped: str | None,
    severity: str | None = None,
    sources: Sequence[str] = (),
    first_seen: datetime | None,
    last_seen: datetime | None,
    build_id: str | None = None,
    place: str | None = None,
) -> Document:
    return Document(
        document_id=f"{kind}-{key if key.isalnum() and key.isascii() else stable_id(key)}",
        kind=kind,
        key=key,
        title=cut(mask(" ".join(title.split())).text, LONGEST_TITLE),
        text=cut(mask("\n".join(part for part in text if part)).text, LONGEST_TEXT),
        essence=cut(_essence(mask(essence).text), LONGEST_ESSENCE),
        helped=mask(helped).text if helped else None,
        severity=severity,
        sources=tuple(mask(source).text for source in sources),
        first_seen=first_seen,
        last_seen=last_seen,
        build_id=build_id,
        place=place,
    )


def _essence(text: str) -> str:
    return essence(text) or text
