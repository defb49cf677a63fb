"""``banana ingest``: take in logs, builds, tasks, media and resource series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.evidence import plural
from banana_assets.interfaces.cli.ingested import files_of, tell, write_report
from banana_assets.interfaces.cli.output import Format, progress, say
from banana_assets.interfaces.cli.progressing import watched

if TYPE_CHECKING:
    from banana_assets.backends.ingest.report import Item, Report
    from banana_assets.backends.store import Store

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Take in logs, builds, tasks, media and resource series. The same thing again changes nothing.",
)

UNITS = {"builds": "builds", "tasks": "tasks", "media": "items"}
"""What is counted while it is taken in; files unless named here."""

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Files, folders or globs; - is standard input.", show_default=False),
]
Shown = Annotated[
    Format, typer.Option("--format", "-f", help="How the summary is written; jsonl writes an item a line.")
]
Home = Annotated[Path | None, typer.Option(help="Folder of all data; BANANA_HOME unless told.")]


@app.command()
def logs(
    paths: Paths,
    source: Annotated[str | None, typer.Option(help="What wrote them; told from each path unless given.")] = None,
    form: Shown = Format.table,
    home: Home = None,
) -> None:
    """Take in application logs: plain, gzip, zstd, archives. The format of the lines is found later."""
    from banana_assets.backends.ingest.logs import ingest_logs

    _run(
        "logs",
        lambda store, tell: ingest_logs(store, paths, source=source, progress=tell),
        form,
        home,
        counted=lambda: files_of(paths),
    )


@app.command()
def builds(
    paths: Paths,
    pipeline: Annotated[str | None, typer.Option(help="Pipeline of builds that nothing else names.")] = None,
    job: Annotated[str | None, typer.Option(help="Job of builds that nothing else names.")] = None,
    branch: Annotated[str | None, typer.Option(help="Branch that was built.")] = None,
    commit: Annotated[str | None, typer.Option(help="Commit that was built.")] = None,
    form: Shown = Format.table,
    home: Home = None,
) -> None:
    """Take in builds: folders of CI logs with a manifest or none, archives of GitHub Actions, JUnit beside logs."""
    from banana_assets.backends.ingest.builds import Told, ingest_builds

    told = Told(pipeline, job, branch, commit)
    _run("builds", lambda store, tell: ingest_builds(store, paths, told=told, progress=tell), form, home)


@app.command()
def resources(
    paths: Paths,
    source: Annotated[str | None, typer.Option(help="Host or pipeline that was measured.")] = None,
    match: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Prometheus metrics wanted: 'node_memory_*'; all unless told."),
    ] = None,
    form: Shown = Format.table,
    home: Home = None,
) -> None:
    """Take in readings: CSV with the columns ts,metric,value, or ts and a column of numbers for each metric; Prometheus
    text and OpenMetrics, from files and from http addresses."""
    from banana_assets.backends.ingest.resources import ingest_resources

    _run(
        "resources",
        lambda store, tell: ingest_resources(store, paths, source=source, match=match or (), progress=tell),
        form,
        home,
        counted=lambda: files_of(paths),
    )


@app.command()
def tasks(
    paths: Paths,
    queue: Annotated[
        str | None, typer.Option(help="Queue of tasks that name none; the file's name unless told.")
    ] = None,
    form: Shown = Format.table,
    home: Home = None,
) -> None:
    """Take in tasks of queues: CSV or JSON with the columns task_id,kind,status,queued_at,started_at,finished_at, or a
    SQLite database with the tables tasks or task_logs. A task told again takes the new facts."""
    from banana_assets.backends.ingest.tasks import ingest_tasks

    _run("tasks", lambda store, tell: ingest_tasks(store, paths, queue=queue, progress=tell), form, home)


@app.command()
def media(
    paths: Paths,
    collection: Annotated[
        str, typer.Option("--collection", "-c", help="The collection that they belong to.", show_default=False)
    ],
    schema: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What the records are, in TOML, JSON or YAML; media unless told."),
    ] = None,
    table: Annotated[str, typer.Option(help="Table of a SQLite file that has several.", show_default=False)] = "",
    form: Shown = Format.table,
    home: Home = None,
) -> None:
    """Take in media: folders of audio and video files, podcast feeds (files, or http addresses of BANANA_FEED_HOSTS),
    exports in JSON, JSON lines, CSV, Parquet, SQLite. Files that are as they were are not read again."""
    from banana_assets.backends.media.ingesting import ingest_media, schema_file

    declared = schema_file(schema) if schema else None
    _run(
        "media",
        lambda store, tell: ingest_media(
            store, paths, collection=collection, schema=declared, table=table, progress=tell
        ),
        form,
        home,
    )


def _run(
    what: str,
    ingest: Callable[[Store, Callable[[Item], None]], Report],
    form: Format,
    home: Path | None,
    counted: Callable[[], int | None] = lambda: None,
) -> None:
    from banana_assets.backends.settings import load, load_from
    from banana_assets.backends.store import open_store

    settings = load() if home is None else load_from(home.absolute())
    total = counted() if watched() else None
    with open_store(settings) as store, progress(f"Ingesting {what}", total, UNITS.get(what, "files")) as shown:
        if what == "builds":
            _recover(store)
        if what == "resources":
            _recover_samples(store)
        report = ingest(store, lambda item: tell(item, shown))
    write_report(what, report, form)
    if report.status:
        raise typer.Exit(report.status)


def _recover(store: Store) -> None:
    from banana_assets.backends.ingest.recordings import recover_recordings

    complaints: list[str] = []
    recovered = recover_recordings(store, complaints)
    for complaint in complaints:
        say(f"banana ingest: {complaint}")
    if recovered:
        say(f"banana ingest: took in {len(recovered)} recordings that were cut off: {', '.join(recovered)}.")


def _recover_samples(store: Store) -> None:
    from banana_assets.backends.sample_spool import recover_samples

    if recovered := recover_samples(store):
        say(f"banana ingest: took in {plural(recovered, 'reading')} of a `banana watch` that was cut off.")
