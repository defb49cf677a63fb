"""``banana import``: jobs of GitHub Actions and GitLab with their logs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.interfaces.cli.asked import moment
from banana_assets.interfaces.cli.ingested import tell, write_report
from banana_assets.interfaces.cli.output import Format, progress

app = typer.Typer(add_completion=False, no_args_is_help=True)

Branch = Annotated[str | None, typer.Option(help="Only jobs of this branch.")]
Since = Annotated[str | None, typer.Option(metavar="DAY|DURATION", help="Only jobs since then: 2026-03-01, 24h, 7d.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many of the newest jobs.")]
Shown = Annotated[
    Format, typer.Option("--format", "-f", help="How the summary is written; jsonl writes an item a line.")
]


@app.callback()
def importing() -> None:
    """Bring in the newest jobs of a project with their logs. The same job again changes nothing.

    Tokens come from GITHUB_TOKEN and GITLAB_TOKEN; GitHub gives logs to nobody without one.
    Examples: `banana import github OWNER/REPOSITORY --since 7d`, `banana import gitlab GROUP/PROJECT --branch main`.
    """


@app.command()
def github(
    repository: Annotated[str, typer.Argument(metavar="OWNER/REPOSITORY", help="The repository.")],
    branch: Branch = None,
    since: Since = None,
    limit: Limit = 100,
    form: Shown = Format.table,
) -> None:
    """Bring in jobs of GitHub Actions."""
    if re.fullmatch(r"[\w.-]*\w[\w.-]*/[\w.-]*\w[\w.-]*", repository, re.ASCII) is None:
        raise InputError(f"{repository} is no repository.", "Write it as OWNER/REPOSITORY.")
    _run("github", repository, branch, since, limit, form)


@app.command()
def gitlab(
    project: Annotated[str, typer.Argument(metavar="GROUP/PROJECT", help="The project's path, or its number.")],
    branch: Branch = None,
    since: Since = None,
    limit: Limit = 100,
    form: Shown = Format.table,
) -> None:
    """Bring in jobs of GitLab (BANANA_GITLAB_URL names an instance of your own)."""
    _run("gitlab", project, branch, since, limit, form)


def _run(provider: str, project: str, branch: str | None, since: str | None, limit: int, form: Format) -> None:
    from banana_assets.backends.ci.taking import Wanted, import_jobs, service_for
    from banana_assets.backends.ingest.report import Report
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store

    settings = load()
    wanted = Wanted(branch, moment(since, datetime.now(UTC)) if since else None, limit)
    with (
        service_for(provider, settings) as service,
        open_store(settings) as store,
        progress(f"Importing from {service.host}", None, "jobs") as shown,
    ):
        report = Report(progress=lambda item: tell(item, shown, "import"))
        import_jobs(store, provider, project, wanted, report, service)
    write_report("builds", report, form)
    if report.status:
        raise typer.Exit(report.status)
