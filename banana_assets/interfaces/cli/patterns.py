"""``banana patterns``: what repeats in the logs, and what people decide about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.ids import begun
from banana_assets.core.text import cut, shortlist
from banana_assets.core.vocabulary import SEVERITY_RANK
from banana_assets.interfaces.cli.asked import Severity, day, moment, user
from banana_assets.interfaces.cli.opened import opened, opened_reading, require
from banana_assets.interfaces.cli.output import Format, say, write_object, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.backends.tables import Tables

app = typer.Typer(
    add_completion=False,
    help="List log patterns, the most severe first; show, resolve, mute or reopen one.",
)

BRING = "banana ingest logs PATH` and `banana materialize"
TABLE_ROWS = 50
TEMPLATE_WIDTH = 100


class State(StrEnum):
    """The state shown."""

    open = "open"
    resolved = "resolved"
    muted = "muted"
    all = "all"


Shown = Annotated[Format, typer.Option("--format", "-f", help="How it is written.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the pattern, or how it begins.", show_default=False)]
Note = Annotated[str | None, typer.Option(help="Why, for whoever looks later.")]


@app.callback(invoke_without_command=True)
def patterns(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY|DURATION", help="Seen since that day, or so long before the latest event: 24h, 7d."),
    ] = None,
    severity: Annotated[Severity | None, typer.Option(help="At least that severe.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Only what first came on the latest day of arrival.")] = False,
    source: Annotated[str | None, typer.Option(help="What writes the log.")] = None,
    state: Annotated[State, typer.Option(help="What people decided.")] = State.open,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Most rows; {TABLE_ROWS} in a table unless told, else all.")
    ] = None,
    form: Shown = Format.table,
) -> None:
    """List log patterns, the most severe first; show, resolve, mute or reopen one."""
    if context.invoked_subcommand is not None:
        return
    known, states = _looked_up()
    found = _chosen(known, since, severity, new, source)
    kept = found if state is State.all else _where(found, state=state.value)
    most = limit or (TABLE_ROWS if form is Format.table else kept.height)
    _write(kept.head(most), states, form, notes=state is not State.open)
    if not known.height:
        say("banana patterns: there are no log events yet.")
    elif not found.height or (state is not State.open and not kept.height):
        say(f"banana patterns: no pattern is like that{_until(known)}.")
    elif state is State.open and found.height > kept.height:
        say(f"banana patterns: {found.height - kept.height:,} resolved or muted left out (--state all).")
    if kept.height > most:
        say(f"banana patterns: {kept.height - most:,} more (--limit).")


@app.command()
def show(pattern: Id, form: Shown = Format.table) -> None:
    """Show all that is known of one pattern: counts, times, example lines, decisions, what it came from."""
    known, states = _looked_up()
    row = _with_decisions(known.filter(pattern_id=_named(pattern, known)["pattern_id"]), states).row(0, named=True)
    if form is not Format.table:
        write_object(row, form)
        return
    examples, former = row.pop("examples"), row.pop("formerly")
    for name in ("severity_number", "rules_version", "template"):
        del row[name]
    row |= {"sources": ", ".join(row["sources"])}
    write_object({name: value for name, value in row.items() if value not in (None, False)}, form)
    lines = [{"example": f"{_place(e)}:{e['line']}", "text": e["text"]} for e in examples]
    for rows in (lines, former):
        if rows:
            say("")
            write_rows(rows, form)


@app.command()
def resolve(pattern: Id, note: Note = None, form: Shown = Format.table) -> None:
    """Say that a pattern is dealt with. When it is seen again it opens by itself, marked as reopened."""
    _decide(pattern, "resolved", note, None, form)


@app.command()
def mute(
    pattern: Id,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="Day from which it shows again; never unless told.")
    ] = None,
    note: Note = None,
    form: Shown = Format.table,
) -> None:
    """Leave a pattern out of lists and checks, for good or until a day."""
    _decide(pattern, "muted", note, until, form)


@app.command()
def reopen(pattern: Id, note: Note = None, form: Shown = Format.table) -> None:
    """Take back that a pattern was resolved or muted."""
    _decide(pattern, "open", note, None, form)


def _looked_up() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The patterns with the states of this moment, and the decisions."""
    with opened_reading(BRING) as (store, tables):
        return _known(store, tables)


def _known(store: ReadingStore, tables: Tables) -> tuple[pl.DataFrame, pl.DataFrame]:
    from banana_assets.core.logs.states import decisions, with_states
    from banana_assets.core.tables import LOG_PATTERNS

    require(tables, LOG_PATTERNS)
    stored, states = tables.read(LOG_PATTERNS), store.pattern_states()
    return with_states(stored, states), decisions(stored, states)


def _where(frame: pl.DataFrame, **equal: str) -> pl.DataFrame:
    return frame.filter(**equal)


def _chosen(
    known: pl.DataFrame, since: str | None, severity: Severity | None, new: bool, source: str | None
) -> pl.DataFrame:
    """The patterns asked for, the most severe first."""
    import polars as pl

    frame = known
    rank = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    if since is not None:
        frame = frame.filter(_seen() >= moment(since, _latest(known)))
    if severity is not None:
        frame = frame.filter(rank >= SEVERITY_RANK[severity.value])
    if new:
        frame = frame.filter("is_new")
    if source is not None:
        names = sorted(set(known["sources"].explode(empty_as_null=False).to_list()))
        if source not in names:
            raise InputError(f"No log of the source {source} has patterns.", f"There are {shortlist(names)}.")
        frame = frame.filter(pl.col("sources").list.contains(source))
    return frame.sort(rank, "frequency", "pattern_id", descending=[True, True, False])


def _seen() -> pl.Expr:
    """When a pattern was last seen: its last event, or the arrival where its lines carry no time or one to come."""
    import polars as pl

    return pl.min_horizontal("last_seen", "last_arrived")


def _latest(known: pl.DataFrame) -> datetime | None:
    """The time of the latest event; where none has a time, of the latest arrival."""
    import polars as pl

    timed = known.filter(pl.col("last_seen").is_not_null())
    latest: datetime | None = (timed if timed.height else known).select(_seen().max()).item()
    return latest


def _until(known: pl.DataFrame) -> str:
    latest = _latest(known)
    return f" (the latest event is of {latest:%Y-%m-%d %H:%M} UTC)" if latest else ""


def _write(rows: pl.DataFrame, decided: pl.DataFrame, form: Format, *, notes: bool) -> None:
    whole = _with_decisions(rows, decided)
    if form is not Format.table:
        write_rows(whole.to_dicts(), form)
        return
    columns = ["pattern_id", "severity", "state", "events", "trend", "last_seen", "sources", "template", "example"]
    if notes:
        columns.insert(3, "note")
    if rows["formerly"].list.len().sum():
        columns.insert(columns.index("template"), "formerly")
    write_rows([_for_people(row) for row in whole.iter_rows(named=True)], form, columns=columns)


def _with_decisions(rows: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """What is shown of patterns: without what the miner keeps for itself, with who decided what and why."""
    return rows.drop("shapes", "groups").join(
        decided.select("pattern_id", "note", "until", "changed_at", "changed_by"),
        on="pattern_id",
        how="left",
        maintain_order="left",
    )


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    state = row["state"]
    if state == "open":
        state = "reopened" if row["regressed"] else "new" if row["is_new"] else "open"
    elif state == "muted" and row["until"]:
        state = f"muted until {row['until']}"
    template = row["named_template"]
    first = row["examples"][0] if row["examples"] else None
    return row | {
        "state": state,
        "events": row["frequency"],
        "sources": shortlist(row["sources"], 3),
        "formerly": _trace(row["formerly"]),
        "template": cut(template, TEMPLATE_WIDTH),
        "example": f"{_place(first)}:{first['line']}" if first else None,
    }


def _place(example: dict[str, Any]) -> str:
    return example["path"] or f"file {example['file_id']}"


_CAME = {"split": "part of", "merged": "joined from", "renamed": "was"}


def _trace(former: list[dict[str, Any]]) -> str:
    """What the pattern came from the last time it changed: part of 1a2b3c4d, 2026-03-01."""
    if not former:
        return ""
    day = max(f["changed_on"] for f in former)
    last = [f for f in former if f["changed_on"] == day]
    kind = last[0]["kind"]
    return f"{_CAME[kind]} {shortlist([f['pattern_id'][:8] for f in last if f['kind'] == kind], 2)}, {day}"


def _decide(told: str, state: str, note: str | None, until: str | None, form: Format) -> None:
    with opened(BRING) as (store, tables):
        known, _ = _known(store, tables)
        row = _named(told, known)
        end = None if until is None else _day(until, known["last_arrived"].max())
        at = datetime.now(UTC)
        store.set_pattern_state(row["pattern_id"], state, note=note, until=end, changed_by=user(), changed_at=at)
    shown = {"pattern_id": row["pattern_id"], "state": state, "until": end, "note": note}
    shown |= {"severity": row["severity"], "frequency": row["frequency"], "template": row["named_template"]}
    write_object({k: v for k, v in shown.items() if v is not None} if form is Format.table else shown, form)


def _named(told: str, known: pl.DataFrame) -> dict[str, Any]:
    """The pattern of that id, of an id that begins so, or that the one of that id became."""
    import polars as pl

    former = pl.col("formerly").list.eval(pl.element().struct.field("pattern_id")).list.contains(told)
    became = known.filter(former | (pl.col("pattern_id") == told))["pattern_id"].to_list()
    if told not in became and len(became) == 1:
        told = became[0]
    chosen = begun(told, known["pattern_id"].to_list(), "pattern", "`banana patterns --state all` lists them.")
    return known.row(by_predicate=pl.col("pattern_id") == chosen, named=True)


def _day(told: str, latest: Any) -> date:
    end = day(told)
    now = datetime.now(UTC) if latest is None else max(latest, datetime.now(UTC))
    if datetime.combine(end, time(), UTC) <= now:
        raise InputError(f"A mute until {end} would be over already.", "Name a later day.")
    return end
