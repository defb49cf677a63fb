"""Writing accepted values into the tags of files, and taking them out again."""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.media.items import is_placeholder
from banana_assets.core.media.standard import MEDIA


@dataclass(frozen=True)
class Done:
    """What became of one proposal: ``applied``, ``there`` (the file says so already), ``undone``, ``withdrawn``,
    ``skipped`` or ``failed``, and why."""

    proposal_id: int
    path: str
    field: str
    outcome: str
    message: str = ""


def apply_accepted(
    store: Store,
    *,
    by: str,
    ids: Collection[int] = (),
    collection: str | None = None,
    dry_run: bool = False,
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
    for _, rows in found.group_by("item_id", maintain_order=True):
        done += _apply_file(store, rows["uri"][0], rows.to_dicts(), by, dry_run)
    return done


def _mend(store: Store, by: str) -> None:
    """Accept again what is recorded as written and never came into its file: the run was killed in between."""
    w, i, c = t.media_writes.c, t.media_items.c, t.media_proposals.c
    # After a whole write the item is read again, so that few files have to be looked at.
    query = (
        sa.select(w.id, w.path, w.before_sha256)
        .join_from(t.media_writes, t.media_items, w.item_id == i.item_id)
        # What was read again since, somebody has brought back to what it was: their doing stays.
        .where(w.undone_at.is_(None), i.content_sha256 == w.before_sha256, i.changed_at <= w.written_at)
    )
    with reading(store.engine) as connection:
        begun = connection.execute(query).all()
        applied = (
            {row.id for row in connection.execute(sa.select(c.id).where(c.state == "applied"))} if begun else set()
        )
        held = {
            write.id: connection.execute(sa.select(c.id).where(c.write_id == write.id)).scalars().all()
            for write in begun
        }
    for write in begun:
        path = Path(write.path)
        ids = [number for number in held[write.id] if number in applied]
        if ids and path.is_file() and sha256_of(path) == write.before_sha256:
            _settle(store, ids, "accepted", by, None)
            with writing(store.engine) as connection:
                values = {"undone_at": datetime.now(UTC), "undone_by": by}
                connection.execute(sa.update(t.media_writes).where(w.id == write.id).values(values))


def _apply_file(store: Store, uri: str, rows: list[dict[str, Any]], by: str, dry_run: bool) -> list[Done]:
    path = local_path(uri)
    if path is None or not path.is_file():
        why = "it is no file" if path is None else "the file is not there"
        return [Done(r["proposal_id"], uri, r["field"], "skipped", f"{why}; export the values instead") for r in rows]
    # A link stays a link: what it leads to is written.
    path = path.resolve()
    if why := _left_alone(path):
        return [Done(r["proposal_id"], uri, r["field"], "skipped", f"{why}; export the values instead") for r in rows]
    before = seen(path)
    try:
        audio = opened(path)
        wanted, done = _wanted(store, audio, uri, rows, by, dry_run)
        if wanted and not _as_read(store, rows[0]["item_id"], path):
            why = "the file has changed since it was read; ingest it again"
            return done + [Done(r["proposal_id"], uri, r["field"], "skipped", why) for r in wanted]
        if not wanted or dry_run:
            return done + [Done(r["proposal_id"], uri, r["field"], "applied", "not written: dry run") for r in wanted]
        _write(store, path, before, wanted, by)
    except (InputError, OSError) as error:
        return [Done(r["proposal_id"], uri, r["field"], "failed", str(error)) for r in rows]
    return done + [Done(r["proposal_id"], uri, r["field"], "applied") for r in wanted]


def _left_alone(path: Path) -> str:
    """Why a file must not be replaced; empty where it may be."""
    stat = path.stat()
    if stat.st_nlink > 1:
        return "it has other names (hard links), which would keep the old tags"
    may = stat.st_mode & S_IWUSR and os.access(path, os.W_OK)
    return "" if may else "its owner may not write it, or you may not"


def _as_read(store: Store, item_id: str, path: Path) -> bool:
    """Whether the file at the place of an item is still the one that was read: it may be another song by now."""
    i = t.media_items.c
    with reading(store.engine) as connection:
        known = connection.execute(sa.select(i.content_sha256).where(i.item_id == item_id)).scalar()
    return known is None or known == sha256_of(path)


def _wanted(
    store: Store, audio: Any, uri: str, rows: list[dict[str, Any]], by: str, dry_run: bool
) -> tuple[list[dict[str, Any]], list[Done]]:
    """The rows whose field is still empty in the file, and what becomes of the others."""
    wanted, done = [], []
    for row in rows:
        field = row["field"]
        if audio is None or not tags.writable(audio, field):
            done.append(
                Done(row["proposal_id"], uri, field, "skipped", "the file has no tag for it; export it instead")
            )
            continue
        said = tags.raw(audio, field)
        now = "; ".join(said)
        read = {v.field: "; ".join(v.value) for v in tags.read_tags(audio, MEDIA)}.get(field)
        person = row["origin"] == "person"
        if not person and is_placeholder(row["value"], name=field in MEDIA.names):
            why = "it only fills the place of a value"
        elif said and tags.same(said, field, row["value"]):
            why = "the file says so by now"
        elif now and now != row["stands"] and not (person and read == row["stands"]):
            why = "the file says something else by now"
        else:
            wanted.append(row)
            continue
        if person:
            # A person's word is taken back by persons alone.
            if why.endswith("so by now"):
                done.append(Done(row["proposal_id"], uri, field, "there", why))
            else:
                more = "; ingest it and set the value again to replace that"
                done.append(Done(row["proposal_id"], uri, field, "skipped", why + more))
            continue
        if not dry_run:
            _settle(store, [row["proposal_id"]], "withdrawn", by, why)
        done.append(Done(row["proposal_id"], uri, field, "withdrawn", why))
    return wanted, done


def _write(store: Store, path: Path, looked: tuple[int, ...], rows: Sequence[dict[str, Any]], by: str) -> None:
    """``looked`` is how the file was before its tags were looked at."""
    before = sha256_of(path)
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
        connection.execute(sa.update(t.media_proposals).where(c.id.in_(list(ids))).values(values))


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


def undo(store: Store, *, by: str, ids: Collection[int] = (), collection: str | None = None) -> list[Done]:
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
    done = [Done(r["proposal_id"], r["uri"], r["field"], "undone") for r in taken_back.iter_rows(named=True)]
    # The last write of a file is undone first: only then is what was before it there again.
    applied = found.filter(pl.col("state") == "applied").sort("write_id", descending=True)
    for (write_id,), rows in applied.group_by("write_id", maintain_order=True):
        done += _undo_write(store, int(str(write_id)), rows.to_dicts(), by, named=bool(ids))
    return done


def _undo_write(store: Store, write_id: int, rows: list[dict[str, Any]], by: str, *, named: bool) -> list[Done]:
    with reading(store.engine) as connection:
        write = connection.execute(sa.select(t.media_writes).where(t.media_writes.c.id == write_id)).mappings().one()
    every = Proposals(store.engine).rows(states=["applied"]).filter(pl.col("write_id") == write_id).to_dicts()
    path = _where(write["path"], rows[0]["uri"])
    left: list[dict[str, Any]] = []
    try:
        if why := _left_alone(path):
            return [Done(r["proposal_id"], str(path), r["field"], "skipped", why) for r in rows]
        now = sha256_of(path)
        whole = len(every) == len(rows)
        if now == write["after_sha256"] and whole:
            kept = Difference(write["same_head"], write["same_tail"], store.blobs.read(write["replaced_sha256"]))
            restore(path, kept, write["before_sha256"])
            gone = rows
        elif now == write["before_sha256"]:
            gone = rows
        elif not _present(store, write["item_id"]):
            return [Done(r["proposal_id"], str(path), r["field"], "skipped", "another file is there now") for r in rows]
        else:
            gone, left = _take_out(path, rows)
    except (InputError, OSError) as error:
        return [Done(r["proposal_id"], str(path), r["field"], "failed", str(error)) for r in rows]
    kept_on = [r["proposal_id"] for r in gone if r["origin"] == "person" and not named]
    _settle(store, kept_on, "accepted", by, None)
    _settle(store, [r["proposal_id"] for r in gone if r["proposal_id"] not in kept_on], "undone", by, None)
    if len(gone) == len(every):
        with writing(store.engine) as connection:
            connection.execute(
                sa.update(t.media_writes)
                .where(t.media_writes.c.id == write_id)
                .values(undone_at=datetime.now(UTC), undone_by=by)
            )
    reread(store, write["item_id"])
    told = [Done(r["proposal_id"], str(path), r["field"], "undone") for r in gone]
    return told + [
        Done(r["proposal_id"], str(path), r["field"], "skipped", "somebody has changed the file since") for r in left
    ]


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
