"""``banana manage-plan-templates``, ``banana templates`` for short: reusable plans, and how often they worked."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.text import visible
from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import Format, say, write_object, write_rows, write_text
from banana_assets.interfaces.cli.running import FINDINGS, command_path, given, in_vain
from banana_assets.interfaces.cli.template_view import as_text, elsewhere, success

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.template_records import TemplateRecords
    from banana_assets.core.plans.templates import Template

app = typer.Typer(add_completion=False)

OPERATIONS = ("--list", "--search", "--show", "--export", "--import", "--delete")
TABLE_ROWS = 50
MOST_BYTES = 64 << 20
CSV = {
    "ID": "template_id",
    "Name": "name",
    "Description": "description",
    "Success Rate": "success_rate",
    "Usage Count": "usage_count",
    "Created At": "created_at",
    "Successes": "successes",
    "Trials": "trials",
    "Success Low": "success_low",
    "Success High": "success_high",
    "Category": "category",
    "Tool": "tool",
    "Imported Successes": "imported_successes",
    "Imported Trials": "imported_trials",
}


class Shown(StrEnum):
    """How rows are written."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


class SortBy(StrEnum):
    """What rows are ordered by."""

    name = "name"
    success_rate = "success_rate"
    usage_count = "usage_count"
    created_at = "created_at"


class Order(StrEnum):
    """Which way."""

    asc = "asc"
    desc = "desc"


class Strategy(StrEnum):
    """What an import does where a template is there already."""

    merge = "merge"
    replace_ = "replace"
    skip = "skip"


@app.command()
def templates(
    listing: Annotated[bool, typer.Option("--list", "-l", help="List the templates.")] = False,
    search: Annotated[
        str | None, typer.Option("--search", "-s", metavar="TEXT", help="Find templates by words.")
    ] = None,
    show: Annotated[str | None, typer.Option("--show", metavar="ID", help="Show one template with its steps.")] = None,
    export: Annotated[
        Path | None, typer.Option("--export", "-e", metavar="FILE", help="Write the templates to a file; - is stdout.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--import", "-i", metavar="FILE", help="Take in the templates of a file; - is stdin.")
    ] = None,
    delete: Annotated[str | None, typer.Option(metavar="ID", help="Delete a template; it is not made again.")] = None,
    sort_by: Annotated[SortBy, typer.Option(help="Order of the list.")] = SortBy.created_at,
    order: Annotated[Order | None, typer.Option(help="Ascending, or descending; names ascend unless told.")] = None,
    filter_success_rate: Annotated[
        float | None, typer.Option(min=0, max=1, help="Only those that worked this often at least (0 to 1).")
    ] = None,
    conflict_strategy: Annotated[
        Strategy, typer.Option(help="An imported template that is there already: merge pools what was counted.")
    ] = Strategy.skip,
    form: Annotated[Shown, typer.Option("--format", "-f", help="How the list is written.")] = Shown.table,
    limit: Annotated[int | None, typer.Option(min=1, help=f"Most rows; {TABLE_ROWS} in a table unless told.")] = None,
) -> None:
    """Manage plan templates: list, search, show, export, import or delete them.

    A template is the shape of a plan that worked. `success` is how many later plans of that shape were fixed by what
    builds showed, with its 95 % Wilson interval; what other stores counted is shown apart. Name one operation.
    """
    asked = given("listing", "search", "show", "export", "source", "delete")
    if len(asked) != 1:
        at_once = " at a time" if asked else ""
        raise click.UsageError(f"Name one operation{at_once}: {', '.join(OPERATIONS[:-1])} or {OPERATIONS[-1]}.")
    if source is None:
        in_vain("without --import", "conflict_strategy")
    if source is not None or delete is not None or show is not None:
        in_vain(f"with {asked[0]}", "sort_by", "order", "filter_success_rate", "limit")
    if export is not None:
        in_vain("with --export, which writes JSON", "form")
    if source is not None:
        _import(source, conflict_strategy, form)
    elif delete is not None:
        _delete(delete, form)
    elif show is not None:
        _show(show, form)
    else:
        _several(search, export, sort_by, order, filter_success_rate, form, limit)


def _show(told: str, form: Shown) -> None:
    known, frame, _, _ = _standing()
    matching = [t.template_id for t in known if t.template_id.startswith(told)] if told else []
    if len(matching) != 1:
        what = f"is no template {told!r}" if not matching else f"are {len(matching):,} templates that begin with {told}"
        say(f"{command_path()}: There {what}. `banana templates --list` lists them.")
        raise typer.Exit(FINDINGS)
    row = next(row for row in frame.iter_rows(named=True) if row["template_id"] == matching[0])
    if form is Shown.table:
        sys.stdout.write(as_text(row))
    else:
        _write([row], form, one=True)


def _several(
    search: str | None,
    export: Path | None,
    sort_by: SortBy,
    order: Order | None,
    least: float | None,
    form: Shown,
    limit: int | None,
) -> None:
    import polars as pl

    known, frame, home, computed = _standing()
    found = frame.filter(pl.col("template_id").is_in(_matching(known, search))) if search is not None else frame
    kept = found.filter(pl.col("success_rate") >= least) if least is not None else found
    down = (order or (Order.asc if sort_by is SortBy.name else Order.desc)) is Order.desc
    kept = kept.sort([sort_by.value, "template_id"], descending=[down, False], nulls_last=True)
    if not computed and known:
        say(f"{command_path()}: no outcomes are computed yet, so nothing is counted (`banana materialize`).")
    if export is not None:
        chosen = kept.head(limit) if limit else kept
        by_id = {t.template_id: t for t in known}
        _export([(by_id[row["template_id"]], row) for row in chosen.iter_rows(named=True)], home, export)
        return
    most = limit or (TABLE_ROWS if form is Shown.table else max(kept.height, 1))
    _write(kept.head(most).to_dicts(), form)
    if not known:
        say(f"{command_path()}: there is no template yet; plans that later builds show to have worked become some.")
    elif not found.height:
        say(f"{command_path()}: no template has these words.")
    untried = found.filter(pl.col("success_rate").is_null()).height if least is not None else 0
    if untried:
        say(
            f"{command_path()}: {plural(untried, 'template')} without a decided plan left out by --filter-success-rate."
        )
    if kept.height > most:
        say(f"{command_path()}: {kept.height - most:,} more (--limit).")


def _standing() -> tuple[Sequence[Template], pl.DataFrame, str, bool]:
    """All templates, with what is counted of each; the name of this home; whether outcomes were ever computed."""
    with opened_reading() as (store, tables):
        from banana_assets.backends.template_reading import TemplateReading
        from banana_assets.core.plans.template_counts import standing
        from banana_assets.core.tables.outcomes import PLAN_OUTCOMES

        records = TemplateReading(store.records)
        known = records.templates()
        frame = standing(known, records.uses(), tables.read(PLAN_OUTCOMES))
        return known, frame, records.home, tables.version(PLAN_OUTCOMES) is not None


def _matching(known: Sequence[Template], text: str) -> list[str]:
    """Those that have all the words, in whatever they say."""
    words = text.lower().split()
    said = {t.template_id: "\n".join((*t.texts, t.category, t.tool or "", *t.answers)).lower() for t in known}
    return [name for name, all_of_it in said.items() if all(word in all_of_it for word in words)]


def _write(rows: list[dict[str, Any]], form: Shown, *, one: bool = False) -> None:
    if form in (Shown.json, Shown.jsonl):
        told = [{"id": row["template_id"], **row} for row in rows]
        if one:
            write_object(told[0], Format(form.value))
        else:
            write_rows(told, Format(form.value))
    elif form is Shown.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(CSV)
        writer.writerows([_csv_cell(row[column]) for column in CSV.values()] for row in rows)
    else:
        shown = [_for_people(row) for row in rows]
        columns = ["template_id", "category", "tool", "success", "usage_count", "elsewhere", "created_at", "name"]
        write_rows(shown, Format.table, columns=[c for c in columns if any(row[c] is not None for row in shown)])


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    name = row["name"] + (" (not used: " + row["issues"][0] + ")" if row["issues"] else "")
    return row | {"success": success(row), "elsewhere": elsewhere(row), "name": name}


def _csv_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    # A spreadsheet would take such a text for a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _export(rows: list[tuple[Template, dict[str, Any]]], home: str, file: Path) -> None:
    from banana_assets.core.plans.template_files import exported
    from banana_assets.interfaces.cli.output import to_json

    text = to_json(exported(rows, home, datetime.now(UTC)), indent=True) + "\n"
    to = f" to {file}" if write_text(text, file) else ""
    say(f"{command_path()}: exported {plural(len(rows), 'template')}{to}.")


def _import(file: Path, strategy: Strategy, form: Shown) -> None:
    from banana_assets.core.plans.template_files import read

    value, now = _parsed(file), datetime.now(UTC)
    with _records() as records:
        done = records.take_in(read(value, records.home, now), strategy.value, now)
    told = {"added": done.added, "merged": done.merged, "replaced": done.replaced, "skipped": done.skipped}
    if form is Shown.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([list(told), list(told.values())])
    else:
        write_object(told, Format(form.value))
    if done.rated:
        say(
            f"{command_path()}: {plural(done.rated, 'template')} came with a success rate that was not counted from "
            "outcomes; it is kept as a note, and counts for nothing."
        )
    if done.skipped:
        say(f"{command_path()}: {done.skipped:,} were there already (--conflict-strategy merge or replace).")


def _parsed(file: Path) -> Any:
    import orjson

    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Name a file that an export wrote.") from error
    if len(content) > MOST_BYTES:
        raise InputError(f"{file} is larger than {MOST_BYTES >> 20} MiB.", "Split it.")
    try:
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise InputError(f"{file} is no JSON: {error}.", "Name a file that an export wrote.") from error


def _delete(told: str, form: Shown) -> None:
    with opened() as (store, _):
        from banana_assets.backends.template_records import TemplateRecords

        records = TemplateRecords(store.engine)
        try:
            ident = records.find(told)
        except InputError as error:
            sys.stderr.write(f"{command_path()}: {visible(str(error))}\n")
            raise typer.Exit(FINDINGS) from error
        records.delete(ident, datetime.now(UTC))
    write_object({"template_id": ident, "deleted": True}, Format.table if form is Shown.csv else Format(form.value))


@contextmanager
def _records() -> Iterator[TemplateRecords]:
    """The records, made where there are none: templates may be the first thing that a store holds."""
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store
    from banana_assets.backends.template_records import TemplateRecords

    with open_store(load()) as store:
        yield TemplateRecords(store.engine)
