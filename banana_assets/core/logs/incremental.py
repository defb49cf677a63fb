"""Mining shapes that came on top of those that were mined before: the same templates as of all at once, at the price
of the new ones.

Templates are drawn structure by structure, and every decision looks at the distinct words in each place alone
(``miner.draw``). So each pattern keeps its groups: their structure, those words, and the ids of their shapes. New
shapes run through the groups of their own structure; a group is taken apart into its shapes only where the new words
change a decision above it. What joins templates afterwards (``miner.conclude``) is cheap and done for all groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import polars as pl

from banana_assets.core.logs.miner import MOST_NAMED, Group, Rows, by_structure, conclude, draw, name, pattern_id
from banana_assets.core.tables.patterns import GROUP

BATCH = 50_000
"""Shapes held as Python objects at once."""

Texts = Callable[[pl.Series], pl.DataFrame]
"""``shape_id, shape`` of the shapes of those ids, a row each."""

MINED = pl.Schema(
    {
        "pattern_id": pl.String(),
        "template": pl.String(),
        "named_template": pl.String(),
        "shapes": pl.List(pl.Int64()),
        "groups": pl.List(GROUP),
    }
)
"""Columns and types of what ``mined`` gives, a row a pattern."""


def mined(ids: pl.Series, texts: Texts, before: pl.DataFrame | None = None) -> pl.DataFrame:
    """The templates (MINED) of the shapes of those ids (Int64, distinct), sorted by ``pattern_id``.

    ``before`` is an earlier answer, of other shapes or of some of these; what comes out is the same with and without.
    """
    old = pl.DataFrame(schema=MINED) if before is None else before.select(MINED.names())
    kept = _groups(old)
    known = kept.select("structure", shape_id="shapes").explode("shape_id")
    here = pl.DataFrame({"shape_id": ids})
    gone = known.join(here, on="shape_id", how="anti")["structure"].unique()
    fresh = here.join(known, on="shape_id", how="anti")["shape_id"]
    if fresh.is_empty() and gone.is_empty():
        return old.sort("pattern_id")
    # Words may have gone with a shape, so its structure is drawn anew.
    kept = kept.filter(~pl.col("structure").is_in(gone.implode()))
    left = known.filter(pl.col("structure").is_in(gone.implode())).join(here, on="shape_id", how="semi")
    groups = _drawn(pl.concat([fresh, left["shape_id"]]).sort(), texts, kept)
    return _patterns(groups, texts, old)


def _groups(patterns: pl.DataFrame) -> pl.DataFrame:
    """``structure, columns, shapes`` of the patterns' groups."""
    exploded = patterns.select("groups").explode("groups", empty_as_null=False, keep_nulls=False)
    return exploded.select(pl.col("groups").cast(GROUP)).unnest("groups")


def _drawn(fresh: pl.Series, texts: Texts, kept: pl.DataFrame) -> list[Group]:
    """The groups of the fresh shapes and of the groups kept."""
    found: dict[str, list[Group]] = defaultdict(list)
    for form, columns, shapes in kept.iter_rows():
        found[form].append(Group(form, tuple(map(tuple, columns)), tuple(shapes)))

    def opened(torn: Sequence[Group]) -> Rows:
        members = pl.Series([n for group in torn for n in group.members], dtype=pl.Int64)
        rows: Rows = {}
        for pairs in _batches(members, texts):
            for cut in by_structure(pairs).values():
                for words, numbers in cut.items():
                    rows.setdefault(words, []).extend(numbers)
        return rows

    for pairs in _batches(fresh, texts):
        for form, rows in by_structure(pairs).items():
            found[form] = draw(form, rows, found[form], opened)
    return [group for form in sorted(found) for group in sorted(found[form], key=lambda g: g.members)]


def _batches(ids: pl.Series, texts: Texts) -> Iterator[list[tuple[int, str]]]:
    for start in range(0, len(ids), BATCH):
        yield texts(ids.slice(start, BATCH)).rows()


def _patterns(groups: Sequence[Group], texts: Texts, old: pl.DataFrame) -> pl.DataFrame:
    """The patterns (MINED) of the groups."""
    templates = conclude(groups)
    ids = {template: pattern_id(template) for template in set(templates)}
    rows = [{"structure": g.structure, "columns": g.columns, "shapes": g.members} for g in groups]
    of_pattern = (
        pl.DataFrame(
            {"pattern_id": [ids[t] for t in templates], "template": templates, "groups": rows},
            schema={"pattern_id": pl.String, "template": pl.String, "groups": GROUP},
        )
        .group_by("pattern_id", maintain_order=True)
        .agg(pl.col("template").first(), "groups", shapes=pl.col("groups").struct.field("shapes").explode().sort())
    )
    named = _named(of_pattern, texts, old)
    return (
        of_pattern.join(named, on="pattern_id")
        .select(pl.col(column).cast(kind) for column, kind in MINED.items())
        .sort("pattern_id")
    )


def _named(patterns: pl.DataFrame, texts: Texts, old: pl.DataFrame) -> pl.DataFrame:
    """``pattern_id, named_template`` of the patterns.

    The name of an earlier pattern stands where none of its shapes went and none that came is among the first in
    order, which are those that a name looks at.
    """
    earlier = old.select("pattern_id", "named_template", earlier="shapes")
    both = patterns.select("pattern_id", "template", "shapes").join(earlier, on="pattern_id", how="left")
    unchanged = both.filter((pl.col("shapes") == pl.col("earlier")).fill_null(value=False))
    changed = both.join(unchanged, on="pattern_id", how="anti")
    member = changed.select("pattern_id", shape_id="shapes").explode("shape_id")
    first = (
        texts(member["shape_id"])
        .join(member, on="shape_id")
        .sort("shape")
        .group_by("pattern_id")
        .agg(pl.col("shape").head(MOST_NAMED), first=pl.col("shape_id").head(MOST_NAMED))
    )
    grown = (
        changed.join(first, on="pattern_id")
        .filter(
            pl.col("earlier").is_not_null()
            & pl.col("first").list.set_difference("earlier").list.len().eq(0)
            & pl.col("earlier").list.set_difference("shapes").list.len().eq(0)
        )
        .select("pattern_id", "named_template")
    )
    found = changed.join(first, on="pattern_id").join(grown, on="pattern_id", how="anti")
    told = pl.DataFrame(
        {
            "pattern_id": found["pattern_id"],
            "named_template": [name(t, shapes) for t, shapes in found.select("template", "shape").iter_rows()],
        },
        schema={"pattern_id": pl.String, "named_template": pl.String},
    )
    return pl.concat([unchanged.select("pattern_id", "named_template"), grown, told])
