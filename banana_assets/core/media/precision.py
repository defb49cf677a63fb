"""How often rules are right, measured by hiding known values; and what is offered by that measure."""

from __future__ import annotations

import polars as pl

from banana_assets.core.media.deriving import candidates
from banana_assets.core.media.items import Library, plainly
from banana_assets.core.metrics.rates import BetaPrior, fit_prior, wilson

LEAST = 0.95
"""The precision that a rule must have to be offered: by the lower end, so that luck with few is not enough."""

LEVEL = 0.8
"""Of the interval whose lower end counts: one in ten rules at the edge is worse than its lower end."""

FEWEST = 5
"""Groups in which a rule must have been tried on a field of a library."""

FEWEST_ITEMS = 24
"""Items of a library below which no rule is offered: on 20 with 3 % wrong tags nine in ten offers were right, which is
fewer than LEAST (``benchmarks/media.py``)."""

PRECISION = pl.Schema(
    {
        "rule": pl.String,
        "field": pl.String,
        "tried": pl.Int64,
        "hits": pl.Int64,
        "clusters": pl.Int64,
        "precision": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "offered": pl.Boolean,
        "gaps": pl.Int64,
    }
)
"""A rule on a field: ``tried`` on so many known values that were hidden from it, right on ``hits``, in so many
``clusters`` of items that share evidence; the 95 % Wilson interval, by as many tries as are independent, is ``low`` to
``high``; it could fill ``gaps``."""


def precision(library: Library, said: pl.DataFrame | None = None) -> pl.DataFrame:
    """Each rule of CANDIDATES (``said``) on each field (PRECISION).

    Every known value is hidden from the rule that is asked for it. Items of one album may be right or wrong together,
    so tries count for fewer where they are. A rule that is good on many fields needs to show less on another (Beta
    prior fitted over the rule's fields), but FEWEST clusters at least, and FEWEST_ITEMS in the library.
    """
    found = candidates(library) if said is None else said
    if found.is_empty():
        return pl.DataFrame(schema=PRECISION)
    known = library.spelt.select("item_id", "field", own="plain")
    tried = found.join(known, on=["item_id", "field"]).with_columns(hit=pl.col("plain") == pl.col("own"))
    gaps = found.join(library.gaps.select("item_id", "field"), on=["item_id", "field"])
    of_gaps = gaps.group_by("rule", "field").agg(gaps=pl.len())
    by_cluster = tried.group_by("rule", "field", "cluster").agg(n=pl.len(), hit=pl.col("hit").sum())
    p = pl.col("hit").sum() / pl.col("n").sum()
    counted = by_cluster.group_by("rule", "field").agg(
        tried=pl.col("n").sum(),
        hits=pl.col("hit").sum(),
        clusters=pl.len(),
        spread=((pl.col("hit") - p * pl.col("n")) ** 2).sum() / pl.col("n").sum() ** 2,
    )
    joined = counted.join(of_gaps, on=["rule", "field"], how="full", coalesce=True).sort("rule", "field")
    judged = _judged(joined.with_columns(pl.col("tried", "hits", "clusters", "gaps", "spread").fill_null(0)))
    return judged.with_columns(offered=pl.col("offered") & (library.items.height >= FEWEST_ITEMS))


def _judged(counted: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for _, group in counted.group_by("rule", maintain_order=True):
        named = list(group.iter_rows(named=True))
        counts = [_effective(row["hits"], row["tried"], row["clusters"], row["spread"]) for row in named]
        prior = fit_prior([hits for hits, _ in counts], [n for _, n in counts])
        for row, (hits, n) in zip(named, counts, strict=True):
            low, high = wilson(hits, n)
            precise = row["hits"] / row["tried"] if row["tried"] else None
            good = row["clusters"] >= FEWEST and (precise or 0) >= LEAST and lower(prior, hits, n) >= LEAST
            row |= {"precision": precise, "low": low, "high": high, "offered": good}
            rows.append({name: row[name] for name in PRECISION})
    return pl.DataFrame(rows, schema=PRECISION, orient="row")


def _effective(hits: int, tried: int, clusters: int, spread: float) -> tuple[float, float]:
    """Hits and tries as if each stood for itself: as many as have the variance of the ratio between clusters.

    Where nothing failed the variance is unknown, and each cluster counts once (L. Kish, Survey Sampling, 1965, on the
    design effect; W. G. Cochran, Sampling Techniques, 3rd ed., 11.7, on the ratio's variance).
    """
    if not tried:
        return 0.0, 0.0
    p = hits / tried
    n = float(clusters) if spread <= 0 else min(max(p * (1 - p) / spread, 1.0), float(tried))
    return p * n, n


def lower(prior: BetaPrior, hits: float, n: float) -> float:
    """The lower end of what the precision may be."""
    return prior.interval(hits, n, LEVEL)[0]


def offers(library: Library) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What rules offer for missing values, and their PRECISION.

    One value a gap: that of the rule with the best precision; where offered rules contradict each other, none. Columns:
    those of CANDIDATES, ``text`` (the placeholder that stands there, or null), ``tried, hits, precision, low`` of the
    rule, and ``rules`` (how many say the same).
    """
    said = candidates(library)
    judged = precision(library, said)
    good = judged.filter("offered").select("rule", "field", "tried", "hits", "precision", "low")
    gaps = library.gaps.select("item_id", "field", "text")
    open_ = said.join(gaps, on=["item_id", "field"]).join(good, on=["rule", "field"])
    open_ = _in_range(open_, library)
    agreed = open_.filter(pl.col("plain").n_unique().over("item_id", "field") == 1)
    best = agreed.with_columns(rules=pl.col("rule").n_unique().over("item_id", "field")).sort(
        "item_id", "field", "precision", "tried", "rule", descending=[False, False, True, True, False]
    )
    return best.unique(["item_id", "field"], keep="first", maintain_order=True), judged


def _in_range(found: pl.DataFrame, library: Library) -> pl.DataFrame:
    """Without what would be no valid value of its field."""
    from banana_assets.core.media.validity import invalid

    told = found.select(
        "item_id",
        "field",
        "value",
        collection=pl.lit(""),
        kind=pl.lit(""),
        text=pl.col("value").list.join("; "),
        origin=pl.lit(""),
        source=pl.lit(""),
        placeholder=pl.lit(value=False),
    )
    bad = invalid(Library(library.schema, library.items, told)).select("item_id", "field", "text").unique()
    return (
        found.with_columns(joined=pl.col("value").list.join("; "))
        .join(bad.rename({"text": "joined"}), on=["item_id", "field", "joined"], how="anti")
        .drop("joined")
    )


def hidden(library: Library, fold: int, folds: int) -> tuple[Library, pl.DataFrame]:
    """The library without one of so many parts of its known values, and what was hidden (``item_id, field, plain``).

    Which values are in a part is told by their hash alone, so it is the same every time.
    """
    known = library.usable.filter(~pl.col("origin").is_in(["derived", "model"]))
    part = pl.concat_str("item_id", "field", separator="\x1f").hash(seed=11) % folds
    gone = known.filter(part == fold)
    left = library.values.join(gone.select("item_id", "field"), on=["item_id", "field"], how="anti")
    expected = library.expected.select("item_id", "field")
    truth = plainly(gone, library.schema).select("item_id", "field", "plain")
    return Library(library.schema, library.items, left), truth.join(expected, on=["item_id", "field"], how="semi")


REPLAY = pl.Schema(
    {
        "field": pl.String,
        "hidden": pl.Int64,
        "offered": pl.Int64,
        "right": pl.Int64,
        "precision": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "recovered": pl.Float64,
    }
)


def replayed(library: Library, folds: int = 5) -> pl.DataFrame:
    """What would have been offered for known values, had they been missing (REPLAY), by field, most hidden first.

    A part of the known values is hidden at a time; rules are judged and offered on the rest as always, and what they
    offer is compared with what was hidden. ``low`` and ``high`` are the 95 % Wilson interval.
    """
    parts = []
    for fold in range(folds):
        left, truth = hidden(library, fold, folds)
        made, _ = offers(left)
        parts.append(truth.join(made.select("item_id", "field", said="plain"), on=["item_id", "field"], how="left"))
    compared = pl.concat(parts)
    counted = compared.group_by("field").agg(
        hidden=pl.len(),
        offered=pl.col("said").is_not_null().sum(),
        right=(pl.col("said") == pl.col("plain")).sum(),
    )
    rows = []
    for row in counted.sort(["hidden", "field"], descending=[True, False]).iter_rows(named=True):
        low, high = wilson(row["right"], row["offered"])
        precise = row["right"] / row["offered"] if row["offered"] else None
        rows.append(row | {"precision": precise, "low": low, "high": high, "recovered": row["right"] / row["hidden"]})
    return pl.DataFrame(rows, schema=REPLAY, orient="row")
