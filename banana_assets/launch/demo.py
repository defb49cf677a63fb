"""``banana demo``: the whole of it on recorded samples."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from banana_assets.backends.settings import HOME_VARIABLE, LOCAL_HOME, load_from
from banana_assets.interfaces.cli.output import say

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    home: Annotated[Path | None, typer.Option(help="Folder of the demo's data; BANANA_HOME or ./.banana.")] = None,
) -> None:
    """Ingest recorded samples of real tools, compute every asset, and report what stands out.

    Needs no server, no key and no network.
    """
    # Imported here: help and completion need none of it.
    from banana_assets.backends.ingest import ingest_builds, ingest_logs, ingest_resources
    from banana_assets.backends.ingest.tasks import ingest_tasks
    from banana_assets.backends.media.ingesting import ingest_media
    from banana_assets.backends.pending import arrival_days
    from banana_assets.backends.store import open_store
    from banana_assets.backends.tables import Tables
    from banana_assets.core.report import overview
    from banana_assets.core.tables import TABLES

    folder = home or Path(os.environ.get(HOME_VARIABLE) or Path.cwd() / LOCAL_HOME)
    # A key or a model that happens to be set up here is not for samples.
    os.environ["BANANA_LANGUAGE_MODELS"] = "false"
    settings = load_from(folder.absolute())
    with as_file(files("banana_assets") / "samples") as samples, open_store(settings) as store:
        say("Ingesting the recorded samples")
        for name, report in (
            ("logs", ingest_logs(store, [samples / "logs"])),
            ("builds", ingest_builds(store, [samples / "builds"])),
            ("resources", ingest_resources(store, [samples / "resources"])),
            ("tasks", ingest_tasks(store, [samples / "tasks"])),
            ("music", ingest_media(store, [samples / "media" / "music"], collection="music")),
            ("podcasts", ingest_media(store, [samples / "media" / "podcast.xml"], collection="podcasts")),
        ):
            say(f"  {name}: {report.new} new, {report.known} already known")
        days = arrival_days(store, Tables(settings.tables_root), today=datetime.now(UTC).date())

    from banana_assets.launch.running import run_job

    say("Computing the assets")
    done = run_job(settings, "everything", days, lambda line: say(f"  {line}"))
    if not done.success:
        say(f"banana demo: {done.error}")
        raise typer.Exit(1)
    say(f"  {len(done.assets)} assets in {done.seconds:.1f} s")
    tables = Tables(settings.tables_root)
    frames = {name: tables.read(table) for name, table in TABLES.items() if not table.partition_by}
    sys.stdout.write("\n" + overview(frames) + "\n")
    shown = "" if folder == Path.cwd() / LOCAL_HOME else f"BANANA_HOME={folder} "
    sys.stdout.write(f"\nNext:\n  {shown}banana up          look at the assets, their lineage, plots and checks\n")
    sys.stdout.write(f"  {shown}banana ingest logs /var/log/*.log && {shown}banana materialize\n")
