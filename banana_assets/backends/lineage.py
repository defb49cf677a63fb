"""Walking from a plan's step to the lines that it rests on, how these came in, and which runs made what is between."""

from __future__ import annotations

import polars as pl

from banana_assets.backends.lines import texts_of
from banana_assets.backends.provenance import written
from banana_assets.backends.quotes import Quotes
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.tables import Tables
from banana_assets.core.errors import BananaError, InputError
from banana_assets.core.evidence import Citation
from banana_assets.core.plans.lineage import Cited, Ingested, Line, Row, StepWhy, Why, said
from banana_assets.core.plans.text import made_by
from banana_assets.core.plans.types import Plan, Subtask
from banana_assets.core.safety.secrets import mask_lines
from banana_assets.core.tables import BUILD_FAILURES, BUILDS, LOG_FILES, LOG_PATTERNS, PLANS

AROUND = 2
"""Lines shown on either side of those that are cited."""

ABOUT = {"failure": "failure_clusters", "recommendation": "optimization_recommendations"}


def why(store: ReadingStore, tables: Tables, plan: Plan, step_id: str | None = None) -> Why:
    """The walk from a plan, or from one of its steps. Raises InputError for an unknown step."""
    steps = [s for s in plan.subtasks if step_id in (None, s.id)]
    if step_id is not None and not steps:
        ids = ", ".join(s.id for s in plan.subtasks) or "none"
        raise InputError(f"The plan {plan.plan_id} has no step {step_id}.", f"Its steps are: {ids}.")
    walk = Walk(store, tables)
    about = ABOUT.get(plan.kind)
    return Why(
        plan_id=plan.plan_id,
        goal=plan.goal,
        made_by=f"{plan.planner}, {made_by(plan)}",
        made_at=plan.created_at,
        written=written(tables, PLANS, pl.col("plan_id") == plan.plan_id),
        subject=walk.row(about, plan.subject) if about else None,
        steps=tuple(walk.step(step) for step in steps),
    )


class Walk:
    """Rows and logs, each looked up once."""

    def __init__(self, store: ReadingStore, tables: Tables) -> None:
        self.store = store
        self.tables = tables
        self.quotes = Quotes(store)
        self.builds = {row["build_id"]: row for row in store.builds().iter_rows(named=True)}
        self.files = {row["sha256"]: row for row in store.log_files().iter_rows(named=True)}
        self._rows: dict[tuple[str, str], Row] = {}

    def step(self, step: Subtask) -> StepWhy:
        """What one step rests on."""
        rows = tuple(self.row(r.table, r.key) for r in step.rests_on)
        cited = tuple(self.cited(c, rows) for c in step.citations)
        return StepWhy(step.id, step.description, step.dependencies, cited, rows)

    def row(self, name: str, key: str) -> Row:
        """The row of that table with that key; where several columns make it, the table as it is stands for the row."""
        from banana_assets.core.tables import TABLES

        if (name, key) not in self._rows:
            table = TABLES.get(name)
            if table is None:
                return Row(name, key, "", found=False)
            if len(table.key) > 1:
                return Row(name, key, "", True, written(self.tables, table))
            mine = pl.col(table.key[0]).cast(pl.String) == key
            rows = self.tables.scan(table).filter(mine).head(1).collect().to_dicts()
            told = Row(name, key, said(rows[0]), True, written(self.tables, table, mine)) if rows else None
            self._rows[name, key] = told or Row(name, key, "", found=False)
        return self._rows[name, key]

    def cited(self, citation: Citation, rows: tuple[Row, ...]) -> Cited:
        """A citation read again."""
        return Cited(
            citation=citation,
            holds=self.quotes.restated(citation) is not None,
            lines=self._lines(citation),
            found_in=self._found_in(citation, rows),
            ingested=self._ingested(citation),
        )

    def _found_in(self, citation: Citation, rows: tuple[Row, ...]) -> Row | None:
        if citation["build_id"] is not None:
            return self.row(BUILD_FAILURES.name, citation["build_id"])
        of_patterns = [row for row in rows if row.table == LOG_PATTERNS.name]
        return of_patterns[0] if of_patterns else None

    def _lines(self, citation: Citation) -> tuple[Line, ...]:
        first, last = citation["first_line"], citation["last_line"]
        begin = max(1, first - AROUND)
        try:
            texts = self._texts(citation, last + AROUND)
        except BananaError:
            return ()
        shown = mask_lines(texts).lines[begin - 1 :]
        return tuple(Line(n, text, first <= n <= last) for n, text in enumerate(shown, begin))

    def _texts(self, citation: Citation, end: int) -> list[str]:
        if citation["build_id"] is not None:
            log = self.quotes.log(citation["sha256"])
            return list(log.texts[:end]) if log else []
        with self.store.blobs.open(citation["sha256"]) as stream:
            return texts_of(stream, end)[:end]

    def _ingested(self, citation: Citation) -> Ingested | None:
        build, file = self.builds.get(citation["build_id"] or ""), self.files.get(citation["sha256"])
        if build is not None and build["log_sha256"] == citation["sha256"]:
            name, row, lines, origin = build["build_id"], build, build["log_lines"], build["origin"]
            kind, table, key = "build", BUILDS.name, build["build_id"]
        elif citation["build_id"] is None and file is not None:
            name, row, lines, origin = file["source"], file, file["lines"], None
            kind, table, key = "log file", LOG_FILES.name, str(file["file_id"])
        else:
            return None
        told = self.row(table, key)
        return Ingested(kind, name, row["path"], origin, citation["sha256"], lines, row["arrived_at"], told)
