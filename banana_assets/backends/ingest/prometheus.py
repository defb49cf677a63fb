"""Prometheus text and OpenMetrics, as exporters print them and as dumps of a server hold them.

Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://prometheus.io/docs/specs/om/open_metrics_spec/. The official client reads the lines; this module says what they
mean as readings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import polars as pl

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.tables.common import UTC as UTC_TYPE
from banana_assets.core.text import cut, visible

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.samples import Sample

MOST_SERIES = 5_000
"""Series of one input; an exporter that has more is meant to be asked for some of them."""

WIDEST_QUOTE = 80
SCRAPE_SECONDS = 10.0
SCRAPE_BYTES = 64 << 20
ACCEPTED = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"

SOURCE_LABELS = ("instance", "host", "hostname", "node", "nodename")
"""Labels that name what was measured, the first that a sample has."""

_LINE = re.compile(rb"^[a-zA-Z_:][\w:]*(?:\{.*\})?[ \t]+\S+(?:[ \t]+-?[\d.eE+]+)?[ \t]*$")
_COMMENT = re.compile(rb"^#[ \t]*(?:HELP|TYPE|UNIT|EOF)\b")
_EOF = re.compile(rb"^# EOF\s*\Z", re.MULTILINE)

SCHEMA = pl.Schema(
    [("source", pl.String), ("metric", pl.String), ("ts", UTC_TYPE), ("value", pl.Float64), ("counter", pl.Boolean)]
)


@dataclass
class Exposition:
    """What an exposition holds: ``frame`` (SCHEMA; counters as they stand), and how much was left aside, and why."""

    frame: pl.DataFrame
    left: Counter[str] = field(default_factory=Counter)


def is_exposition(head: bytes) -> bool:
    """Whether text that begins so is Prometheus text or OpenMetrics: its first line that is not empty says it."""
    first = next((line for line in head.splitlines() if line.strip()), b"")
    return bool(_COMMENT.match(first) or _LINE.match(first))


def parse_exposition(data: bytes, name: str, *, now: datetime, match: Sequence[str] = ()) -> Exposition:
    """The samples of an exposition. ``now`` is the time of those that carry none; ``match`` are globs of metric names.

    A metric is called as the sample with its labels, sorted; the label that names the source is left out. A sample
    that is NaN is a gap; infinite ones, buckets of histograms, ``_created``, ``_info`` and state sets are left aside
    and counted. Raises InputError naming the line that cannot be read, or where there are too many series.
    """
    from prometheus_client.openmetrics.parser import text_fd_to_metric_families as open_metrics
    from prometheus_client.parser import text_fd_to_metric_families as plain

    place = [0]
    parse = open_metrics if _EOF.search(data) else plain
    rows: list[tuple[str | None, str, datetime, float, bool]] = []
    left: Counter[str] = Counter()
    series: set[tuple[str | None, str]] = set()
    # Lines end at LF alone; what else breaks lines may stand in the text of a label.
    lines = [line + "\n" for line in data.decode("utf-8", errors="replace").split("\n")]
    if lines[-1] == "\n":
        lines.pop()
    try:
        for family in cast("Iterator[Metric]", parse(cast("Any", _counted(lines, place)))):
            for sample in family.samples:
                if match and not any(fnmatchcase(sample.name, glob) for glob in match):
                    left["not asked for"] += 1
                    continue
                why = _aside(family, sample)
                if why:
                    left[why] += 1
                    continue
                source, metric = _named(sample)
                series.add((source, metric))
                if len(series) > MOST_SERIES:
                    raise InputError(
                        f"{name} has more than {MOST_SERIES:,} series.", "Choose some: --match 'node_memory_*'."
                    )
                rows.append((source, metric, _moment(sample, now), float(sample.value), _counts(family, sample)))
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        # What the client's parser raises for a line that breaks the format, or for a time beyond the calendar.
        line = lines[place[0] - 1].strip() if place[0] else ""
        raise InputError(
            f"{name}, line {place[0]} is no Prometheus text: {_shown(line)}{_reason(error)}.",
            "Mend or remove that line.",
        ) from error
    return Exposition(pl.DataFrame(rows, schema=SCHEMA, orient="row"), left)


def _shown(line: str) -> str:
    text = visible(line)
    return repr(cut(text, WIDEST_QUOTE))


def _reason(error: Exception) -> str:
    """What the client says of the line. It begins its own words with a capital; those of Python explain nothing."""
    said = str(error).split(":")[0].strip().rstrip(".")
    known = isinstance(error, ValueError) and said != "Invalid line" and re.match(r"[A-Z][a-z-]+ ", said)
    return f" ({said})" if known else ""


def _counted(lines: Sequence[str], place: list[int]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        place[0] = number
        yield line


def _aside(family: Metric, sample: Sample) -> str:
    if sample.value != sample.value:
        return "without a value (NaN)"
    if sample.value in (float("inf"), float("-inf")):
        return "infinite"
    if sample.name.endswith("_bucket") and "le" in sample.labels:
        return "buckets of histograms"
    if family.type in ("info", "stateset") or sample.name.endswith(("_info", "_created")):
        return "about the program, not its use"
    return ""


def _counts(family: Metric, sample: Sample) -> bool:
    if family.type in ("histogram", "gaugehistogram", "summary"):
        return sample.name.endswith(("_count", "_sum"))
    return family.type == "counter" or (family.type in ("unknown", "untyped") and sample.name.endswith("_total"))


def _named(sample: Sample) -> tuple[str | None, str]:
    labels = dict(sample.labels)
    source = next((labels.pop(label) for label in SOURCE_LABELS if labels.get(label)), None)
    inner = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()) if v)
    return source, f"{sample.name}{{{inner}}}" if inner else sample.name


def _moment(sample: Sample, now: datetime) -> datetime:
    return now if sample.timestamp is None else datetime.fromtimestamp(float(sample.timestamp), UTC)


def as_readings(found: pl.DataFrame) -> tuple[pl.DataFrame, int, int]:
    """Readings (source, metric, ts, value) of samples (SCHEMA), with counters as rates.

    A counter's rate is what it grew by since the sample before, divided by the seconds between; where it fell, it was
    reset and has counted from 0. Its first sample gives no rate. ``x_total`` becomes ``x_per_second``; ``x_sum`` and
    ``x_count`` become ``x_per_second`` and ``x_mean``. Answers the readings, how many counters had one sample only, and
    how many resets there were.
    """
    key = ["source", "metric"]
    gauges = found.filter(~pl.col("counter")).drop("counter")
    counters = found.filter("counter").unique([*key, "ts"], keep="first", maintain_order=True).sort(*key, "ts")
    grown = pl.when(pl.col("value") >= pl.col("before")).then(pl.col("value") - pl.col("before")).otherwise("value")
    steps = (
        counters.with_columns(before=pl.col("value").shift(1).over(key), since=pl.col("ts").shift(1).over(key))
        .drop_nulls("before")
        .with_columns(grown=grown, seconds=(pl.col("ts") - pl.col("since")).dt.total_microseconds() / 1e6)
    )
    resets = steps.filter(pl.col("value") < pl.col("before")).height
    # The suffix stands before the labels.
    stem = pl.col("metric").str.replace(r"_(?:total|count|sum)(\{|$)", "$1")
    with_suffix = pl.col("metric").str.extract(r"_(total|count|sum)(?:\{|$)", 1).fill_null("total")
    named = steps.with_columns(kind=with_suffix, stem=stem)
    rates = named.filter(pl.col("kind") != "sum").select(
        "source", _suffixed("_per_second"), "ts", value=pl.col("grown") / pl.col("seconds")
    )
    sums = named.filter(pl.col("kind") == "sum").select("source", "stem", "ts", total="grown")
    means = (
        named.filter(pl.col("kind") == "count", pl.col("grown") > 0)
        .join(sums, on=["source", "stem", "ts"], how="inner", nulls_equal=True)
        .select("source", _suffixed("_mean"), "ts", value=pl.col("total") / pl.col("grown"))
    )
    single = counters.group_by(key).len().filter(pl.col("len") == 1).height
    return pl.concat([gauges, rates, means]), single, resets


def _suffixed(suffix: str) -> pl.Expr:
    labels = pl.col("stem").str.extract(r"(\{.*)$", 1).fill_null("")
    name = pl.col("stem").str.replace(r"\{.*$", "")
    return pl.concat_str(name, pl.lit(suffix), labels).alias("metric")


def scrape(url: str) -> bytes:
    """What an exporter prints at an http or https address. Raises InputError when it does not answer."""
    import urllib.error
    import urllib.request

    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise InputError(f"{url} is no http or https address.", "Write it as http://localhost:9100/metrics.")
    request = urllib.request.Request(url, headers={"Accept": ACCEPTED})
    try:
        with urllib.request.urlopen(request, timeout=SCRAPE_SECONDS) as answer:
            data: bytes = answer.read(SCRAPE_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise InputError(f"{url} answers {error.code} {error.reason}.", "Check the address.") from error
    except (OSError, ValueError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(f"{url} does not answer: {reason}.", "Check the address and that it runs.") from error
    if len(data) > SCRAPE_BYTES:
        raise InputError(f"{url} answers more than {SCRAPE_BYTES >> 20} MiB.", "Ask a smaller exporter.")
    return data


def notes_of(exposition: Exposition, single: int = 0, resets: int = 0) -> list[str]:
    """What was left aside, and what became of counters, a clause each."""
    notes = [f"{plural(n, 'sample')} left aside ({why})" for why, n in sorted(exposition.left.items())]
    if single:
        notes.append(f"{plural(single, 'counter')} with one sample, where a rate takes two")
    if resets:
        notes.append(f"{plural(resets, 'reset')} of counters")
    return notes
