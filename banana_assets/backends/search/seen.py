"""What to ask for when somebody shows a whole log: the cause of its failure, or else its worst messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from banana_assets.backends.settings import Settings
from banana_assets.core.errors import InputError
from banana_assets.core.search.types import Filters, Hit
from banana_assets.core.vocabulary import SEVERITY_RANK

if TYPE_CHECKING:
    from banana_assets.backends.search.index import Search

WORST = 5
"""Messages of a log that are asked for, where it tells of no failed build."""
SEVERE = ("high", "critical")


@dataclass(frozen=True)
class Asked:
    """What a log makes one ask: texts, the fingerprint of its failure where it has one, and what was read in it."""

    texts: tuple[str, ...]
    fingerprint: str | None
    said: str


def questions(file: str, settings: Settings) -> Asked:
    """What to ask for the log in that file (``-`` is standard input).

    Raises InputError when it cannot be read, is empty, or holds nothing that asks for attention.
    """
    from banana_assets.core.builds.diagnosis import diagnose
    from banana_assets.core.search.documents import meaning_of

    lines = read(file, settings)
    found = diagnose(lines)
    if found.status != "success" and found.category != "unknown" and found.cause_text:
        said = f"{file} says {found.category.replace('_', ' ')} ({found.confidence:.0%} sure): {found.reason}"
        return Asked((meaning_of(found.category, found.cause_text),), found.fingerprint, said)
    worst = _worst(lines)
    if not worst:
        raise InputError(f"Nothing in {file} asks for attention.", "Give the words to search for instead.")
    return Asked(tuple(worst), None, f"{file} tells of no failed build; asked for its {len(worst)} worst messages.")


def with_same(
    search: Search, hits: Sequence[Hit], fingerprint: str | None, filters: Filters, settings: Settings
) -> list[Hit]:
    """The hits with the very failure of that fingerprint first, where it is known and may be found."""
    import polars as pl

    from banana_assets.backends.tables import Tables
    from banana_assets.core.tables import FAILURE_CLUSTERS

    if fingerprint is None:
        return list(hits)
    members = pl.col("fingerprints").list.eval(pl.element().struct.field("fingerprint"))
    clusters = Tables(settings.tables_root).scan(FAILURE_CLUSTERS)
    ids = clusters.filter(members.list.contains(fingerprint)).select("cluster_id").collect().to_series().to_list()
    known = search.documents([f"failure-{name}" for name in ids])
    same = [document for document in known.values() if filters.passes(document)]
    by_id = {hit.document.document_id: hit for hit in hits}
    first = [replace(by_id.get(d.document_id, Hit(d, 1.0)), same=True) for d in same]
    return first + [hit for hit in hits if hit.document.document_id not in known]


def read(file: str, settings: Settings) -> list[str]:
    """The lines of a log: plain, gzip or zstd. Raises InputError when there are none."""
    from banana_assets.backends.ingest.content import file_lines

    lines = file_lines(Path(file), settings)
    if not any(line.strip() for line in lines):
        raise InputError(f"{file} is empty.", "Give a log.")
    return lines


def _worst(lines: Sequence[str]) -> list[str]:
    """The most severe messages of a log, the most frequent first, without what varies."""
    import polars as pl

    from banana_assets.core.logs.assignment import Assigner
    from banana_assets.core.logs.header import learn_header

    assigner = Assigner(header=learn_header(pl.Series(lines, dtype=pl.String)))
    assigner.add(assigner.prepare("".join(f"{line}\n" for line in lines).encode()))
    assigner.finish()
    severe = assigner.templates().filter(pl.col("severity").is_in(SEVERE))
    rank = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    order = severe.sort(rank, "count", "template", descending=[True, True, False])
    return [template.replace("<*>", " ") for template in order["template"].head(WORST)]
