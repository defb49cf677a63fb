"""Writing accepted values into the tags of files, and taking them out again."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from stat import S_IWUSR
from typing import Any

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.blobs import register
from banana_assets.backends.media import tags
from banana_assets.backends.media.files import opened, read_media, sha256_of
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.records import MediaRecords, Source, local_path
from banana_assets.backends.media.rewriting import Difference, copied, difference, put_in_place, restore, retag, seen
from banana_assets.backends.records import media_tables as t
from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.records.rows import in_parts
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.media.items import is_placeholder
from banana_assets.core.media.standard import MEDIA


@dataclass(frozen=True)
class Done:
    """What became of one proposal: ``applied``, ``there`` (the file says so already), ``undone``, ``withdrawn``,
    ``skipped`` or ``failed``, and why. ``value`` is what was proposed."""

    proposal_id: int
    path: str
    field: str
    outcome: str
    message: str = ""
    value: tuple[str, ...] = ()


Tell = Callable[[str, int], None]
"""Is told of each file that is done with, and how many there are in all."""


def apply_accepted(
    store: Store,
    *,
    by: str,
    ids: Collection[int] = (),
    collection: str | None = None,
    dry_run: bool = False,
    tell: Tell = lambda path, total: None,
) -> list[Done]:
    """Write accepted values into the tags of their files; all of these, or those with a number or of a collection.

    Each file is looked at again first: where a tag says something by now, the proposal is withdrawn and the tag stays;
    a value that a person set is skipped there. What a run that was killed had not written yet is written.
    A file is written as a copy, its sound compared, and put in place in one step; its former bytes are kept.
    """
    if not dry_run:
        _mend(store, by)
    found = Proposals(store.engine).rows(states=["accepted"], collection=collection, ids=ids)
    done: list[Done] = []
    files = found["item_id"].n_unique()
    for _, rows in found.group_by("item_id", maintain_order=True):
        done += _apply_file(store, rows["uri"][0], rows.to_dicts(), by, dry_run)
        tell(rows["uri"][0], files)
    return done


def _mend(store: Store, by: str) -> None:
    """Accept again what is recorded as written and never came into its file: the run was killed in between."""
    w, i, c = t.media_writes.c, t.media_items.c, t.media_proposals.c
    # After a whole write the item is read again, so that few files have to be looked at.
    query = (
        sa.select(w.id, w.path, w.before_sha256, c.id.label("proposal_id"))
        .join_from(t.media_writes, t.media_items, w.item_id == i.item_id)
        .join(t.media_proposals, c.write_id == w.id)
        .where(c.state == "applied", w.undone_at.is_(None))
        # What was read again since, somebody has brought back to what it was: their doing stays.
        .where(i.content_sha256 == w.before_sha256, i.changed_at <= w.written_at)
        .order_by(w.id)
    )
    with reading(store.engine) as connection:
        begun = connection.execute(query).all()
    for (write_id, path, before), rows in groupby(begun, key=lambda row: row[:3]):
        if Path(path).is_file() and sha256_of(Path(path)) == before:
            _settle(store, [row.proposal_id for row in rows], "accepted", by, None)
            _note_undone(store, write_id, by)


def _apply_file(store: Store, uri: str, rows: list[dict[str, Any]], by: str, dry_run: bool) -> list[Done]:
    path = local_path(uri)
    if path is None or not path.is_file():
        why = "it is no file" if path is None else "the file is not there"
        return _each(rows, uri, "skipped", f"{why}; export the values instead")
    # A link stays a link: what it leads to is written.
    path = path.resolve()
    if why := _left_alone(path):
        return _each(rows, uri, "skipped", f"{why}; export the values instead")
    before = seen(path)
    try:
        audio = opened(path)
        wanted, done = _wanted(store, audio, uri, rows, by, dry_run)
        if not wanted:
            return done
        sha256 = sha256_of(path)
        # It may be another song by now.
        if _read_as(store, rows[0]["item_id"]) not in (None, sha256):
            return done + _each(wanted, uri, "skipped", "the file has changed since it was read; ingest it again")
        if dry_run:
            return done + _each(wanted, uri, "applied", "not written: dry run")
        _write(store, path, before, sha256, wanted, by)
    except (InputError, OSError) as error:
        return _each(rows, uri, "failed", str(error))
    return done + _each(wanted, uri, "applied")


def _each(rows: Sequence[Mapping[str, Any]], path: str, outcome: str, why: str = "") -> list[Done]:
    """The same of all these proposals of a file."""
    return [_done(row, path, outcome, why) for row in rows]


def _done(row: Mapping[str, Any], path: str, outcome: str, why: str = "") -> Done:
    return Done(row["proposal_id"], path, row["field"], outcome, why, tuple(row["value"]))


def _left_alone(path: Path) -> str:
    """Why a file must not be replaced; empty where it may be."""
    stat = path.stat()
    if stat.st_nlink > 1:
        return "it has other names (hard links), which would keep the old tags"
    may = stat.st_mode & S_IWUSR and os.access(path, os.W_OK)
    return "" if may else "its owner may not write it, or you may not"


def _read_as(store: Store, item_id: str) -> str | None:
    """The hash of the file of an item when it was read."""
    i = t.media_items.c
    with reading(store.engine) as connection:
        return connection.execute(sa.select(i.content_sha256).where(i.item_id == item_id)).scalar()


def _wanted(
    store: Store, audio: Any, uri: str, rows: list[dict[str, Any]], by: str, dry_run: bool
) -> tuple[list[dict[str, Any]], list[Done]]:
    """The rows whose field is still empty in the file, and what becomes of the others."""
    wanted, done = [], []
    values = {v.field: "; ".join(v.value) for v in tags.read_tags(audio, MEDIA)} if audio is not None else {}
    for row in rows:
        field = row["field"]
        if audio is None or not tags.writable(audio, field):
            done.append(_done(row, uri, "skipped", "the file has no tag for it; export it instead"))
            continue
        said = tags.raw(audio, field)
        now = "; ".join(said)
        there = bool(said) and tags.same(said, field, row["value"])
        person = row["origin"] == "person"
        if not person and is_placeholder(row["value"], name=field in MEDIA.names):
            why = "it only fills the place of a value"
        elif there:
            why = "the file says so by now"
        elif now and now != row["stands"] and not (person and values.get(field) == row["stands"]):
            why = "the file says something else by now"
        else:
            wanted.append(row)
            continue
        if person:
            # A person's word is taken back by persons alone.
            if there:
                done.append(_done(row, uri, "there", why))
            else:
                more = "; ingest it and set the value again to replace that"
                done.append(_done(row, uri, "skipped", why + more))
            continue
        if not dry_run:
            _settle(store, [row["proposal_id"]], "withdrawn", by, why)
        done.append(_done(row, uri, "withdrawn", why))
    return wanted, done


def _write(
    store: Store, path: Path, looked: tuple[int, ...], before: str, rows: Sequence[dict[str, Any]], by: str
) -> None:
    """``looked`` is how the file was before its tags were looked at, ``before`` its hash since."""
    with copied(path) as copy:
        retag(copy, {row["field"]: list(row["value"]) for row in rows})
        kept, after = difference(path, copy), sha256_of(copy)
        blob = store.blobs.write(io.BytesIO(kept.replaced))
        values = {
            "item_id": rows[0]["item_id"],
            "path": str(path),
            "written_at": datetime.now(UTC),
            "written_by": by,
            "before_sha256": before,
            "after_sha256": after,
            "same_head": kept.same_head,
            "same_tail": kept.same_tail,
            "replaced_sha256": blob.sha256,
        }
        c = t.media_proposals.c
        ids = [row["proposal_id"] for row in rows]
        # The records know of the write before the file has it: what is in a file can always be taken out again.
        with writing(store.engine) as connection:
            register(connection, [blob])
            key = connection.execute(sa.insert(t.media_writes).values(values)).inserted_primary_key
            assert key is not None
            connection.execute(
                sa.update(t.media_proposals).where(c.id.in_(ids)).values(state="applied", write_id=key[0])
            )
        if seen(path) != looked:
            _settle(store, ids, "accepted", by, None)
            raise InputError(f"{path} was changed meanwhile.", "Run the same command again.")
        try:
            put_in_place(copy, path)
        except OSError:
            _settle(store, ids, "accepted", by, None)
            raise
    reread(store, rows[0]["item_id"])


def _settle(store: Store, ids: Sequence[int], state: str, by: str, note: str | None) -> None:
    c = t.media_proposals.c
    values: dict[str, Any] = {"state": state, "note": note}
    if state != "accepted":
        values |= {"decided_at": datetime.now(UTC), "decided_by": by}
    with writing(store.engine) as connection:
        for part in in_parts(ids):
            connection.execute(sa.update(t.media_proposals).where(c.id.in_(part)).values(values))


def _note_undone(store: Store, write_id: int, by: str) -> None:
    w = t.media_writes
    with writing(store.engine) as connection:
        values = {"undone_at": datetime.now(UTC), "undone_by": by}
        connection.execute(sa.update(w).where(w.c.id == write_id).values(values))


def reread(store: Store, item_id: str) -> None:
    """Bring what the records hold of an item up to what its file says now."""
    i, s = t.media_items.c, t.media_sources.c
    with reading(store.engine) as connection:
        query = sa.select(s.collection, s.uri, s.schema).join_from(t.media_items, t.media_sources)
        row = connection.execute(query.where(i.item_id == item_id, s.form == "file")).one_or_none()
    if row is None:
        return
    records = MediaRecords(store.engine)
    schema = records.schemas().get(row.schema, MEDIA)
    path = Path(row.uri)
    sha256, stat = sha256_of(path), path.stat()
    source = Source(row.collection, row.uri, "file", schema.name, sha256, stat.st_size, stat.st_mtime_ns)
    records.save([(source, [read_media(path, schema, sha256)])])


def undo(
    store: Store,
    *,
    by: str,
    ids: Collection[int] = (),
    collection: str | None = None,
    tell: Tell = lambda path, total: None,
) -> list[Done]:
    """Take applied values out of their files again, and accepted ones back; those with a number, or of a collection.

    What a person set goes on to count where it is not named by its number: only the file is as it was again. A file
    that nobody has changed since is given back byte by byte, with all that the same write had put in. In one that was
    changed, a tag is taken away where it still says what was written, and stays where it does not.
    """
    found = Proposals(store.engine).rows(states=["accepted", "applied"], collection=collection, ids=ids)
    person = pl.col("origin") == "person"
    taken_back = found.filter((pl.col("state") == "accepted") & (~person | pl.lit(value=bool(ids))))
    if taken_back.height:
        _settle(store, taken_back["proposal_id"].to_list(), "undone", by, "taken back before it was written")
    done = [_done(row, row["uri"], "undone") for row in taken_back.iter_rows(named=True)]
    # The last write of a file is undone first: only then is what was before it there again.
    applied = found.filter(pl.col("state") == "applied").sort("write_id", descending=True)
    writes = applied["write_id"].n_unique()
    for (write_id,), rows in applied.group_by("write_id", maintain_order=True):
        done += _undo_write(store, int(str(write_id)), rows.to_dicts(), by, named=bool(ids))
        tell(rows["uri"][0], writes)
    return done


def _undo_write(store: Store, write_id: int, rows: list[dict[str, Any]], by: str, *, named: bool) -> list[Done]:
    c = t.media_proposals.c
    held = sa.select(sa.func.count()).where(c.write_id == write_id, c.state == "applied")
    with reading(store.engine) as connection:
        write = connection.execute(sa.select(t.media_writes).where(t.media_writes.c.id == write_id)).mappings().one()
        every = connection.execute(held).scalar_one()
    path = _where(write["path"], rows[0]["uri"])
    left: list[dict[str, Any]] = []
    try:
        if why := _left_alone(path):
            return _each(rows, str(path), "skipped", why)
        now = sha256_of(path)
        if now == write["after_sha256"] and len(rows) == every:
            kept = Difference(write["same_head"], write["same_tail"], store.blobs.read(write["replaced_sha256"]))
            restore(path, kept, write["before_sha256"])
            gone = rows
        elif now == write["before_sha256"]:
            gone = rows
        elif not _present(store, write["item_id"]):
            return _each(rows, str(path), "skipped", "another file is there now")
        else:
            gone, left = _take_out(path, rows)
    except (InputError, OSError) as error:
        return _each(rows, str(path), "failed", str(error))
    kept_on = [r["proposal_id"] for r in gone if r["origin"] == "person" and not named]
    _settle(store, kept_on, "accepted", by, None)
    _settle(store, [r["proposal_id"] for r in gone if r["proposal_id"] not in kept_on], "undone", by, None)
    if len(gone) == every:
        _note_undone(store, write_id, by)
    reread(store, write["item_id"])
    undone = _each(gone, str(path), "undone")
    return undone + _each(left, str(path), "skipped", "somebody has changed the file since")


def _present(store: Store, item_id: str) -> bool:
    i = t.media_items.c
    with reading(store.engine) as connection:
        return bool(connection.execute(sa.select(i.present).where(i.item_id == item_id)).scalar())


def _where(written: str, uri: str) -> Path:
    """The file that was written, or where it was moved to since."""
    path, now = Path(written), local_path(uri)
    return path if path.exists() or now is None else now.resolve()


def _take_out(path: Path, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Take those tags away that say what was written; which, and which say something else."""
    audio = opened(path)
    ours = [r for r in rows if audio is not None and tags.same(tags.raw(audio, r["field"]), r["field"], r["value"])]
    # Of several texts in one tag only the sum is known: it must not become one text.
    ours = [r for r in ours if "; " not in (r["stands"] or "")]
    if ours:
        with copied(path) as copy:
            retag(copy, {r["field"]: [r["stands"]] if r["stands"] else None for r in ours}, back=True)
            put_in_place(copy, path)
    return ours, [row for row in rows if row not in ours]
