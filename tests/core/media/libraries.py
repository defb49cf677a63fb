"""Libraries for tests, out of plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.media.items import Library, library
from banana_assets.core.media.schema import RecordSchema
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.tables import MEDIA_ITEMS

START = datetime(2026, 3, 2, tzinfo=UTC)


def items(rows: Sequence[Mapping[str, Any]], schema: RecordSchema = MEDIA) -> pl.DataFrame:
    """MEDIA_ITEMS out of rows: fields by name, and ``_uri, _collection, _kind, _sha256, _day, _origin``."""
    made = []
    for k, row in enumerate(rows):
        at = START + timedelta(days=row.get("_day", 0), seconds=k)
        values = [
            {
                "field": name,
                "value": list(text) if isinstance(text, list | tuple) else [text],
                "origin": row.get("_origin", "tag"),
                "source": f"tag {name}",
                "confidence": None,
            }
            for name, text in row.items()
            if not name.startswith("_")
        ]
        made.append(
            {
                "item_id": f"{k:016x}",
                "collection": row.get("_collection", "c"),
                "record_schema": schema.name,
                "kind": row.get("_kind", "other"),
                "uri": row.get("_uri", f"/m/{k}"),
                "title": row.get(schema.title or "title"),
                "content_sha256": row.get("_sha256"),
                "bytes": 1,
                "values": values,
                "present": row.get("_present", True),
                "arrived_at": at,
                "changed_at": at,
                "arrival_day": at.date(),
            }
        )
    return MEDIA_ITEMS.conform(pl.DataFrame(made, schema=MEDIA_ITEMS.dtypes))


def of(rows: Sequence[Mapping[str, Any]], schema: RecordSchema = MEDIA) -> Library:
    """The library of these rows."""
    return library(items(rows, schema), schema)


def albums(count: int, tracks: int = 4, *, genre: str = "Jazz") -> list[dict[str, Any]]:
    """Whole albums in folders of their own, nothing missing."""
    return [
        {
            "_uri": f"/m/Artist {a}/Album {a} ({1990 + a % 30})/{t:02d} - Title {a} {t}.mp3", "_kind": "music",
            "title": f"Title {a} {t}", "artist": f"Artist {a}", "album": f"Album {a}", "album_artist": f"Artist {a}",
            "track": str(t), "genre": genre, "date": str(1990 + a % 30), "duration": str(180 + t),
        }
        for a in range(count)
        for t in range(1, tracks + 1)
    ]  # fmt: skip
