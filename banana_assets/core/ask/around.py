"""Answers about logs, resources, health, advice, plans and models."""

# ruff: noqa: E501 - a sentence or a pattern is read in one piece

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from banana_assets.core.ask.failures import MOST, first_line, when, within
from banana_assets.core.ask.types import Frames, Named, Reply
from banana_assets.core.evidence import Evidence, fact, plural
from banana_assets.core.units import quantity
from banana_assets.core.vocabulary import SEVERITIES, SEVERITY_RANK


def _pattern(row: dict[str, Any]) -> Evidence:
    example = row["examples"][0] if row["examples"] else None
    where = f", e.g. {example['path'].rsplit('/', 1)[-1]}:{example['line']}" if example else ""
    return fact(
        f"{first_line(row['template'], 120)} ({row['severity']}, {plural(row['frequency'], 'event')}{where})",
        "log_patterns",
        row["pattern_id"],
    )


def _patterns(frames: Frames, named: Named) -> pl.DataFrame:
    patterns = frames["log_patterns"]
    if named.source:
        patterns = patterns.filter(pl.col("sources").list.contains(named.source))
    if named.severity:
        worst = SEVERITIES[SEVERITIES.index(named.severity) :]
        patterns = patterns.filter(pl.col("severity").is_in(worst))
    rank = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    return patterns.with_columns(rank=rank).sort(["rank", "frequency", "pattern_id"], descending=[True, True, False])


def new_patterns(frames: Frames, named: Named) -> Reply:
    """Log patterns that were not there before a time."""
    patterns = _patterns(frames, named)
    if named.span:
        seen = pl.coalesce("first_seen", pl.col("first_arrived").cast(pl.Datetime("us", "UTC")))
        patterns = patterns.filter(seen >= named.span.first)
        if named.span.last:
            patterns = patterns.filter(seen < named.span.last)
    else:
        patterns = patterns.filter("is_new")
    of = f" of {named.source}" if named.source else ""
    if not patterns.height:
        return Reply(f"No log pattern{of} is new{within(named)}.")
    rows = patterns.head(named.limit or MOST).to_dicts()
    told = "; ".join(f"{first_line(r['template'], 80)} ({r['severity']}, {r['frequency']:,})" for r in rows)
    return Reply(
        f"{plural(patterns.height, 'log pattern')}{of} new{within(named)}, the most severe first: {told}.",
        tuple(map(_pattern, rows)),
    )


def top_patterns(frames: Frames, named: Named) -> Reply:
    """The log patterns that ask most for attention."""
    patterns = _patterns(frames, named).filter(pl.col("state") != "muted")
    if named.span:
        patterns = patterns.filter(pl.col("last_seen") >= named.span.first)
    of = f" of {named.source}" if named.source else ""
    if not patterns.height:
        return Reply(f"No log pattern{of} is like that.")
    rows = patterns.head(named.limit or MOST).to_dicts()
    told = "; ".join(
        f"{first_line(r['template'], 80)} ({r['severity']}, {plural(r['frequency'], 'event')})" for r in rows
    )
    return Reply(f"The worst log patterns{of}: {told}.", tuple(map(_pattern, rows)))


def _crosses(row: dict[str, Any]) -> bool:
    return row["crossing"]["state"] == "now" or row["crossing"]["at"] is not None


def when_full(frames: Frames, named: Named) -> Reply:
    """When a resource crosses 90 % of its limit."""
    forecasts = frames["resource_usage_predictions"].filter("current")
    if named.resource:
        forecasts = forecasts.filter(resource_type=named.resource)
    if named.source:
        forecasts = forecasts.filter(source=named.source)
    rows = (
        forecasts.sort("ts", descending=True)
        .unique(["source", "metric"], keep="first", maintain_order=True)
        .sort("source", "metric")
        .to_dicts()
    )
    what = named.resource or "resource"
    if not rows:
        return Reply(
            "", missing=f"No forecast of {what}{' of ' + named.source if named.source else ''} is in the data."
        )
    limited = [r for r in rows if r["crossing"]]
    if not limited:
        return Reply(
            "",
            missing=f"No limit of {what} is known, so nothing says when it is full; `limits` in the settings takes one.",
        )
    ahead_of = named.span.first if named.span else None
    if ahead_of and all(r["ts"] < ahead_of and not _crosses(r) for r in limited):
        of = f"{what}{' of ' + named.source if named.source else ''}"
        return Reply("", missing=_too_far(pl.DataFrame(limited, schema=forecasts.schema), of, named))
    told, facts = [], []
    for r in limited[:MOST]:
        at = r["crossing"]["at"]
        text = f"{r['source']} {r['metric']}: "
        if r["crossing"]["state"] == "now" or (at is not None and at <= r["made_at"]):
            text += "is above 90 % of its limit now"
        elif at is not None:
            between = (
                f" (80 % interval {when(r['crossing']['earliest'])} to {when(r['crossing']['latest'])})"
                if r["crossing"]["earliest"] and r["crossing"]["latest"]
                else ""
            )
            text += f"crosses 90 % of its limit at {when(at)}{between}"
        else:
            text += f"does not cross 90 % of its limit before {when(r['ts'])}"
        told.append(f"{text}, as forecast at {when(r['made_at'])} (confidence {r['confidence']})")
        facts.append(
            fact(told[-1], "resource_usage_predictions", f"{r['source']}/{r['metric']}/{r['made_at'].isoformat()}")
        )
    return Reply("; ".join(told) + ".", tuple(facts))


def _too_far(forecasts: pl.DataFrame, what: str, named: Named) -> str:
    """That forecasts end before a time, why, and what brings newer ones."""
    last = forecasts.sort("ts").row(-1, named=True)
    asked = f", before {named.span.words.strip()}" if named.span else ""
    return (
        f"The forecasts of {what} end {when(last['ts'])}{asked}: the last reading is of {when(last['made_at'])}, and a "
        "forecast goes at most a third of the readings' time ahead. `banana watch` or `banana ingest resources PATH` brings in "
        "newer readings, `banana materialize` forecasts anew."
    )


def ahead(frames: Frames, named: Named) -> Reply:
    """How much of a resource is forecast to be used, or where its forecasts end."""
    forecasts = frames["resource_usage_predictions"].filter("current")
    if named.resource:
        forecasts = forecasts.filter(resource_type=named.resource)
    if named.source:
        forecasts = forecasts.filter(source=named.source)
    what = f"{named.resource or 'a resource'}{f' of {named.source}' if named.source else ''}"
    if not forecasts.height:
        return Reply("", missing=f"No forecast of {what} is in the data; `banana forecast` says why.")
    within_it = forecasts
    if named.span:
        within_it = within_it.filter(pl.col("ts") >= named.span.first)
        if named.span.last:
            within_it = within_it.filter(pl.col("ts") < named.span.last)
    if not within_it.height:
        return Reply("", missing=_too_far(forecasts, what, named))
    rows = (
        within_it.sort("ts")
        .group_by("source", "metric", "made_at", "model", "confidence", maintain_order=True)
        .agg(
            low=pl.col("predicted_usage").min(),
            high=pl.col("predicted_usage").max(),
            lo80=pl.col("lo80").min(),
            hi80=pl.col("hi80").max(),
            first=pl.col("ts").first(),
            last=pl.col("ts").last(),
        )
        .sort("source", "metric")
        .head(named.limit or MOST)
        .to_dicts()
    )
    told, facts = [], []
    for r in rows:
        low, high = (quantity(r[end], r["metric"]) for end in ("low", "high"))
        between = low if low == high else f"{low} to {high}"
        ends = (
            "; the forecast ends there"
            if named.span and named.span.last and named.span.last - r["last"] > timedelta(hours=1)
            else ""
        )
        told.append(
            f"{r['source']} {r['metric']}: {between} (80 % interval {quantity(r['lo80'], r['metric'])} to {quantity(r['hi80'], r['metric'])}) "
            f"from {when(r['first'])} to {when(r['last'])}{ends}, as forecast at {when(r['made_at'])} by {r['model']} (confidence {r['confidence']})"
        )
        facts.append(
            fact(told[-1], "resource_usage_predictions", f"{r['source']}/{r['metric']}/{r['made_at'].isoformat()}")
        )
    return Reply("; ".join(told) + ".", tuple(facts))


def usage(frames: Frames, named: Named) -> Reply:
    """How much of a resource was used, and its peak."""
    readings = frames["resource_usage"].filter(pl.col("samples") > 0)
    if named.source:
        readings = readings.filter(source=named.source)
    if named.jobs:
        readings = readings.filter(pl.col("source").is_in([j.split("/")[0] for j in named.jobs]))
    if named.resource:
        readings = readings.filter(pl.col("metric").str.starts_with(named.resource))
    if named.span:
        readings = readings.filter(pl.col("ts") >= named.span.first)
        if named.span.last:
            readings = readings.filter(pl.col("ts") < named.span.last)
    if not readings.height:
        return Reply("", missing=f"No reading of {named.resource or 'a resource'}{within(named)} is in the data.")
    rows = (
        readings.sort("ts")
        .group_by("source", "metric")
        .agg(
            mean=pl.col("mean").mean(),
            peak=pl.col("peak").max(),
            at=pl.col("ts").get(pl.col("peak").arg_max()),
            last=pl.col("mean").last(),
            until=pl.col("ts").last(),
        )
        .sort("source", "metric")
        .head(named.limit or MOST)
        .to_dicts()
    )
    told = [
        f"{r['source']} {r['metric']}: {quantity(r['last'], r['metric'])} at last ({when(r['until'])}), mean {quantity(r['mean'], r['metric'])}, peak {quantity(r['peak'], r['metric'])} at {when(r['at'])}"
        for r in rows
    ]
    facts = tuple(fact(t, "resource_usage", f"{r['source']}/{r['metric']}") for t, r in zip(told, rows, strict=True))
    return Reply("; ".join(told) + ".", facts)


def anomalies(frames: Frames, named: Named) -> Reply:
    """Readings that stand out."""
    found = frames["metric_anomalies"].sort(["ts", "score"], descending=True)
    if named.span:
        found = found.filter(pl.col("ts") >= named.span.first)
    if named.source:
        found = found.filter(subject=named.source)
    if named.resource:
        found = found.filter(pl.col("metric").str.starts_with(named.resource))
    if not found.height:
        return Reply(f"No reading stood out{within(named)}.")
    rows = found.head(named.limit or MOST).to_dicts()
    told = [
        f"{r['subject'] or 'all'} {r['metric']} was {r['value']:.4g} instead of {r['usual']:.4g} at {when(r['ts'])}"
        for r in rows
    ]
    facts = tuple(
        fact(t, "metric_anomalies", f"{r['origin']}/{r['subject']}/{r['metric']}/{r['ts'].isoformat()}")
        for t, r in zip(told, rows, strict=True)
    )
    return Reply(f"{plural(found.height, 'reading')} stood out{within(named)}, the latest: {'; '.join(told)}.", facts)


def health(frames: Frames, named: Named) -> Reply:
    """The score of the pipelines, and what cost points."""
    rows = frames["build_health"]
    pipelines = {j.split("/")[0] for j in named.jobs} or {""}
    rows = rows.filter(pl.col("pipeline").is_in(pipelines))
    if not rows.height:
        return Reply("", missing="The health of that pipeline is not computed.")
    told, facts = [], []
    for r in rows.iter_rows(named=True):
        name = r["pipeline"] or "All pipelines"
        text = f"{name}: {r['score']:.0f} of 100 (95 % interval {r['score_low']:.0f} to {r['score_high']:.0f}, {plural(r['builds'], 'build')})"
        told.append(text + (f", {r['direction']}" if r["direction"] else ""))
        facts.append(fact(text, "build_health", r["pipeline"]))
        for d in r["deductions"][:3]:
            told.append(f"{d['points']:.1f} points for {d['reason']}")
            facts.append(d["evidence"])
    return Reply("; ".join(told) + ".", tuple(facts))


def bottlenecks(frames: Frames, named: Named) -> Reply:
    """What holds things up."""
    rank = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    rows = frames["bottlenecks"].with_columns(rank=rank).sort(["rank", "bottleneck_id"], descending=[True, False])
    if named.severity:
        rows = rows.filter(pl.col("severity").is_in(SEVERITIES[SEVERITIES.index(named.severity) :]))
    if not rows.height:
        return Reply("No bottleneck is found.")
    shown = rows.head(named.limit or MOST).to_dicts()
    facts = [
        fact(f"{r['severity']}: {first_line(r['description'], 200)}", "bottlenecks", r["bottleneck_id"]) for r in shown
    ]
    facts += [e for r in shown for e in r["evidence"][:1]]
    return Reply(
        f"{plural(rows.height, 'bottleneck')}, the worst first: {' '.join(first_line(r['description'], 200) for r in shown)}",
        tuple(facts),
    )


def advice(frames: Frames, named: Named) -> Reply:
    """What is worth doing."""
    rows = (
        frames["optimization_recommendations"]
        .filter(status="open")
        .sort(["impact_score", "recommendation_id"], descending=[True, False])
    )
    if not rows.height:
        return Reply("Nothing open is recommended.")
    shown = rows.head(named.limit or MOST).to_dicts()
    facts = [
        fact(
            f"impact {r['impact_score']:.1f}: {first_line(r['description'], 200)}",
            "optimization_recommendations",
            r["recommendation_id"],
        )
        for r in shown
    ]
    facts += [e for r in shown for e in r["evidence"][:1]]
    return Reply(
        f"{plural(rows.height, 'recommendation')} open, the most useful first: {' '.join(first_line(r['description'], 200) for r in shown)}",
        tuple(facts),
    )


def plans(frames: Frames, named: Named) -> Reply:
    """Which plans there are, for a build or at all."""
    rows = frames["plans"].sort("created_at", descending=True)
    if named.build is not None:
        clusters = (
            frames["failure_clusters"].filter(pl.col("builds").list.contains(named.build))["cluster_id"].to_list()
        )
        rows = rows.filter(pl.col("subject").is_in(clusters))
        if not rows.height:
            return Reply("", missing=f"No plan answers the failure of {named.build}.")
    made = rows.filter(pl.col("status") != "abstained")
    abstained = rows.height - made.height
    if not rows.height:
        return Reply("No plan was made.")
    shown = made.head(named.limit or MOST).to_dicts()
    told = "; ".join(
        f"{first_line(r['goal'], 120)} ({r['status']}, {plural(len(r['subtasks']), 'step')}, {r['plan_id']})"
        for r in shown
    )
    facts = tuple(
        fact(
            f"{first_line(r['goal'], 120)} ({r['status']})",
            "plans",
            r["plan_id"],
            next((c for s in r["subtasks"] for c in s["citations"]), None),
        )
        for r in shown
    )
    left = f"; {plural(abstained, 'failure')} without a plan, since the evidence was too thin" if abstained else ""
    return Reply(f"{plural(made.height, 'plan')}{': ' + told if told else ''}{left}.", facts)


def outcomes(frames: Frames, named: Named) -> Reply:
    """What became of plans."""
    rows = frames["plan_outcomes"]
    if not rows.height:
        return Reply("No plan has an outcome yet.")
    by = dict(rows.group_by("outcome").len().sort("len", descending=True).iter_rows())
    text = f"{plural(rows.height, 'plan')}: {', '.join(f'{n} {o}' for o, n in by.items())}."
    decided = rows.filter(pl.col("outcome").is_in(["fixed", "recurred"]))
    if decided.height:
        fixed = decided.filter(outcome="fixed").height
        text += f" Of the {decided.height} decided, {fixed} fixed what they were for."
    facts = tuple(
        fact(f"{r['plan_id']}: {r['outcome']}, {first_line(r['why'], 160)}", "plan_outcomes", r["plan_id"])
        for r in rows.sort("decided_at", descending=True, nulls_last=True)
        .head(named.limit or MOST)
        .iter_rows(named=True)
    )
    return Reply(text, facts)


def templates(frames: Frames, named: Named) -> Reply:
    """Which shapes of plans worked."""
    rows = frames["plan_templates"].sort(["success_low", "trials"], descending=True, nulls_last=True)
    if named.category:
        rows = rows.filter(category=named.category)
    if not rows.height:
        return Reply("No template was learned yet: that takes plans whose outcome is decided.")
    shown = rows.head(named.limit or MOST).to_dicts()
    told = "; ".join(f"{r['name']} ({r['successes']} of {r['trials']})" for r in shown)
    facts = tuple(
        fact(
            f"{r['name']}: fixed {r['successes']} of {plural(r['trials'], 'time')}", "plan_templates", r["template_id"]
        )
        for r in shown
    )
    return Reply(f"{plural(rows.height, 'template')}, by what is sure of their success: {told}.", facts)


def model_costs(frames: Frames, named: Named) -> Reply:
    """What language models were asked and what it cost."""
    calls = frames["llm_calls"]
    if named.span:
        calls = calls.filter(pl.col("started_at") >= named.span.first)
        if named.span.last:
            calls = calls.filter(pl.col("started_at") < named.span.last)
    if not calls.height:
        return Reply(f"No language model was asked{within(named)}, so it cost nothing.")
    by = (
        calls.group_by("provider", "model")
        .agg(
            calls=pl.len(),
            cost=pl.col("cost").sum(),
            tokens=(pl.col("input_tokens") + pl.col("output_tokens")).sum(),
            last=pl.col("call_id").max(),
        )
        .sort("cost", "model", descending=[True, False])
    )
    rows = by.to_dicts()
    told = "; ".join(
        f"{r['provider']}/{r['model']} ${r['cost']:.4f} ({plural(r['calls'], 'call')}, {r['tokens']:,} tokens)"
        for r in rows
    )
    facts = tuple(
        fact(
            f"{r['provider']}/{r['model']}: ${r['cost']:.4f} in {plural(r['calls'], 'call')}",
            "llm_calls",
            str(r["last"]),
        )
        for r in rows
    )
    return Reply(f"${calls['cost'].sum():.4f}{within(named)}: {told}.", facts)


def holdings(frames: Frames, named: Named) -> Reply:
    """What was brought in."""
    builds, files = frames["builds"], frames["log_files"]
    series = frames["resource_rollups"].select("source", "metric").unique()
    arrived = builds["arrived_at"].sort().to_list()
    text = (
        f"{plural(builds.height, 'build')} of {plural(builds.select('pipeline', 'job').n_unique(), 'job')}, {plural(files.height, 'log file')} of "
        f"{plural(files['source'].n_unique(), 'source')}, {plural(series.height, 'resource series', 'resource series')}."
    )
    facts = (
        [fact(f"{plural(builds.height, 'build')}, arrived {when(arrived[0])} to {when(arrived[-1])}", "builds", "*")]
        if builds.height
        else []
    )
    return Reply(text, tuple(facts))


def similar(frames: Frames, named: Named) -> Reply:
    """What is like a text: the hits of the search, the nearest first, in the frame ``hits``."""
    rows = frames["hits"].to_dicts()
    if not rows:
        return Reply("Nothing like it is known.")
    facts = tuple(fact(f"{r['kind']}: {first_line(r['title'], 160)}", r["kind"], r["key"]) for r in rows)
    helped = next((first_line(r["helped"], 200) for r in rows if r["helped"]), None)
    told = "; ".join(f"{r['kind']} {first_line(r['title'], 100)}" for r in rows[:3])
    return Reply(
        f"Seen before, the nearest first: {told}." + (f" What helped or is proposed: {helped}" if helped else ""), facts
    )
