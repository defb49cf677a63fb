"""``banana recommend``: what is worth doing, what people decided about it, and what came of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.ids import begun
from banana_assets.core.text import cut, visible
from banana_assets.interfaces.cli.asked import moment, user
from banana_assets.interfaces.cli.opened import opened, opened_reading, require
from banana_assets.interfaces.cli.output import Format, say, write_object, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.backends.store import Store
    from banana_assets.backends.tables import Tables

app = typer.Typer(
    add_completion=False,
    help="List recommendations, the weightiest first; say which are implemented or dismissed, or reopen one.",
)

TABLE_ROWS = 20
TEXT_WIDTH = 110
NAME_WIDTH = 19


class Status(StrEnum):
    """The status shown."""

    open = "open"
    implemented = "implemented"
    dismissed = "dismissed"
    closed = "closed"
    all = "all"


class Kind(StrEnum):
    """What it improves."""

    performance = "performance"
    resource = "resource"
    metadata = "metadata"
    reliability = "reliability"
    schedule_optimization = "schedule_optimization"
    all = "all"


Shown = Annotated[Format, typer.Option("--format", "-f", help="How it is written.")]
Id = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the recommendation, or how it begins.", show_default=False)
]
Note = Annotated[str | None, typer.Option(help="Why, for whoever looks later.")]


@app.callback(invoke_without_command=True)
def recommend(
    context: typer.Context,
    status: Annotated[
        Status, typer.Option(help="What people decided; closed: what it rested on is no longer found.")
    ] = Status.open,
    kind: Annotated[Kind, typer.Option("--type", help="What it improves.")] = Kind.all,
    min_impact: Annotated[float, typer.Option(min=0, max=10, help="Least impact, 0 to 10.")] = 0,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Most rows; {TABLE_ROWS} in a table unless told, else all.")
    ] = None,
    form: Shown = Format.table,
) -> None:
    """List recommendations, the weightiest first, with what they rest on and, once implemented, what came of them."""
    if context.invoked_subcommand is not None:
        return
    import polars as pl

    known = _looked_up()
    found = known.filter(pl.col("impact_score") >= min_impact)
    if kind is not Kind.all:
        found = found.filter(pl.col("recommendation_type") == kind.value)
    kept = found if status is Status.all else found.filter(pl.col("status") == status.value)
    most = limit or (TABLE_ROWS if form is Format.table else max(kept.height, 1))
    rows = kept.head(most).to_dicts()
    if form is Format.table:
        columns = ["recommendation_id", "impact", "difficulty", "type"]
        columns += ["status"] if status is Status.all else []
        columns += ["effect"] if any(row["effect"] for row in rows) else []
        columns += ["note"] if any(row["note"] for row in rows) else []
        write_rows([_for_people(row) for row in rows], form, columns=[*columns, "description"])
    else:
        write_rows(rows, form)
    if not known.height:
        say("banana recommend: nothing in the data asks for anything.")
    elif not found.height:
        say("banana recommend: no recommendation is like that.")
    elif found.height > kept.height:
        say(f"banana recommend: {found.height - kept.height:,} of another status left out (--status all).")
    if kept.height > most:
        say(f"banana recommend: {kept.height - most:,} more (--limit).")


@app.command()
def show(recommendation: Id, form: Shown = Format.table) -> None:
    """Show one recommendation with its evidence, how its impact was estimated, and what came of it."""
    row = _named(recommendation, _looked_up())
    if form is not Format.table:
        write_object(row, form)
        return
    for name, text in _in_full(row).items():
        lines = textwrap.wrap(visible(str(text)), TEXT_WIDTH - NAME_WIDTH) or [""]
        typer.echo("\n".join(f"{name if n == 0 else '':{NAME_WIDTH}}{line}" for n, line in enumerate(lines)))


@app.command()
def implemented(
    recommendation: Id,
    at: Annotated[
        str | None,
        typer.Option(metavar="DAY|TIME|DURATION", help="When it was done: a day, a time (UTC), or so long ago; now."),
    ] = None,
    note: Note = None,
    form: Shown = Format.table,
) -> None:
    """Say that a recommendation is implemented. From then on its effect is measured, before against after.

    Said again, the moment (and the note) said first stay, unless --at (or --note) gives another.
    """
    now = datetime.now(UTC)
    since = None if at is None else moment(at, now)
    if since is not None and since > now:
        raise InputError(f"{at} is in the future.", "Say it when it is done, or name the moment when it was.")
    _decide(recommendation, "implemented", note, since, form)


@app.command()
def dismiss(recommendation: Id, note: Note = None, form: Shown = Format.table) -> None:
    """Say that a recommendation is not worth following. It stays out of lists and plans."""
    _decide(recommendation, "dismissed", note, None, form)


@app.command()
def reopen(recommendation: Id, note: Note = None, form: Shown = Format.table) -> None:
    """Take back that a recommendation was implemented or dismissed."""
    _decide(recommendation, "open", note, None, form)


@contextmanager
def _opened() -> Iterator[tuple[Store, pl.DataFrame]]:
    """The store, and the recommendations with the decisions of this moment, the weightiest first."""
    with opened() as (store, tables):
        yield store, _known(store, tables)


def _looked_up() -> pl.DataFrame:
    """The recommendations alone."""
    with opened_reading() as (store, tables):
        return _known(store, tables)


def _known(store: ReadingStore, tables: Tables) -> pl.DataFrame:
    from banana_assets.backends.advising import recommendations_now
    from banana_assets.core.tables import OPTIMIZATION_RECOMMENDATIONS

    require(tables, OPTIMIZATION_RECOMMENDATIONS)
    return recommendations_now(store, tables)


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    text = row["description"]
    effect = row["effect"]
    return row | {
        "impact": round(row["impact_score"], 1),
        "difficulty": row["implementation_difficulty"],
        "type": row["recommendation_type"],
        "effect": effect["verdict"].replace("_", " ") if effect else None,
        "description": cut(text, TEXT_WIDTH),
    }


def _in_full(row: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"recommendation_id": row["recommendation_id"], "what": row["description"]}
    parts = ", ".join(f"{p['name']} {_figure(p)}" for p in row["impact_parts"])
    shown |= {"impact": f"{row['impact_score']:.1f} of 10", "estimated": row["impact_method"], "from": parts}
    shown |= {"difficulty": row["implementation_difficulty"], "status": row["status"], "made": _time(row["created_at"])}
    if row["since"] is not None:
        shown["since"] = _time(row["since"])
    if row["implemented_at"] is not None:
        shown["implemented_at"] = _time(row["implemented_at"])
    for name in ("decided_by", "note", "closed_reason"):
        if row[name] is not None:
            shown[name] = row[name]
    if row["effect"]:
        verdict, statement = row["effect"]["verdict"].replace("_", " "), row["effect"]["statement"]
        shown["effect"] = statement if statement.startswith(verdict) else f"{verdict}: {statement}"
    for number, evidence in enumerate(row["evidence"], 1):
        cited = evidence["citation"]
        lines = f" (line {cited['first_line']}: {cited['quote'].splitlines()[0]})" if cited else ""
        shown[f"evidence {number}"] = f"{evidence['fact']} [{evidence['table']} {evidence['key']}]{lines}"
    return shown


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _figure(part: dict[str, Any]) -> str:
    return f"{part['value']:.1%}" if part["unit"] == "1" else f"{part['value']:.3g} {part['unit']}"


def _decide(told: str, status: str, note: str | None, since: datetime | None, form: Format) -> None:
    with _opened() as (store, known):
        row = _named(told, known)
        if status == "implemented":
            known_at = row["implemented_at"]
            if known_at is not None:
                note = row["note"] if note is None else note
                if since is None:
                    say(f"banana recommend: implemented since {_time(known_at)}, which stays (--at changes it).")
            since = since or known_at or datetime.now(UTC)
        store.set_recommendation_state(
            row["recommendation_id"],
            status,
            note=note,
            implemented_at=since,
            set_by=user(),
            set_at=datetime.now(UTC),
        )
    if status == "open" and not row["found"]:
        say("banana recommend: what it rested on is no longer found, so it stays closed until it is found again.")
    shown = {"recommendation_id": row["recommendation_id"], "status": status, "implemented_at": since, "note": note}
    shown |= {"impact_score": row["impact_score"], "description": row["description"]}
    write_object({k: v for k, v in shown.items() if v is not None} if form is Format.table else shown, form)


def _named(told: str, known: pl.DataFrame) -> dict[str, Any]:
    """The recommendation of that id, or of an id that begins so."""
    import polars as pl

    ids = known["recommendation_id"].to_list()
    chosen = begun(told, ids, "recommendation", "`banana recommend --status all` lists them.")
    return known.row(by_predicate=pl.col("recommendation_id") == chosen, named=True)
