"""``banana record -- COMMAND``: run a command and keep it as a build."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from banana_assets.core.errors import BananaError, InputError
from banana_assets.interfaces.cli.output import say

app = typer.Typer(add_completion=False)


@app.command(context_settings={"allow_interspersed_args": False})
def record(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND ARGS...", show_default=False)],
    pipeline: Annotated[str | None, typer.Option(help="Pipeline; the repository's folder unless told.")] = None,
    job: Annotated[str | None, typer.Option(help="Job; the command's first words unless told.")] = None,
    branch: Annotated[str | None, typer.Option(help="Branch; git's unless told.")] = None,
    commit: Annotated[str | None, typer.Option(help="Commit; git's unless told.")] = None,
    junit: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Test reports that it writes.")] = None,
    interval: Annotated[float, typer.Option(min=0.05, help="Seconds between readings of CPU and memory.")] = 1.0,
) -> None:
    """Run a command, pass its output through and keep it as a build: log, exit status, duration, CPU, memory, disk and
    network. Exits with the command's status."""
    from banana_assets.backends.labels import branch_and_commit, job_name, pipeline_name
    from banana_assets.backends.recorder import Labels, exit_status_of, run_recorded
    from banana_assets.backends.settings import load

    here = Path.cwd()
    settings = load()
    found_branch, found_commit = branch_and_commit(here)
    labels = Labels(
        pipeline or pipeline_name(here),
        job or job_name(command),
        branch or found_branch,
        commit or found_commit,
        tuple(junit or ()),
    )
    try:
        ran = run_recorded(settings.home, command, labels, interval=interval)
    except InputError as error:
        say(f"banana record: {error}")
        raise typer.Exit(exit_status_of(error)) from error
    there = ran.spool is not None and ran.spool.is_dir()
    if ran.complaint and there:
        say(f"banana record: the build is not kept whole, since {ran.complaint}.")
    elif ran.complaint:
        say(
            f"banana record: the command ran, but the build is not kept, since {ran.complaint}. "
            "Mend the permissions, or set BANANA_HOME to a folder of yours."
        )
    if ran.spool is not None and there:
        _keep(ran.spool)
    raise typer.Exit(ran.status)


def _keep(spool: Path) -> None:
    from banana_assets.backends.ingest.recordings import recover_recordings, store_recording
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store

    complaints: list[str] = []
    try:
        with open_store(load()) as store:
            build_id, _ = store_recording(store, spool, complaints)
            recovered = recover_recordings(store, complaints)
    except BananaError as error:
        say(
            f"banana record: the build is not stored yet: {error} "
            f"It waits in {spool} for the next `banana record` or `banana ingest builds`."
        )
        return
    if sys.stderr.isatty():
        # Only to people: for programs the command is what it would be without us.
        say(f"banana record: kept as {build_id}; `banana build {build_id}` shows it.")
    for complaint in complaints:
        say(f"banana record: {complaint}")
    if recovered:
        say(f"banana record: took in {len(recovered)} recordings that were cut off: {', '.join(recovered)}.")
