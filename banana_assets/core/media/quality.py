"""How good the metadata of a library are: METADATA_QUALITY out of its items."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from banana_assets.core.evidence import plural
from banana_assets.core.media.drift import declines
from banana_assets.core.media.duplicates import duplicates
from banana_assets.core.media.items import Library
from banana_assets.core.media.precision import offers
from banana_assets.core.media.prose import judged
from banana_assets.core.media.validity import checked, invalid
from banana_assets.core.tables.media import METADATA_QUALITY
from banana_assets.core.text import cut, short_path

MOST_EXAMPLES = 5
LONGEST_EXAMPLE = 120
MOST_HISTORY = 400

_FAULTS = ["item_id", "collection", "field", "measure", "text", "reason", "group"]


def quality(
    libraries: Iterable[Library], previous: pl.DataFrame | None = None, wholes: Iterable[Library] = ()
) -> pl.DataFrame:
    """METADATA_QUALITY of these libraries; ``previous`` is the table as it was, for the history.

    Where libraries are parts, rules are judged on the ``wholes`` of their schemas, as when gaps are filled.

    Missing values and their completeness are counts over every expected value, not estimates. A row says so for each
    collection and for all of a schema together (collection ''), for each field and for all of them (field '').
    """
    of = {whole.schema.name: whole for whole in wholes}
    rows = [row for one in libraries for row in _rows(one, of.get(one.schema.name, one))]
    if not rows:
        return METADATA_QUALITY.empty()
    frame = pl.DataFrame(rows, schema=METADATA_QUALITY.dtypes, orient="row")
    return METADATA_QUALITY.conform(_with_history(frame, previous)).sort(METADATA_QUALITY.key)


def _with_history(frame: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    """Put what was counted before in front; what is as it was adds nothing."""
    if previous is None or previous.is_empty():
        return frame
    keys = list(METADATA_QUALITY.key)
    before = {row[:4]: row[4] for row in previous.select(*keys, "history").iter_rows()}
    kept = []
    for row in frame.select(*keys, "history").iter_rows():
        past, now = list(before.get(row[:4]) or []), row[4][-1]
        if past and (past[-1]["affected"], past[-1]["of"]) == (now["affected"], now["of"]):
            kept.append(past)
        elif past and past[-1]["at"] == now["at"]:
            kept.append([*past[:-1], now])
        else:
            kept.append([*past, now][-MOST_HISTORY:])
    return frame.with_columns(history=pl.Series(kept, dtype=METADATA_QUALITY.dtypes["history"]))


def faults(library: Library) -> pl.DataFrame:
    """Everything that is wrong, a row a value or item: ``item_id, collection, field, measure, text, reason, group``,
    the last the same for items that are duplicates of each other, whose ``text`` is null."""
    gaps = library.gaps.with_columns(
        measure=pl.lit("missing"),
        reason=pl.when(pl.col("text").is_null()).then(pl.lit("not there")).otherwise(pl.lit("a placeholder")),
    )
    wrong = invalid(library).with_columns(measure=pl.lit("invalid"))
    twice = duplicates(library).with_columns(
        field=pl.lit(""), text=pl.lit(None, dtype=pl.String), reason=pl.lit("there more than once")
    )
    alone = [part.with_columns(group=pl.lit("")) for part in (gaps, wrong, judged(library))]
    return pl.concat(part.select(_FAULTS) for part in (*alone, twice))


def _looked_at(library: Library) -> pl.DataFrame:
    """``collection, field, measure, of``: how many values or items each measure looks at."""
    schema = library.schema
    expected = library.expected.group_by("collection", "field").agg(of=pl.len())
    present = library.usable.group_by("collection", "field").agg(of=pl.len())
    items = library.items.group_by("collection").agg(of=pl.len()).with_columns(field=pl.lit(""))
    parts = [expected.with_columns(measure=pl.lit("missing"))]
    for measure, names in (
        ("invalid", [f.name for f in schema.fields if checked(f)]),
        ("short", [f.name for f in schema.fields if f.shortest]),
        ("boilerplate", [f.name for f in schema.fields if f.shortest]),
    ):
        parts.append(present.filter(pl.col("field").is_in(names)).with_columns(measure=pl.lit(measure)))
    for measure, there in (
        ("duplicate_content", library.items["content_sha256"].is_not_null().any()),
        ("duplicate_title", any(f.kind == "duration" for f in schema.fields) and bool(schema.title)),
        ("duplicate_id", any(f.kind == "identifier" for f in schema.fields)),
    ):
        if there:
            parts.append(items.with_columns(measure=pl.lit(measure)))
    columns = ["collection", "field", "measure", pl.col("of").cast(pl.Int64)]
    return pl.concat(part.select(columns) for part in parts)


def _rows(library: Library, whole: Library) -> list[dict[str, Any]]:
    if library.items.is_empty():
        return []
    found = faults(library)
    of = _looked_at(library)
    wrong, looked = _levels(found), _levels(of)
    counts = wrong.group_by("collection", "field", "measure").agg(affected=pl.len())
    summed = looked.group_by("collection", "field", "measure").agg(pl.col("of").sum())
    joined = summed.join(counts, on=["collection", "field", "measure"], how="left")
    reasons = _reasons(wrong)
    shown = _examples(wrong, library)
    scores = _scores(library, joined)
    derivable = _derivable(library, whole)
    rows = []
    for row in joined.sort("collection", "field", "measure").iter_rows(named=True):
        key = (row["collection"], row["field"], row["measure"])
        affected = row["affected"] or 0
        rows.append(
            {
                "record_schema": library.schema.name,
                "collection": row["collection"],
                "field": row["field"],
                "measure": row["measure"],
                "affected": affected,
                "of": row["of"],
                "share": affected / row["of"],
                "score": scores.get(key),
                "derivable": derivable.get(key, 0) if row["measure"] == "missing" else None,
                "before": None,
                "since": None,
                "statement": _statement(row["measure"], row["field"], affected, row["of"]),
                "reasons": reasons.get(key, []),
                "examples": shown.get(key, []),
                "history": [{"at": library.now, "affected": affected, "of": row["of"]}],
            }
        )
    return rows + _declined(library)


def _derivable(library: Library, whole: Library) -> dict[tuple[str, str, str], int]:
    """How many missing values rules offer, for each collection and field and for all of them."""
    whose = library.items.select("item_id", "collection", measure=pl.lit("missing"))
    rows = offers(whole)[0].select("item_id", "field").join(whose, on="item_id")
    counted = _levels(rows).group_by("collection", "field", "measure").len()
    return {(row[0], row[1], row[2]): row[3] for row in counted.iter_rows()}


def _levels(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows again for all collections together, and those of missing and invalid values for all fields together."""
    fields = frame.filter(pl.col("measure").is_in(["missing", "invalid"])).with_columns(field=pl.lit(""))
    both = pl.concat([frame, fields])
    return pl.concat([both, both.with_columns(collection=pl.lit(""))])


def _reasons(wrong: pl.DataFrame) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    counted = (
        wrong.group_by("collection", "field", "measure", "reason")
        .agg(items=pl.len())
        .sort(["items", "reason"], descending=[True, False])
        .group_by("collection", "field", "measure", maintain_order=True)
        .agg(pl.struct("reason", "items").head(2 * MOST_EXAMPLES))
    )
    return {(row[0], row[1], row[2]): row[3] for row in counted.iter_rows()}


def _examples(wrong: pl.DataFrame, library: Library) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    keys = ["collection", "field", "measure"]
    few = wrong.sort("group", "item_id").group_by(keys, maintain_order=True).head(MOST_EXAMPLES)
    named = few.join(library.items.select("item_id", "title", "uri"), on="item_id", how="left").sort(
        *keys, "group", "item_id"
    )
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in named.iter_rows(named=True):
        found.setdefault((row["collection"], row["field"], row["measure"]), []).append(
            {
                "item_id": row["item_id"],
                "title": cut(row["title"] or row["uri"], LONGEST_EXAMPLE),
                "value": _shown(row),
                "why": row["reason"],
            }
        )
    return found


def _shown(row: dict[str, Any]) -> str | None:
    """The value; of a duplicate, where it is."""
    text = short_path(row["uri"]) if row["group"] else row["text"]
    return None if text is None else cut(text, LONGEST_EXAMPLE)


def _scores(library: Library, joined: pl.DataFrame) -> dict[tuple[str, str, str], float]:
    """Weighted completeness of each collection, and the plain one of each field."""
    weights = {field.name: field.weight for field in library.schema.fields}
    missing = joined.filter((pl.col("measure") == "missing") & (pl.col("field") != ""))
    weighed: dict[str, tuple[float, float]] = {}
    scores: dict[tuple[str, str, str], float] = {}
    for row in missing.sort("collection", "field").iter_rows(named=True):
        affected = row["affected"] or 0
        scores[row["collection"], row["field"], "missing"] = 1 - affected / row["of"]
        had, of = weighed.get(row["collection"], (0.0, 0.0))
        weight = weights[row["field"]]
        weighed[row["collection"]] = (had + weight * (row["of"] - affected), of + weight * row["of"])
    return scores | {(name, "", "missing"): had / of for name, (had, of) in weighed.items()}


def _declined(library: Library) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for told in declines(library):
        text = (
            f"{told.field} is missing in {told.missing} of {plural(told.of, 'item')} that arrived since "
            f"{told.since:%F}, and in {told.missing_before} of {plural(told.before, 'item')} before"
        )
        row = {
            "record_schema": library.schema.name,
            "collection": told.collection,
            "field": told.field,
            "measure": "decline",
            "affected": told.missing,
            "of": told.of,
            "share": told.missing / told.of,
            "score": None,
            "derivable": None,
            "before": told.missing_before / told.before,
            "since": told.since,
            "statement": text,
            "reasons": [],
            "examples": [],
            "history": [{"at": library.now, "affected": told.missing, "of": told.of}],
        }
        rows.append(row)
    return rows


_SAID = {
    "invalid": "{n} of {of} are not what they should be",
    "short": "{n} of {of} are too short",
    "boilerplate": "{n} of {of} say nothing about their item",
    "duplicate_content": "{n} of {of} hold the same bytes as another",
    "duplicate_title": "{n} of {of} have the title and the length of another",
    "duplicate_id": "{n} of {of} have the identifier of another",
}


def _statement(measure: str, field: str, n: int, of: int) -> str:
    what = field or "all fields together"
    if measure == "missing":
        return f"{what}: {n:,} of {plural(of, 'expected value')} missing ({n / of:.1%})"
    counted = plural(of, "item" if measure.startswith("duplicate") else "value")
    said = _SAID[measure].format(n=f"{n:,}", of=counted)
    return said if measure.startswith("duplicate") else f"{what}: {said}"
