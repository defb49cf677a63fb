"""A library: the items of one schema and their values, in frames that everything else computes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from banana_assets.core.media import languages
from banana_assets.core.media.schema import ANY, RecordSchema
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_ITEMS: dict[str, Type] = {
    "item_id": pl.String,
    "collection": pl.String,
    "kind": pl.String,
    "uri": pl.String,
    "title": pl.String,
    "content_sha256": pl.String,
    "arrived_at": UTC,
    "changed_at": UTC,
}
ITEMS = pl.Schema(_ITEMS)

_NOUNS = (
    r"(?:artist|album|title|genre|author|show|track|name|date|language|composer|performer|description|summary|tags?|"
    r"k[üu]nstler|titel)"
)
_NOTHING = (
    r"^(?:[\s\-_.]+|n\.?/?a\.?|\(?(?:unknown|unbekannte?r?|inconnue?|desconocid[oa]|sconosciut[oa])(?: "
    rf"{_NOUNS})?\)?|\(?untitled {_NOUNS}\)?|\(?no (?:artist|album|title|track)\)?|"
    r"(?:audio ?)?(?:track|titel|piste|pista) ?\d{1,3}|new recording(?: ?\(?\d+\)?)?|recording ?\(?\d+\)?|"
    r"(?:title|description|summary|genre|artist) (?:goes )?here|insert .{0,30} here)$|"
    r"^(?:lorem ipsum|auto[- ]?(?:generated|filled)|needs[- ]review)\b|^\[(?:insert|your|todo)\b"
)
"""What is no value of any field, and is what rippers, recorders and forms write in its place."""

_WEAK = (
    r"^(?:[\s\-_.?/*]+|none|null|nil|nan|todo|tb[da]|xxx+|undefined|default|placeholder|recording|"
    rf"\(?(?:untitled|no)\)?(?: {_NOUNS}\)?)?|untitled[ _-]?\d*|title|description|summary|genre|artist)$"
)
"""What is no value of a summary, a genre or tags, and may well be a name: there are songs called ``No`` and ``?``."""


def placeholder(text: pl.Expr, name: pl.Expr | None = None) -> pl.Expr:
    """Whether a text only fills the place of a value: ``unknown``, ``Track 03``, ``lorem ipsum``, ``auto-filled``.

    ``name`` tells where the text is that of a field that holds names (``RecordSchema.names``): there ``None``,
    ``Untitled`` and ``Default`` may be meant.
    """
    low = text.str.to_lowercase()
    nothing = low.str.contains(_NOTHING)
    weak = low.str.contains(_WEAK)
    return nothing | (weak if name is None else weak & ~name)


def is_placeholder(value: Sequence[str], *, name: bool = False) -> bool:
    """Whether a value, of a field that holds names or another, only fills its place."""
    text = "; ".join(value).strip()
    return not text or bool(pl.select(placeholder(pl.lit(text), pl.lit(name))).item())


def plain(kind: str) -> pl.Expr:
    """The column ``text`` in the one spelling by which values of that kind are compared.

    Case, spaces and composed letters make no difference, nor do languages' other codes; seconds are whole; of a number
    ``3/12`` the first counts.
    """
    text = pl.col("text").str.strip_chars()
    if kind == "duration":
        return text.cast(pl.Float64, strict=False).round(0).cast(pl.String)
    if kind == "number":
        return text.str.extract(r"^(-?\d+(?:\.\d+)?)").cast(pl.Float64, strict=False).cast(pl.String)
    if kind == "language":
        return text.map_elements(languages.plain, return_dtype=pl.String)
    if kind in ("date", "url", "identifier"):
        return text
    return text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ")


def plainly(values: pl.DataFrame, schema: RecordSchema) -> pl.DataFrame:
    """The rows (with ``field`` and ``text``) with ``plain``."""
    parts = []
    for kind in dict.fromkeys(field.kind for field in schema.fields):
        names = [field.name for field in schema.fields if field.kind == kind]
        own = values.filter(pl.col("field").is_in(names))
        if own.is_empty():
            continue
        if kind == "language":
            # Few different ones among many, and each is looked up in Python.
            spelt = own.select("text").unique().with_columns(plain=plain(kind))
            parts.append(own.join(spelt, on="text", how="left"))
        else:
            parts.append(own.with_columns(plain=plain(kind)))
    return pl.concat(parts) if parts else values.with_columns(plain=pl.col("text"))


@dataclass(frozen=True)
class Library:
    """The items that are there (ITEMS) and their values, a row a field: ``item_id, collection, kind, field, value``
    (list of texts), ``text`` (joined), ``origin, source, placeholder``. No value is empty."""

    schema: RecordSchema
    items: pl.DataFrame
    values: pl.DataFrame

    @cached_property
    def expected(self) -> pl.DataFrame:
        """What each item should have: ``item_id, collection, kind, field``."""
        rows = [(kind, f.name) for f in self.schema.expected for kind in f.expected if kind != ANY]
        general = pl.DataFrame({"field": [f.name for f in self.schema.expected if ANY in f.expected]})
        by_kind = pl.DataFrame(rows, schema={"kind": pl.String, "field": pl.String}, orient="row")
        own = self.items.select("item_id", "collection", "kind")
        general = general.with_columns(pl.col("field").cast(pl.String))
        return pl.concat([own.join(general, how="cross"), own.join(by_kind, on="kind")]).unique(
            ["item_id", "field"], maintain_order=False
        )

    @cached_property
    def usable(self) -> pl.DataFrame:
        """The values that are no placeholder."""
        return self.values.filter(~pl.col("placeholder"))

    @cached_property
    def spelt(self) -> pl.DataFrame:
        """The usable values with ``plain``, by which they are compared: what rules learn from and are judged by, so
        without values that rules or models gave before."""
        return plainly(self.usable.filter(~pl.col("origin").is_in(["derived", "model"])), self.schema)

    @cached_property
    def gaps(self) -> pl.DataFrame:
        """What is expected and not there: ``item_id, collection, kind, field``, and ``text``, the placeholder that
        stands in its place (null where nothing stands there)."""
        held = self.values.select("item_id", "field", "text", "placeholder")
        joined = self.expected.join(held, on=["item_id", "field"], how="left")
        missing = joined.filter(pl.col("placeholder").fill_null(value=True))
        return missing.drop("placeholder").sort("collection", "item_id", "field")

    @property
    def now(self) -> datetime | None:
        """The latest change in the data."""
        latest = self.items["changed_at"].max()
        return latest if isinstance(latest, datetime) else None


def library(items: pl.DataFrame, schema: RecordSchema) -> Library:
    """The library of that schema in the rows of MEDIA_ITEMS; items that are gone are left out."""
    own = items.filter((pl.col("record_schema") == schema.name) & pl.col("present")).sort("item_id")
    told = (
        own.select("item_id", "collection", "kind", "values")
        .explode("values", empty_as_null=False, keep_nulls=False)
        .unnest("values")
        .filter(pl.col("field").is_in(list(schema.by_name)))
        .with_columns(text=pl.col("value").list.join("; ").str.strip_chars(" \t\r\n;"))
        .filter(pl.col("text") != "")
        .with_columns(placeholder=placeholder(pl.col("text"), pl.col("field").is_in(schema.names)))
        .drop("confidence")
    )
    return Library(schema, own.select(list(ITEMS)), told)


def libraries(items: pl.DataFrame, schemas: Mapping[str, RecordSchema]) -> list[Library]:
    """The library of each of the schemas that has items in the rows of MEDIA_ITEMS, by name."""
    found = (library(items, schemas[name]) for name in sorted(items["record_schema"].unique()) if name in schemas)
    return [one for one in found if one.items.height]
