"""``banana migrate``: bring the records database to a version of the schema."""

from __future__ import annotations

from typing import Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.interfaces.cli.output import Format, say, write_object

app = typer.Typer(add_completion=False)


@app.command()
def migrate(
    revision: Annotated[str, typer.Option(help="head, base (an empty database) or a revision.")] = "head",
    yes: Annotated[
        bool, typer.Option("--yes", help="Go down without asking; what the newer schema holds is lost.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
) -> None:
    """Bring the records database to this version, or to a revision. An empty home needs no migration: it is made ready
    by itself."""
    import sys

    from banana_assets.backends.records.engine import open_engine
    from banana_assets.backends.records.migration import current_revision, goes_down, migrate
    from banana_assets.backends.settings import load, mask_password

    settings = load()
    engine = open_engine(settings.records_url)
    try:
        if goes_down(current_revision(engine), revision) and not yes:
            if not sys.stdin.isatty():
                raise InputError(
                    "Going down deletes what the newer schema holds.", "Add --yes when that is meant, after a backup."
                )
            typer.confirm("Going down deletes what the newer schema holds. Go on?", abort=True, err=True)
        done = migrate(engine, revision)
    finally:
        engine.dispose()
    if done.before == done.after:
        say("banana migrate: the records database is there already.")
    write_object({"database": mask_password(settings.records_url), "before": done.before, "after": done.after}, form)
