"""``banana flaky``: tests that fail by chance, and which of them people took out of judgement."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.text import shortlist
from banana_assets.interfaces.cli.asked import day, user
from banana_assets.interfaces.cli.opened import opened, opened_reading, require
from banana_assets.interfaces.cli.output import Format, say, write_object, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.backends.tables import Tables

app = typer.Typer(
    add_completion=False,
    help="List tests that pass and fail on the same commit, the flakiest first; quarantine one, or lift that.",
)

TABLE_ROWS = 50


class State(StrEnum):
    """The state shown."""

    flaky = "flaky"
    quiet = "quiet"
    broken = "broken"
    all = "all"


Shown = Annotated[Format, typer.Option("--format", "-f", help="How it is written.")]
Test = Annotated[
    str,
    typer.Argument(metavar="TEST", help="The test as listed, its id, or a part that no other has.", show_default=False),
]


@app.callback(invoke_without_command=True)
def flaky(
    context: typer.Context,
    state: Annotated[State, typer.Option(help="How it stands now.")] = State.all,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="Only tests in quarantine, or once in one.")
    ] = False,
    pipeline: Annotated[str | None, typer.Option(help="Pipeline that runs it.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Most rows; {TABLE_ROWS} in a table unless told, else all.")
    ] = None,
    form: Shown = Format.table,
) -> None:
    """List tests that pass and fail on the same commit, the flakiest first and quiet ones last; quarantine some.

    `rate` is flakes of runs, with its 95 % Wilson interval. A quiet test has since passed so often that it would have
    failed again; a broken one only fails now.
    """
    if context.invoked_subcommand is not None:
        return
    import polars as pl

    with opened_reading() as (store, tables):
        known = _known(store, tables)
    chosen = known
    if state is not State.all:
        chosen = chosen.filter(pl.col("state") == state.value)
    if quarantined:
        chosen = chosen.filter(pl.col("quarantine") != "none")
    if pipeline is not None:
        names = sorted(set(known["pipeline"]))
        if names and pipeline not in names:
            raise InputError(f"The pipeline {pipeline} has no flaky test.", f"There are {shortlist(names)}.")
        chosen = chosen.filter(pl.col("pipeline") == pipeline)
    most = limit or (TABLE_ROWS if form is Format.table else max(chosen.height, 1))
    rows = list(chosen.head(most).iter_rows(named=True))
    if form is Format.table:
        columns = ["test_id", "pipeline", "test", "state", "flakes", "runs", "rate", "last_flake", "kind", "quarantine"]
        write_rows([_for_people(row) for row in rows], form, columns=columns)
    else:
        write_rows(rows, form)
    if not known.height:
        say("banana flaky: no test passed and failed on the same commit.")
    elif not chosen.height:
        say("banana flaky: no test is like that.")
    if chosen.height > most:
        say(f"banana flaky: {chosen.height - most:,} more (--limit).")
    if expired := chosen.filter(pl.col("quarantine") == "expired").height:
        say(f"banana flaky: {plural(expired, 'quarantine')} ended; mend the test, or set another day.")


@app.command()
def quarantine(
    test: Test,
    until: Annotated[str, typer.Option(metavar="DAY", help="Day from which it counts again.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever looks later.")],
    form: Shown = Format.table,
) -> None:
    """Take a test out of judgement until a day."""
    with opened() as (store, tables):
        row = _named(test, store, tables)
        end = day(until)
        store.set_quarantine(
            row["test_id"], pipeline=row["pipeline"], title=row["title"], until=end, reason=reason,
            set_by=user(), set_at=datetime.now(UTC),
        )  # fmt: skip
    write_object({**row, "quarantine": "active", "until": end, "reason": reason}, form)


@app.command()
def lift(test: Test, form: Shown = Format.table) -> None:
    """End a quarantine before its day."""
    with opened() as (store, tables):
        row = _named(test, store, tables)
        if not store.lift_quarantine(row["test_id"], lifted_by=user(), lifted_at=datetime.now(UTC)):
            raise InputError(f"{row['title']} is in no quarantine.", "`banana flaky --quarantined` lists them.")
    write_object({**row, "quarantine": "lifted"}, form)


def _known(store: ReadingStore, tables: Tables) -> pl.DataFrame:
    """The flaky tests, the flakiest first, with the quarantines of today, also those of tests that are not flaky."""
    import polars as pl

    from banana_assets.core.builds.quarantine import quarantined
    from banana_assets.core.tables import FLAKY_TESTS

    require(tables, FLAKY_TESTS)
    frame, kept = tables.read(FLAKY_TESTS), store.quarantines()
    others = kept.join(frame, on="test_id", how="anti").select("test_id", "pipeline", "title")
    return quarantined(pl.concat([frame, others], how="diagonal"), kept, datetime.now(UTC).date()).sort(
        pl.col("state") == "quiet",
        "flake_rate_low",
        "flakes",
        "test_id",
        descending=[False, True, True, False],
        nulls_last=True,
    )


def _named(told: str, store: ReadingStore, tables: Tables) -> dict[str, Any]:
    """The test of that id or title, or the only one that begins so or holds it."""
    import polars as pl

    from banana_assets.core.ids import LEAST_PREFIX, found
    from banana_assets.core.tables import FLAKY_TESTS, TEST_HISTORY

    columns = ["test_id", "pipeline", "title"]
    parts = [tables.read(table).select(columns) for table in (TEST_HISTORY, FLAKY_TESTS)]
    known = pl.concat([*parts, store.quarantines().select(columns)]).unique("test_id", maintain_order=True)
    if not known.height:
        require(tables, FLAKY_TESTS)
    by_id = known.filter(pl.col("test_id").str.starts_with(told)) if len(told) >= LEAST_PREFIX else known.clear()
    if by_id.height == 1:
        return by_id.row(0, named=True)
    title = found(told, known["title"].to_list(), "test", "`banana flaky` lists the flaky ones.")
    rows = known.filter(pl.col("title") == title)
    if rows.height > 1:
        ids = [f"{row['test_id']} (of {row['pipeline']})" for row in rows.iter_rows(named=True)]
        raise InputError(f"Several pipelines have the test {title}.", f"Name it by its id: {shortlist(ids)}.")
    return rows.row(0, named=True)


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    held = row["quarantine"]
    if held in ("active", "expired"):
        held = f"{'until' if held == 'active' else 'ended'} {row['quarantined_until']}: {row['quarantine_reason']}"
    rate = None
    if row["flake_rate"] is not None:
        rate = f"{row['flake_rate']:.1%} ({row['flake_rate_low']:.1%} to {row['flake_rate_high']:.1%})"
    return {**row, "test": row["title"], "rate": rate, "quarantine": "" if held == "none" else held}
