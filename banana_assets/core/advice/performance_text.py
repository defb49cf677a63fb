"""The performance report as text for a terminal, or as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from banana_assets.core.evidence import plural, seconds_text
from banana_assets.core.text import visible

WIDTH, NARROWEST = 100, 24
MOST = 10


def as_text(report: dict[str, Any], width: int = WIDTH) -> str:
    """For a terminal of so many columns; sentences are wrapped at a hundred at most, tables are as wide as they are."""
    room = max(NARROWEST, min(width, WIDTH) - 4)
    lines: list[str] = [_title(report), ""]
    for title, table, items in _sections(report):
        lines.append(title)
        if table:
            lines += [f"  {row}" for row in _aligned(table)]
        for item in items:
            lines += textwrap.wrap(item, room, initial_indent="  - ", subsequent_indent="    ")
        lines.append("")
    return visible("\n".join(lines))


def as_markdown(report: dict[str, Any]) -> str:
    """With headings, tables and lists."""
    lines = [f"# {_title(report)}", ""]
    for title, table, items in _sections(report):
        lines += [f"## {title}", ""]
        if table:
            head, *rows = table
            lines += ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
            lines += ["| " + " | ".join(_escaped(cell) for cell in row) + " |" for row in rows] + [""]
        lines += [f"- {_escaped(item)}" for item in items]
        lines += [""] if items else []
    return visible("\n".join(lines))


Section = tuple[str, list[Sequence[str]], list[str]]


def _title(report: dict[str, Any]) -> str:
    span = report["span"]
    if span["to"] is None:
        return "System performance: no data"
    begin = f"{span['from']:%Y-%m-%d %H:%M}" if span["from"] else "the beginning"
    return f"System performance, {begin} to {span['to']:%Y-%m-%d %H:%M} UTC"


def _sections(report: dict[str, Any]) -> Iterable[Section]:
    if "system_health" in report:
        yield _health(report["system_health"])
        if report["builds"]:
            title = _counted("Builds", report["totals"]["builds"], len(report["builds"]), "pipelines, the busiest")
            yield title, _build_table(report["builds"]), []
        logs = report["logs"]
        apart = [
            f"{plural(logs[key], 'event')} {why}, not counted here"
            for key, why in (("events_before_span", "before this span"), ("events_without_time", "without a time"))
            if logs[key]
        ]
        if logs["events"]:
            said = f"{plural(logs['events'], 'event')} of {plural(logs['sources'], 'source')}, "
            said += (
                f"{plural(logs['errors'], 'error')} ({logs['error_ratio']:.2%}), {plural(logs['warnings'], 'warning')}"
            )
            yield "Logs", [], [said, *apart]
        elif apart:
            yield "Logs", [], ["no event in this span", *apart]
        if report["resources"]:
            shown = len(report["resources"])
            title = _counted("Resources", report["totals"]["resources"], shown, "percentages, the highest")
            yield title, _resource_table(report["resources"]), []
    yield _bottlenecks(report)
    if "patterns" in report:
        if report.get("focus", {}).get("patterns"):
            yield _focus(report)
        yield _patterns(report)
    if report["recommendations"] is not None:
        yield _recommendations(report["recommendations"])
    if report["missing"]:
        yield "Not in the data", [], [f"{m['what']}: {m['run']}" for m in report["missing"]]


def _counted(title: str, total: int, shown: int, what: str) -> str:
    return f"{title} ({total:,} {what} {shown})" if total > shown else title


def _health(health: dict[str, Any]) -> Section:
    if health["score"] is None:
        return "Health", [], ["unknown: no ended build, or `banana materialize` was not run yet"]
    low, high = health["interval"]
    items = [f"{health['score']:.0f} of 100 (95 % interval {low:.0f} to {high:.0f}), all builds judged"]
    items += [f"{t['direction']}: {t['change']:+.1f} ({t['low']:+.1f} to {t['high']:+.1f})" for t in health["trends"]]
    items += [f"-{i['points']:.1f}: {i['description']}" for i in health["issues"][:5]]
    return "Health", [], items


def _build_table(rows: list[dict[str, Any]]) -> list[Sequence[str]]:
    head = ["pipeline", "builds", "failed", "failure rate (95 %)", "median", "p95", "wait"]
    return [
        head,
        *(
            [
                str(r["pipeline"]),
                f"{r['builds']:,}",
                f"{r['failed']:,}",
                f"{r['failure_ratio']:.0%} ({r['failure_ratio_low']:.0%} to {r['failure_ratio_high']:.0%})",
                *(_seconds(r[k]) for k in ("duration_median_seconds", "duration_p95_seconds", "wait_median_seconds")),
            ]
            for r in rows
        ),
    ]


def _resource_table(rows: list[dict[str, Any]]) -> list[Sequence[str]]:
    head = ["source", "metric", "mean", "busiest twentieth", "intervals"]
    body = (
        [r["source"], r["metric"], f"{r['mean']:.3g} %", f"{r['p95_peak']:.3g} %", f"{r['intervals']:,}"] for r in rows
    )
    return [head, *body]


def _bottlenecks(report: dict[str, Any]) -> Section:
    rows = report["bottlenecks"]
    least = report["min_severity"]
    if not rows:
        return "Bottlenecks", [], ["none" + (f" of severity {least} or more" if least != "low" else "")]
    items = []
    for row in rows:
        since = f" Since {row['since']:%Y-%m-%d %H:%M} UTC." if row["since"] else ""
        items.append(f"{row['severity']}: {row['description']}{since} Evidence: {_evidence(row['evidence'])}.")
    return f"Bottlenecks ({len(rows)})", [], items


def _evidence(evidence: list[dict[str, Any]]) -> str:
    shown = []
    for item in evidence[:3]:
        cited = item["citation"]
        place = (
            f"{cited['build_id'] or 'log ' + cited['sha256'][:12]} line {cited['first_line']}" if cited else item["key"]
        )
        shown.append(f"{item['fact']} [{place}]")
    more = f" and {len(evidence) - 3} more" if len(evidence) > 3 else ""
    return "; ".join(shown) + more


def _focus(report: dict[str, Any]) -> Section:
    """The choice of a model among the patterns."""
    rows = {row["id"]: row for row in report["patterns"]}
    items = [_pattern(rows[ident]) for ident in report["focus"]["patterns"]]
    return f"Looked at first: the choice of the language model {report['focus']['model']}", [], items


def _patterns(report: dict[str, Any]) -> Section:
    rows = report["patterns"]
    if not rows:
        return "Log patterns", [], ["none seen in this span"]
    items = [_pattern(row) for row in rows[:MOST]]
    total = report["totals"]["patterns"]
    return f"Log patterns ({total:,}{f', the worst {len(items)}' if total > len(items) else ''})", [], items


def _pattern(row: dict[str, Any]) -> str:
    place = f", e.g. {row['example']}" if row["example"] else ""
    return f"{row['severity']}: {row['pattern_description']} ({plural(row['frequency'], 'event')}{place})"


def _recommendations(rows: list[dict[str, Any]]) -> Section:
    if not rows:
        return "Recommendations", [], ["none: nothing in the data asks for one"]
    items = []
    for row in [*[r for r in rows if not r["implemented"]][:MOST], *[r for r in rows if r["implemented"]]]:
        text = f"{row['impact_score']:.1f}, {row['implementation_difficulty']} effort: {row['description']}"
        text += f" [{row['id']}]"
        if row["effect"]:
            text += f" Implemented {row['implemented_at']:%Y-%m-%d}: {row['effect']['statement']}."
        items.append(text)
    return (
        f"Recommendations ({len(rows)}{', the first ' + str(len(items)) if len(rows) > len(items) else ''})",
        [],
        items,
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else seconds_text(value)


def _aligned(table: list[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is; in backquotes only a bar needs help, since it would end a table's cell."""
    parts = text.split("`")
    spans = len(parts) - 1 - (len(parts) - 1) % 2  # the last of an odd number of backquotes opens nothing
    for k, part in enumerate(parts):
        inside = k % 2 == 1 and k < spans
        parts[k] = part.replace("|", "\\|") if inside else re.sub(r"([\\*_\[\]|])", r"\\\1", part).replace("<", "&lt;")
    return "`".join(parts)
