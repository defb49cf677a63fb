"""``banana config``: every setting, its value and where it comes from."""

from __future__ import annotations

from typing import Annotated

import typer

from banana_assets.interfaces.cli.output import Format, write_rows

app = typer.Typer(add_completion=False)


@app.command()
def config(form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table) -> None:
    """Show every setting with its value, its source and the variable that sets it; secrets are masked."""
    from banana_assets.backends.settings import explain, load

    rows = [dict(vars(value)) for value in explain(load())]
    if form is Format.table:
        rows = [{**row, "value": "" if row["value"] is None else str(row["value"])} for row in rows]
    write_rows(rows, form)
