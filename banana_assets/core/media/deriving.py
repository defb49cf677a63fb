"""Values that follow from the rest of a library: from neighbours, from other copies, from file names.

A rule says what a value would be for every item that it can say it for, without looking at the item's own value. Where
that is known, the rule can be judged: it is offered only where it was right often enough on this very library.
"""

from __future__ import annotations

import polars as pl

from banana_assets.core.media.items import Library, placeholder, plainly
from banana_assets.core.media.schema import CONTENT, FOLDER, Group
from banana_assets.core.media.values import date_of
from banana_assets.core.schema import Type

FILE_NAME = "file name"
UNANIMOUS, MAJORITY = "all agree", "most agree"
FEWEST_UNANIMOUS = 2
FEWEST_MAJORITY = 5
LEAST_MAJORITY = 0.8
_CANDIDATES: dict[str, Type] = {
    "item_id": pl.String,
    "field": pl.String,
    "value": pl.List(pl.String),
    "plain": pl.String,
    "rule": pl.String,
    "cluster": pl.String,
    "support": pl.Int64,
}
CANDIDATES = pl.Schema(_CANDIDATES)
"""What a rule would say: ``cluster`` names the items that share its evidence (their errors come together), ``support``
is how many other items speak for it."""


def candidates(library: Library) -> pl.DataFrame:
    """What each rule says of each item that it can say something of, known or not (CANDIDATES)."""
    if library.items.is_empty():
        return pl.DataFrame(schema=CANDIDATES)
    spelt = library.spelt
    parts = [pl.DataFrame(schema=CANDIDATES)]
    for group in library.schema.groups:
        members = _members(library, group)
        if members is not None:
            parts.append(_neighbours(library, spelt, group, members))
    parts.append(_same_as(library, spelt))
    parts.append(_names(library))
    # A name in the name of a file is somebody's word only where no program writes such a word.
    meant = pl.col("field").is_in(library.schema.names) & ~pl.col("rule").str.starts_with(FILE_NAME)
    return pl.concat(parts).filter(~placeholder(pl.col("value").list.join("; "), meant))


def folder(uri: pl.Expr) -> pl.Expr:
    """The folder of a path; null for an address and where there is none."""
    return pl.when(~uri.str.contains("://", literal=True)).then(uri.str.extract(r"^(.+)/[^/]+$"))


def _members(library: Library, group: Group) -> pl.DataFrame | None:
    """``item_id, key``: which items are in which of these groups; None where there is none of two items."""
    keys = library.items.select("item_id", "collection")
    names = []
    for n, by in enumerate(group.by):
        name = f"by{n}"
        names.append(name)
        if by == FOLDER:
            own = library.items.select("item_id", folder(pl.col("uri")).alias(name))
        elif by == CONTENT:
            own = library.items.select("item_id", pl.col("content_sha256").alias(name))
        else:
            own = library.spelt.filter(pl.col("field") == by).select("item_id", pl.col("plain").alias(name))
        keys = keys.join(own, on="item_id", how="inner").drop_nulls(name)
    # The same bytes are the same recording wherever they are; names mean something within a collection.
    parts = names if group.by == (CONTENT,) else ["collection", *names]
    named = keys.select("item_id", key=pl.concat_str(parts, separator="\x1f"))
    grouped = named.filter(pl.len().over("key") > 1)
    return grouped if grouped.height else None


def _neighbours(library: Library, spelt: pl.DataFrame, group: Group, members: pl.DataFrame) -> pl.DataFrame:
    """What the other items of the group say, where all of them agree, or most of many."""
    fields = [name for name in group.shares if name not in group.by]
    told = (
        members.join(spelt.select("item_id", "field", "value", "plain"), on="item_id")
        .filter(pl.col("field").is_in(fields))
        .drop_nulls("plain")
    )
    of_value = told.group_by("key", "field", "plain").agg(n=pl.len(), value=pl.col("value").first())
    # In a settled order, so that the same library gives the same answer.
    ranked = of_value.sort("key", "field", "n", "plain", descending=[False, False, True, False])
    tops = ranked.group_by("key", "field", maintain_order=True).agg(
        total=pl.col("n").sum(),
        distinct=pl.len(),
        first=pl.col("plain").get(0),
        first_n=pl.col("n").get(0),
        first_value=pl.col("value").get(0),
        second=pl.col("plain").get(1, null_on_oob=True),
        second_n=pl.col("n").get(1, null_on_oob=True).fill_null(0),
        second_value=pl.col("value").get(1, null_on_oob=True),
    )
    every = members.join(tops, on="key").join(
        told.select("item_id", "field", own="plain"), on=["item_id", "field"], how="left"
    )
    # Leave the item's own value out of the count.
    is_first = pl.col("own") == pl.col("first")
    has_own = pl.col("own").is_not_null()
    others = pl.col("total") - has_own.cast(pl.Int64)
    first_n = pl.col("first_n") - is_first.fill_null(value=False).cast(pl.Int64)
    swapped = first_n < pl.col("second_n") - (pl.col("own") == pl.col("second")).fill_null(value=False).cast(pl.Int64)
    top_n = pl.when(swapped).then(pl.col("second_n")).otherwise(first_n)
    least = 1 if group.by == (CONTENT,) else FEWEST_UNANIMOUS
    judged = every.with_columns(
        others=others,
        support=top_n,
        said=pl.when(swapped).then(pl.col("second")).otherwise(pl.col("first")),
        saying=pl.when(swapped).then(pl.col("second_value")).otherwise(pl.col("first_value")),
    ).filter(pl.col("others") >= least)
    all_agree = pl.col("support") == pl.col("others")
    most = (pl.col("others") >= FEWEST_MAJORITY) & (pl.col("support") >= LEAST_MAJORITY * pl.col("others"))
    kept = judged.filter(all_agree | most)
    rule = pl.when(all_agree).then(pl.lit(f"{group.name}: {UNANIMOUS}")).otherwise(pl.lit(f"{group.name}: {MAJORITY}"))
    return kept.select(
        "item_id",
        "field",
        value=pl.col("saying"),
        plain=pl.col("said"),
        rule=rule,
        cluster=pl.col("key"),
        support=pl.col("support").cast(pl.Int64),
    )


def _same_as(library: Library, spelt: pl.DataFrame) -> pl.DataFrame:
    """The album's artist where all of its items name the same: what taggers leave out where both are the same."""
    names = library.schema.by_name
    if not {"album", "artist", "album_artist"} <= set(names):
        return pl.DataFrame(schema=CANDIDATES)
    wide = spelt.filter(pl.col("field").is_in(["album", "artist"])).select(
        "item_id", "collection", "field", "plain", "value"
    )
    album = wide.filter(pl.col("field") == "album").select("item_id", "collection", album="plain")
    artist = wide.filter(pl.col("field") == "artist").select("item_id", artist="plain", value="value")
    both = library.items.select("item_id", place=folder(pl.col("uri")).fill_null("")).join(album, on="item_id")
    both = both.join(artist, on="item_id")
    key = ["collection", "place", "album"]
    one = both.with_columns(n=pl.len().over(key), artists=pl.col("artist").n_unique().over(key))
    kept = one.filter((pl.col("n") >= FEWEST_UNANIMOUS) & (pl.col("artists") == 1))
    return kept.select(
        "item_id",
        field=pl.lit("album_artist"),
        value=pl.col("value"),
        plain=pl.col("artist"),
        rule=pl.lit("artist of the whole album"),
        cluster=pl.concat_str(key, separator="\x1f"),
        support=pl.col("n").cast(pl.Int64),
    )


def _names(library: Library) -> pl.DataFrame:
    """What file names say, by the patterns of the schema. Errors come together in a folder, where one hand named."""
    stem = pl.col("uri").str.replace(r"\.[A-Za-z0-9]{1,5}$", "")
    local = library.items.filter(~pl.col("uri").str.contains("://", literal=True))
    if local.is_empty():
        return pl.DataFrame(schema=CANDIDATES)
    named = local.select("item_id", stem=stem, cluster=folder(pl.col("uri")).fill_null(pl.col("collection")))
    parts = [pl.DataFrame(schema=CANDIDATES)]
    for name, pattern in library.schema.patterns:
        found = named.with_columns(found=pl.col("stem").str.extract_groups(pattern)).drop("stem")
        fields = found["found"].struct.fields
        for field in fields:
            if field not in library.schema.by_name:
                continue
            own = found.select("item_id", "cluster", text=pl.col("found").struct.field(field)).drop_nulls("text")
            own = own.with_columns(text=_tidied(field, library)).filter(pl.col("text") != "")
            if own.is_empty():
                continue
            rows = own.with_columns(field=pl.lit(field))
            parts.append(
                plainly(rows, library.schema)
                .drop_nulls("plain")
                .select(
                    "item_id",
                    "field",
                    value=pl.concat_list("text"),
                    plain="plain",
                    rule=pl.lit(f"{FILE_NAME}: {name}"),
                    cluster="cluster",
                    support=pl.lit(1, dtype=pl.Int64),
                )
            )
    return pl.concat(parts)


def _tidied(field: str, library: Library) -> pl.Expr:
    """The piece of a file name as a value: no underscores for spaces, no zeros in front of numbers."""
    kind = library.schema.by_name[field].kind
    text = pl.col("text").str.strip_chars(" ._-")
    if kind == "number":
        return text.str.replace(r"^0+(\d)", "$1")
    if kind == "date":
        return text.map_elements(date_of, return_dtype=pl.String)
    spaced = pl.when(text.str.contains(" ", literal=True)).then(text).otherwise(text.str.replace_all("_", " "))
    return spaced.str.replace_all(r"\s+", " ").str.strip_chars()
