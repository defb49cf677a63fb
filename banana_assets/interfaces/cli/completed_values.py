"""Names out of the store for completion: builds, plans, steps, templates, patterns, media, queues, models and more.

They are read with the SQLite driver alone, in milliseconds, and only where the records are in SQLite; a few are in
tables alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from banana_assets.backends.settings import SQLITE_NAME, find_home, load
from banana_assets.backends.sqlite import sqlite_module
from banana_assets.core.errors import BananaError

MOST = 200
BUSY_SECONDS = 0.1
INDEX = Path("search") / "index.sqlite"

BUILDS = "SELECT build_id, status || ', ' || pipeline || '/' || job FROM builds ORDER BY seq DESC LIMIT ?"
FAILED = (
    "SELECT build_id, pipeline || '/' || job FROM builds WHERE status IN ('failed', 'error') ORDER BY seq DESC LIMIT ?"
)
GIVEN_UP = "SELECT build_id, error FROM planned_failures WHERE state = 'given_up' LIMIT ?"
PLANS = "SELECT plan_id, status || ': ' || goal FROM planner_results ORDER BY created_at DESC LIMIT ?"
STEPS = "SELECT step_id, status FROM plan_steps WHERE plan_id LIKE ? || '%' ORDER BY step_id LIMIT ?"
TEMPLATES = "SELECT template_id, name FROM plan_templates WHERE deleted_at IS NULL LIMIT ?"
KEYS = (
    "SELECT key_id, name FROM api_keys WHERE revoked_at IS NULL "
    "UNION ALL SELECT session_id, name FROM dashboard_sessions WHERE revoked_at IS NULL LIMIT ?"
)
PIPELINES = "SELECT DISTINCT pipeline, '' FROM builds ORDER BY 1 LIMIT ?"
JOBS = "SELECT DISTINCT pipeline || '/' || job, '' FROM builds ORDER BY 1 LIMIT ?"
BRANCHES = "SELECT DISTINCT branch, '' FROM builds WHERE branch IS NOT NULL ORDER BY 1 LIMIT ?"
LOG_SOURCES = "SELECT DISTINCT source, '' FROM log_files ORDER BY 1 LIMIT ?"
SERIES_SOURCES = "SELECT DISTINCT source, '' FROM resource_series ORDER BY 1 LIMIT ?"
QUEUES = (
    "SELECT DISTINCT queue, 'tasks' FROM tasks UNION SELECT DISTINCT pipeline, 'builds' FROM builds ORDER BY 1 LIMIT ?"
)
COLLECTIONS = "SELECT DISTINCT collection, '' FROM media_items WHERE present ORDER BY 1 LIMIT ?"
ITEMS = "SELECT item_id, collection || ': ' || uri FROM media_items WHERE present ORDER BY seq DESC LIMIT ?"
OFFERS = (
    "SELECT id, field || ': ' || value FROM media_proposals WHERE state = 'proposed' ORDER BY confidence DESC LIMIT ?"
)
MODELS = "SELECT DISTINCT provider || '/' || model, 'asked before' FROM llm_calls ORDER BY 1 LIMIT ?"
DELIVERIES = "SELECT id, provider || ' ' || event || ', ' || state FROM deliveries ORDER BY id DESC LIMIT ?"
PATTERNS = "SELECT substr(document_id, 9), '' FROM documents WHERE kind = 'pattern' ORDER BY severity DESC LIMIT ?"
CLUSTERS = "SELECT substr(document_id, 9), '' FROM documents WHERE kind = 'failure' ORDER BY last_seen DESC LIMIT ?"
INDEXED_SOURCES = "SELECT DISTINCT source, '' FROM sources ORDER BY 1 LIMIT ?"

VALUES: dict[tuple[str, str], tuple[str, bool]] = {
    ("build", "build_id"): (BUILDS, False),
    ("diagnose", "files"): (FAILED, True),
    ("agent", "builds"): (FAILED, False),
    ("codebase", "changed"): (FAILED, False),
    ("compare", "build"): (FAILED, False),
    ("compare", "other"): (BUILDS, False),
    ("compare", "against"): (BUILDS, False),
    ("builds", "cluster"): (CLUSTERS, False),
    ("plan", "builds"): (GIVEN_UP, False),
    ("*", "plan_id"): (PLANS, False),
    ("*", "step"): (STEPS, False),
    ("templates", "delete"): (TEMPLATES, False),
    ("templates", "show"): (TEMPLATES, False),
    ("keys", "ident"): (KEYS, False),
    ("patterns", "pattern"): (PATTERNS, False),
    ("deliveries", "number"): (DELIVERIES, False),
    ("media", "numbers"): (OFFERS, False),
    ("media", "item"): (ITEMS, False),
    ("schedule", "queue"): (QUEUES, False),
    ("*", "collection"): (COLLECTIONS, False),
    ("*", "use_model"): (MODELS, False),
    ("*", "pipeline"): (PIPELINES, False),
    ("*", "job"): (JOBS, False),
    ("*", "branch"): (BRANCHES, False),
    ("patterns", "source"): (LOG_SOURCES, False),
    ("search", "source"): (INDEXED_SOURCES, False),
    ("*", "source"): (SERIES_SOURCES, False),
}
"""By command and parameter (``*`` is any command): what to ask, and whether the name of a file may stand there too."""

INDEXED = (PATTERNS, CLUSTERS, INDEXED_SOURCES)
"""Questions to the index of what can be found."""

TABLED = {
    ("recommend", "recommendation"): ("optimization_recommendations", "recommendation_id", "subject", "impact_score"),
    ("flaky", "test"): ("flaky_tests", "test_id", "title", "flake_rate"),
}
"""Names that are in a table alone, which takes half a second to read: its name, the columns of name and meaning, and
that by which they are sorted, the highest first."""


def equip(command: click.Command, name: str) -> None:
    """Let the parameters of a command, and of those in it, complete names out of the store."""
    for parameter in command.params:
        asked = VALUES.get((name, parameter.name or "")) or VALUES.get(("*", parameter.name or ""))
        tabled = TABLED.get((name, parameter.name or ""))
        if tabled:
            parameter.shell_complete = _of_table(*tabled)  # type: ignore[method-assign, assignment]
        elif asked and not isinstance(parameter.type, click.Choice):
            parameter.shell_complete = _completer(*asked)  # type: ignore[method-assign, assignment]
    for inner in getattr(command, "commands", {}).values():
        equip(inner, name)


def _completer(query: str, with_files: bool) -> Callable[[click.Context, str], list[CompletionItem]]:
    def complete(context: click.Context, incomplete: str) -> list[CompletionItem]:
        before = (str(context.params.get("plan_id") or ""),) if query == STEPS else ()
        file = INDEX if query in INDEXED else Path(SQLITE_NAME)
        rows = _asked(file, query, (*before, MOST))
        found = [CompletionItem(value, help=meaning) for value, meaning in rows if value.startswith(incomplete)]
        return [*found, CompletionItem(incomplete, type="file")] if with_files else found

    return complete


def _of_table(table: str, key: str, meaning: str, by: str) -> Callable[[click.Context, str], list[CompletionItem]]:
    def complete(context: click.Context, incomplete: str) -> list[CompletionItem]:
        from banana_assets.core.safety.serving import served

        rows = [(name, said) for name, said in _read(table, key, meaning, by) if name.startswith(incomplete)]
        return [CompletionItem(name, help=str(served(said))) for name, said in rows[:MOST]]

    return complete


def _read(table: str, key: str, meaning: str, by: str) -> list[tuple[str, str]]:
    import polars as pl

    from banana_assets.backends.tables import Tables
    from banana_assets.core.tables import TABLES

    try:
        found = Tables(load().tables_root).scan(TABLES[table]).sort(by, descending=True).select(key, meaning).collect()
    except (BananaError, pl.exceptions.PolarsError, OSError):
        return []
    return list(found.iter_rows())


def _asked(file: Path, query: str, values: Iterable[object]) -> list[tuple[str, str]]:
    sqlite = sqlite_module()
    path = find_home() / file
    if not path.is_file():
        return []
    try:
        connection = sqlite.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        try:
            return [(str(value), str(meaning or "")) for value, meaning in connection.execute(query, tuple(values))]
        finally:
            connection.close()
    except sqlite.Error:
        # Whoever presses Tab wants no message: `banana doctor` says what is wrong.
        return []
