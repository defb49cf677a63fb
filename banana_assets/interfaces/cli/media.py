"""``banana media``: items and what is known of them, proposals for what is missing, and what is written into files."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.ids import begun
from banana_assets.core.text import shortlist
from banana_assets.interfaces.cli.asked import nearest, user
from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import Format, progress, say, to_json, write_object, write_rows, write_text
from banana_assets.interfaces.cli.running import FINDINGS

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.media.applying import Done
    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.interfaces.cli.progressing import Progress

BRING = "banana ingest media PATH --collection NAME"
app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Look at media; decide about values proposed for what is missing."
)

ROWS = 50
OF_FIELDS = ("missing", "invalid", "short", "boilerplate")
OF_ITEMS = ("duplicate_content", "duplicate_title", "duplicate_id")
"""What may be wrong with a field, and with a whole item, also where no item has it."""

Collection = Annotated[str | None, typer.Option("--collection", "-c", help="Only this collection.")]
Shown = Annotated[Format, typer.Option("--format", "-f", help="How it is written.")]
Limit = Annotated[int | None, typer.Option(min=1, help=f"Most rows; {ROWS} in a table unless told.")]
Numbers = Annotated[
    list[int] | None, typer.Argument(metavar="NUMBER...", help="Numbers of proposals.", show_default=False)
]
Note = Annotated[str | None, typer.Option(help="Why, for whoever looks later.")]
Everything = Annotated[bool, typer.Option("--all", help="All of them, of the collection or the field if one is told.")]
OneField = Annotated[str | None, typer.Option("--field", help="Only this field.")]


class State(StrEnum):
    """The state of proposals shown."""

    proposed = "proposed"
    accepted = "accepted"
    rejected = "rejected"
    applied = "applied"
    undone = "undone"
    withdrawn = "withdrawn"
    all = "all"


class Sidecar(StrEnum):
    """How values are exported."""

    json = "json"
    csv = "csv"


@app.command(name="list")
def list_items(
    collection: Collection = None,
    issue: Annotated[
        str | None, typer.Option(help="Only items with this issue, as `banana optimize-metadata` calls it.")
    ] = None,
    missing: Annotated[str | None, typer.Option(metavar="FIELD", help="Only items without this field.")] = None,
    limit: Limit = None,
    form: Shown = Format.table,
) -> None:
    """List items, with what each lacks."""
    import polars as pl

    from banana_assets.backends.media.analysis import chosen
    from banana_assets.backends.media.reading import MediaReading
    from banana_assets.core.media.quality import faults
    from banana_assets.core.media.report import issue_type

    with opened_reading(BRING) as (store, _):
        libraries = chosen(MediaReading(store.records).libraries(), collection)
    wrongs = [faults(one) if issue is not None else None for one in libraries]
    fields = {name for one in libraries for name in one.schema.by_name}
    if libraries and missing is not None and missing not in fields:
        raise InputError(f"No item has a field {missing!r}.", f"There are {nearest(missing, sorted(fields))}.")
    kinds = [row for wrong in wrongs if wrong is not None for row in wrong.select("measure", "field").iter_rows()]
    if libraries and issue is not None:
        there = {issue_type(*row) for row in kinds}
        possible = {issue_type(m, field) for m in OF_FIELDS for field in fields} | {issue_type(m, "") for m in OF_ITEMS}
        if issue not in there | possible:
            raise InputError(
                f"There is no issue {issue!r}.", f"Items have {nearest(issue, sorted(there or possible))}."
            )
    rows: list[dict[str, Any]] = []
    for one, wrong in zip(libraries, wrongs, strict=True):
        items = one.items
        if wrong is not None:
            meant = [{"measure": m, "field": f} for m, f in set(kinds) if issue_type(m, f) == issue]
            found = wrong.filter(pl.struct("measure", "field").is_in(meant))
            items = items.join(found.select("item_id").unique(), on="item_id", how="semi")
        if missing is not None:
            items = items.join(one.gaps.filter(pl.col("field") == missing), on="item_id", how="semi")
        lacking = one.gaps.group_by("item_id").agg(missing=pl.col("field").sort())
        shown = items.join(lacking, on="item_id", how="left").with_columns(schema=pl.lit(one.schema.name))
        columns = ["item_id", "collection", "kind", "title", "uri", "missing", "schema"]
        rows += shown.select(columns).sort("collection", "uri").to_dicts()
    if not rows and libraries:
        say("banana media: no item is like that.")
    for row in rows:
        row["missing"] = row["missing"] or []
    where = ["uri"] if issue is not None else []
    _rows(rows, form, limit, ["item_id", "collection", "kind", "title", "missing", *where])


@app.command()
def show(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Id of an item, or how it begins.", show_default=False)],
    form: Shown = Format.table,
) -> None:
    """Show an item with every value and where it comes from."""
    with opened_reading(BRING) as (store, _):
        row = _item(store, item)
    if form is not Format.table:
        write_object(row, form)
        return
    names = ("item_id", "collection", "record_schema", "kind", "uri", "arrived_at", "changed_at")
    facts = {name: row[name] for name in names}
    write_object(facts, form)
    typer.echo()
    values = [v | {"value": "; ".join(v["value"])} for v in row["values"]]
    write_rows(values, form, columns=["field", "value", "origin", "source"])


@app.command(name="set")
def set_value(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Id of an item, or how it begins.", show_default=False)],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The field.", show_default=False)],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="What it holds.", show_default=False)],
) -> None:
    """Say what a field of an item holds; it goes before anything else that says so. `apply` writes it into the file,
    in place of the tag that stands there now."""
    from banana_assets.backends.media.proposals import Proposals
    from banana_assets.backends.media.records import MediaRecords
    from banana_assets.core.media.validity import objection

    with opened(BRING) as (store, _):
        row = _item(store, item)
        schema = MediaRecords(store.engine).schemas()[row["record_schema"]]
        kept = Proposals(store.engine).set_value(row["item_id"], field, value, schema, by=user())
    write_object({"item_id": row["item_id"], "field": field, "value": "; ".join(kept)}, Format.table)
    if wrong := objection(row, field, kept, schema):
        say(f"banana media: kept as you said, but it counts as an invalid {field}: {wrong}.")


@app.command()
def proposals(
    state: Annotated[State, typer.Option(help="What became of them.")] = State.proposed,
    collection: Collection = None,
    field: OneField = None,
    limit: Limit = None,
    form: Shown = Format.table,
) -> None:
    """List values that are proposed for what is missing, and what became of them."""
    from banana_assets.backends.media.proposal_reading import ProposalReading

    with opened_reading(BRING) as (store, _):
        kept = ProposalReading(store.records)
        states = [] if state is State.all else [state.value]
        rows = kept.rows(states=states, collection=collection, field=field).to_dicts()
        counts = kept.counts()
    if form is Format.table:
        rows = [
            row | {"number": row["proposal_id"], "value": "; ".join(row["value"]), "item": row["uri"]} for row in rows
        ]
    _rows(rows, form, limit, ["number", "state", "field", "value", "rule", "source", "item"])
    others = {name: n for name, n in counts.items() if state is not State.all and name != state.value}
    if not rows and others:
        say(f"banana media: none is {state.value}; {', '.join(f'{n:,} {name}' for name, n in others.items())}.")
    elif not counts:
        say("banana media: nothing was proposed yet; run `banana optimize-metadata --fill-gaps`.")


@app.command()
def accept(
    numbers: Numbers = None,
    everything: Everything = False,
    collection: Collection = None,
    field: OneField = None,
    note: Note = None,
) -> None:
    """Accept proposals: their values count as known from now on. `banana media apply` writes them into files.

    --all takes those for fields in which nothing stands: what takes the place of a placeholder is accepted by number.
    """
    _decide("accepted", ("proposed",), numbers, everything, collection, field, note)


@app.command()
def reject(
    numbers: Numbers = None,
    everything: Everything = False,
    collection: Collection = None,
    field: OneField = None,
    note: Note = None,
) -> None:
    """Reject proposals; the same values are not proposed again."""
    _decide("rejected", ("proposed",), numbers, everything, collection, field, note)


def _decide(
    state: str,
    among: Sequence[str],
    numbers: list[int] | None,
    everything: bool,
    collection: str | None,
    field: str | None,
    note: str | None,
) -> None:
    from banana_assets.backends.media.proposals import Proposals

    with opened(BRING) as (store, _):
        kept = Proposals(store.engine)
        ids = _meant(numbers, everything)
        if not ids:
            found = kept.rows(states=among, collection=collection, field=field)
            if state == "accepted":
                standing = found.filter(found["stands"].is_not_null())["proposal_id"].to_list()
                found = found.filter(found["stands"].is_null())
                if standing:
                    said = shortlist([str(number) for number in standing])
                    say(f"banana media: left {said}, in whose place something stands; accept them by their numbers.")
            ids = found["proposal_id"].to_list()
        done, refused = kept.decide(ids, state, by=user(), note=note)
    for why in refused:
        say(f"banana media: {why}.")
    write_object({state: done, "not": len(refused)}, Format.table)
    if refused:
        raise typer.Exit(FINDINGS)


def _meant(numbers: list[int] | None, everything: bool) -> list[int]:
    if bool(numbers) == everything:
        raise InputError("Say which proposals are meant.", "Give their numbers, or --all.")
    return list(numbers or [])


@app.command()
def apply(
    numbers: Numbers = None,
    everything: Everything = False,
    collection: Collection = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written; no file is changed.")] = False,
    form: Shown = Format.table,
) -> None:
    """Write accepted values into the tags of their files, the sound unchanged: where the tag is still empty, or where a
    person set what takes its place."""
    from banana_assets.backends.media.applying import apply_accepted

    ids = _meant(numbers, everything)
    with (
        opened(BRING) as (store, _),
        progress("Looking at files" if dry_run else "Writing tags", unit="files") as shown,
    ):
        tell = partial(_tell, shown)
        done = apply_accepted(store, by=user(), ids=ids, collection=collection, dry_run=dry_run, tell=tell)
    _done(done, form, "nothing is accepted that waits to be written", dry_run=dry_run)


@app.command()
def undo(
    numbers: Numbers = None,
    everything: Everything = False,
    collection: Collection = None,
    form: Shown = Format.table,
) -> None:
    """Take applied values out of their files again, byte by byte where nobody has changed them since."""
    from banana_assets.backends.media.applying import undo as undone

    ids = _meant(numbers, everything)
    with opened(BRING) as (store, _), progress("Taking tags out", unit="files") as shown:
        done = undone(store, by=user(), ids=ids, collection=collection, tell=partial(_tell, shown))
    _done(done, form, "nothing of that is accepted or applied")


def _tell(shown: Progress, path: str, total: int) -> None:
    shown.of(total)
    shown(Path(path).name)


def _done(done: Sequence[Done], form: Format, nothing: str, *, dry_run: bool = False) -> None:
    rows = [vars(row) for row in done]
    if form is Format.table:
        rows = [row | {"value": "; ".join(row["value"])} for row in rows]
    write_rows(rows, form, columns=["proposal_id", "outcome", "field", "value", "path", "message"])
    counts = Counter(row.outcome for row in done)
    said = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    say(f"banana media: {said or nothing}{', if it were no dry run' if said and dry_run else ''}.")
    if counts["failed"] or counts["skipped"]:
        raise typer.Exit(FINDINGS)


@app.command()
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout unless told.", dir_okay=False)
    ] = None,
    collection: Collection = None,
    accepted_only: Annotated[
        bool, typer.Option("--accepted", help="Only values that were accepted or set, not what sources say.")
    ] = False,
    form: Annotated[Sidecar, typer.Option("--format", "-f", help="How it is written.")] = Sidecar.json,
) -> None:
    """Export values with their provenance, for programs that keep metadata beside the files."""
    from banana_assets.backends.media.exporting import exported

    with opened_reading(BRING) as (store, _):
        rows = exported(store, collection=collection, accepted_only=accepted_only)
    text = _csv(rows) if form is Sidecar.csv else to_json(rows, indent=True) + "\n"
    if write_text(text, output):
        say(f"banana media: wrote {plural(len(rows), 'value')} to {output}.")


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    names = ["item_id", "collection", "uri", "field", "value", "origin", "source", "confidence"]
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"value": "; ".join(row["value"])})
    return out.getvalue()


@app.command()
def precision(collection: Collection = None, form: Shown = Format.table) -> None:
    """Hide known values, derive them, and compare: how right derived values are on this library, field by field."""
    from banana_assets.backends.media.analysis import chosen
    from banana_assets.backends.media.reading import MediaReading
    from banana_assets.core.media import precision as measured

    with opened_reading(BRING) as (store, _):
        libraries = chosen(MediaReading(store.records).libraries(), collection)
    fields = [row | {"schema": one.schema.name} for one in libraries for row in measured.replayed(one).to_dicts()]
    if form is not Format.table:
        rules = [row | {"schema": one.schema.name} for one in libraries for row in measured.precision(one).to_dicts()]
        write_object({"fields": fields, "rules": rules}, form)
        return
    shown = [
        row
        | {
            "95 % interval": _interval(row),
            "precision": _percent(row["precision"]),
            "recovered": _percent(row["recovered"]),
        }
        for row in fields
    ]
    write_rows(shown, form, columns=["field", "hidden", "offered", "right", "precision", "95 % interval", "recovered"])
    if not fields:
        say("banana media: there are no known values to hide.")


def _interval(row: dict[str, Any]) -> str | None:
    return f"{row['low']:.1%} to {row['high']:.1%}" if row["offered"] else None


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _item(store: ReadingStore, told: str) -> dict[str, Any]:
    """The one item of that id, or of an id that begins so."""
    import polars as pl

    from banana_assets.backends.media.reading import MediaReading

    items: pl.DataFrame = MediaReading(store.records).items()
    there = items.filter(uri=told)
    if there.height > 1:
        raise InputError(f"{told} may be {shortlist(there['item_id'].to_list())}.", "Say which, by its id.")
    if there.height:
        return there.row(0, named=True)
    chosen = begun(told, items["item_id"].to_list(), "item", "`banana media list` lists them.")
    return items.row(by_predicate=pl.col("item_id") == chosen, named=True)


def _rows(rows: list[dict[str, Any]], form: Format, limit: int | None, columns: Sequence[str]) -> None:
    most = limit or (ROWS if form is Format.table else len(rows) or 1)
    shown = rows[:most]
    if form is Format.table:
        shown = [
            {
                k: ", ".join(v) if isinstance(v, list) and all(isinstance(x, str) for x in v) else v
                for k, v in row.items()
            }
            for row in shown
        ]
    write_rows(shown, form, columns=columns)
    if len(rows) > most:
        say(f"banana media: {len(rows) - most:,} more (--limit).")


def _cell(value: Any) -> Any:
    texts = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return ", ".join(value) if texts else value
