"""How long metadata of 100,000 items take to judge, and how often derived values are right on libraries of many sizes.

python benchmarks/media.py [--items 100000] [--libraries 60]

CPU seconds of this process, all threads together; the reference is polars reading the same items from Parquet and
exploding their values, which any analysis has to do. Libraries are generated: albums, compilations, a folder of
singles, podcasts; names and tags as different hands leave them, a share of values wrong, a share left out.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from banana_assets.core.media.items import library
from banana_assets.core.media.precision import replayed
from banana_assets.core.media.quality import quality
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.metrics.rates import wilson
from banana_assets.core.tables import MEDIA_ITEMS

GENRES = ("Rock", "Jazz", "Folk", "Electronic", "Blues", "Ambient", "Pop", "Reggae")
WORDS = ("night", "rain", "iron", "field", "river", "glass", "hill", "door", "signal", "yard", "lane", "coat", "tide")
START = datetime(2026, 1, 1, tzinfo=UTC)


def music(n: int, *, wrong: float, holes: float, seed: int) -> list[dict[str, Any]]:
    """So many tracks: ``uri`` and the values of each; three ways of naming files, a tenth of albums compilations."""
    pick = random.Random(seed)
    rows: list[dict[str, Any]] = []
    names = [f"{pick.choice(WORDS).title()} {pick.choice(WORDS).title()} {k}" for k in range(max(2, n // 25))]
    usual = {name: pick.choice(GENRES) for name in names}
    while len(rows) < n:
        artist, year, naming = pick.choice(names), str(pick.randrange(1960, 2026)), pick.randrange(3)
        mixed = pick.random() < 0.1
        album = f"{pick.choice(WORDS).title()} {pick.choice(WORDS).title()}"
        for track in range(1, pick.randrange(3, 14)):
            by = pick.choice(names) if mixed else artist
            title = f"{pick.choice(WORDS).title()} {pick.choice(WORDS)} {len(rows)}"
            folder = f"/m/{'Various' if mixed else by}/{album} ({year})" if pick.random() > 0.05 else "/m/singles"
            file = (f"{track:02d} - {title}", f"{by} - {title}", f"{track:02d}. {title}")[naming]
            genre = usual[by] if pick.random() > 0.1 else pick.choice(GENRES)
            values = {"title": title, "artist": by, "album": album, "genre": genre, "date": year, "track": str(track)}
            values["album_artist"] = "Various Artists" if mixed else by
            for name in values:
                if pick.random() < wrong:
                    values[name] = pick.choice(WORDS).title() if name != "genre" else pick.choice(GENRES)
            kept = {name: text for name, text in values.items() if pick.random() >= holes}
            rows.append({"uri": f"{folder}/{file}.mp3", "kind": "music", "collection": "music", "values": kept})
    return rows[:n]


def podcasts(n: int, *, holes: float, seed: int) -> list[dict[str, Any]]:
    """So many episodes of shows, with summaries that share a closing line."""
    pick = random.Random(seed)
    rows = []
    for k in range(n):
        show = k % max(1, n // 80)
        about = " ".join(pick.choice(WORDS) for _ in range(30))
        values = {
            "title": f"Episode {k}: {pick.choice(WORDS)}", "show": f"Show {show}", "artist": f"Host {show}",
            "genre": GENRES[show % len(GENRES)], "language": ("en", "de", "fr")[show % 3], "tags": pick.choice(WORDS),
            "summary": f"About {about}.\nSubscribe to us wherever you get your podcasts.",
            "date": f"20{pick.randrange(10, 26)}-0{pick.randrange(1, 10)}-{pick.randrange(10, 28)}",
            "duration": str(pick.randrange(600, 6000)), "guid": f"guid-{k}",
        }  # fmt: skip
        kept = {name: text for name, text in values.items() if pick.random() >= holes}
        rows.append({"uri": f"guid-{k}", "kind": "podcast", "collection": f"show {show % 10}", "values": kept})
    return rows


def items(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows as MEDIA_ITEMS."""
    made = []
    for k, row in enumerate(rows):
        at = START + timedelta(seconds=40 * k)
        values = [
            {"field": name, "value": [text], "origin": "tag", "source": f"tag {name}", "confidence": None}
            for name, text in row["values"].items()
        ]
        made.append(
            {
                "item_id": f"{k:016x}", "collection": row["collection"], "record_schema": "media", "kind": row["kind"],
                "uri": row["uri"], "title": row["values"].get("title"), "content_sha256": f"{k:064x}", "bytes": 1,
                "values": values, "present": True, "arrived_at": at, "changed_at": at, "arrival_day": at.date(),
            }
        )  # fmt: skip
    return MEDIA_ITEMS.conform(pl.DataFrame(made, schema=MEDIA_ITEMS.dtypes))


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gives, its CPU seconds and its wall seconds."""
    begun, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, time.process_time() - cpu, time.perf_counter() - begun


def speed(n: int) -> None:
    """Judge a library of that size."""
    frame = items(music(n // 2, wrong=0.02, holes=0.15, seed=1) + podcasts(n - n // 2, holes=0.15, seed=2))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.parquet"
        frame.write_parquet(path)
        del frame
        exploded = lambda: pl.read_parquet(path).explode("values").unnest("values").height  # noqa: E731
        _, reference, _ = timed(exploded)
        made, cpu, wall = timed(lambda: quality([library(pl.read_parquet(path), MEDIA)]))
    whole = made.filter((pl.col("collection") == "") & (pl.col("field") == "") & (pl.col("measure") == "missing"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{n:,} items, {whole['of'][0]:,} expected values, {whole['affected'][0]:,} missing, "
        f"{whole['derivable'][0]:,} derivable: {cpu:.1f} CPU s, {wall:.1f} s, {cpu / reference:.0f} times reading and "
        f"exploding them ({reference:.2f} CPU s), peak {peak:.0f} MiB"
    )


def precision(libraries: int) -> None:
    """Hide known values of many libraries, derive them, compare; by size of the library."""
    print("tracks  wrong tags  offered  right   precision (95 %)     recovered")
    pick = random.Random(7)
    for size in (20, 30, 100, 300, 1000):
        for wrong in (0.0, 0.03):
            hidden = offered = right = 0
            for _ in range(max(3, libraries // (1 + size // 100))):
                rows = music(size, wrong=wrong, holes=0.15, seed=pick.randrange(1 << 30))
                found = replayed(library(items(rows), MEDIA), folds=3)
                hidden += int(found["hidden"].sum())
                offered += int(found["offered"].sum())
                right += int(found["right"].sum())
            low, high = wilson(right, offered)
            share = f"{right / offered:6.1%}" if offered else "     -"
            print(
                f"{size:6,}  {wrong:9.0%}  {offered:8,}  {right:6,}  {share} ({low:.1%} to {high:.1%})"
                f"  {right / hidden:9.1%}"
            )


def main() -> None:
    """Both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--libraries", type=int, default=60)
    told = parser.parse_args()
    if told.items:
        speed(told.items)
    if told.libraries:
        precision(told.libraries)


if __name__ == "__main__":
    sys.exit(main())
