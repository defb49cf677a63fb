"""What every asset shows in the UI, taken from the declaration of its table, and how its rows are checked.

Belongs here: metadata, checks and decorators that follow from a ``Table``. Does not belong here: any computation.
"""

from __future__ import annotations

import base64
import hashlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args

import dagster as dg
import polars as pl
from dagster._core.errors import DagsterInvariantViolationError

from banana_assets import core
from banana_assets.backends.pending import first_day
from banana_assets.backends.settings import load
from banana_assets.backends.tables import Tables, Written
from banana_assets.core.safety.serving import served
from banana_assets.core.schema import Table
from banana_assets.core.text import cut

OWNERS = ["team:banana"]
Declare = Callable[[Callable[..., Any]], dg.AssetsDefinition]

DATA_VERSION_TAG = "dagster/data_version"
DRAWN_TAG = "banana/drawn"
"""On a materialization: which rows its plot shows, drawn by which code."""

PREVIEW_ROWS = 10
PREVIEW_WIDTH = 80

days = dg.DailyPartitionsDefinition(
    start_date=first_day(load(), today=datetime.now(UTC).date()).isoformat(), end_offset=1
)
"""Days of arrival: what came in on a day is one partition, so that late logs never rewrite older days."""


def column_schema(table: Table) -> dg.TableSchema:
    """The Columns tab of the UI: type, unit, meaning and constraints of each column."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=c.name,
                type=f"{c.dtype} [{c.unit}]" if c.unit else str(c.dtype),
                description=c.meaning + (f" (one of: {', '.join(c.allowed)})" if c.allowed else ""),
                constraints=dg.TableColumnConstraints(nullable=c.nullable, unique=table.key == (c.name,)),
            )
            for c in table.columns
        ]
    )


def column_lineage(table: Table) -> dg.TableColumnLineage:
    """Which upstream columns each column is computed from."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey(source.split(".")[0]), column_name=source.split(".")[1])
                for source in sources
            ]
            for column, sources in table.sources.items()
        }
    )


def table_asset(
    table: Table,
    *,
    group: str,
    kinds: set[str] | None = None,
    daily: bool = False,
    code_version: str = "1",
    pool: str | None = None,
    **arguments: Any,
) -> Declare:
    """Declare the asset that computes ``table``: its name, words, columns, checks, owners and partitions."""
    # Backfill policies are marked beta; one run for many days is what keeps a long absence cheap.
    warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*backfill_policy.*")
    declare = dg.asset(
        name=table.name,
        description=table.meaning,
        group_name=group,
        kinds={"polars", "delta"} if kinds is None else kinds,
        owners=OWNERS,
        tags={"grain": "arrival_day" if daily else "whole"},
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table.name},
        partitions_def=days if daily else None,
        backfill_policy=dg.BackfillPolicy.single_run() if daily else None,
        check_specs=[
            dg.AssetCheckSpec(
                "rows_keep_the_schema",
                asset=table.name,
                description="Closed sets, bounds and the key hold in every row that was written.",
            )
        ],
        code_version=code_version,
        pool=pool,
        **arguments,
    )

    def decorate(compute: Callable[..., Any]) -> dg.AssetsDefinition:
        # Beside checks, Dagster takes an annotated result for one without a value, and does not know the generic form.
        returned = compute.__annotations__.pop("return")
        if get_args(returned) == (type(None),):
            compute.__annotations__["return"] = dg.MaterializeResult
        return declare(compute)  # type: ignore[no-any-return]

    return decorate


def rows_check(table: Table, violations: Mapping[str, int]) -> dg.AssetCheckResult:
    """The result of the schema check."""
    return dg.AssetCheckResult(
        check_name="rows_keep_the_schema",
        asset_key=table.name,
        passed=not violations,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=dict(violations) or {"rules": sum(bool(c.allowed) or c.minimum is not None for c in table.columns)},
    )


def result(
    table: Table,
    frame: pl.DataFrame,
    *,
    plot: bytes | Callable[[], bytes] | None = None,
    preview: Sequence[str] = (),
    **metadata: Any,
) -> dg.MaterializeResult[pl.DataFrame]:
    """A frame to be written as the table, with what people see of it in the UI.

    ``plot`` may be a function that draws the rows; it is not asked again where the last run had the same rows.
    """
    rows = table.conform(frame)
    version = content_hash(rows)
    key = f"{version}-{_code_hash()}"
    if callable(plot):
        drawn = _drawn(table, key)
        metadata = metadata | ({"plot": drawn} if drawn else {})
        plot = None if drawn else plot()
    return dg.MaterializeResult[pl.DataFrame](
        value=rows,
        metadata=about(table, rows, rows.height, plot=plot, preview=preview) | metadata,
        check_results=[rows_check(table, table.violations(rows))],
        data_version=dg.DataVersion(version),
        tags={DRAWN_TAG: key},
    )


def input_versions(lake: Tables, *tables: Table, **more: Any) -> dict[str, Any]:
    """What a result rests on: the Delta version of each table that it is computed from, the code, and ``more``."""
    return {table.name: lake.version(table) for table in tables} | {"code": _code_hash()} | more


def unchanged(lake: Tables, table: Table, inputs: Mapping[str, Any]) -> dg.MaterializeResult[pl.DataFrame] | None:
    """The last result again, where its ``inputs`` were the same and nobody has written the table since.

    A result is known again by the metadata ``inputs``, with which it was made (``input_versions``).
    """
    last = _last_materialization(table)
    told, written_as = (last.metadata.get(name) if last else None for name in ("inputs", "delta_version"))
    if last is None or told is None or told.value != dict(inputs):
        return None
    if written_as is None or written_as.value != lake.version(table):
        return None
    return dg.MaterializeResult(
        metadata=dict(last.metadata),
        check_results=[rows_check(table, {})],
        data_version=dg.DataVersion((last.tags or {})[DATA_VERSION_TAG]),
        tags={DRAWN_TAG: (last.tags or {}).get(DRAWN_TAG, "")},
    )


def _last_materialization(table: Table) -> dg.AssetMaterialization | None:
    """What the last run told of the table, for code that is part of a run."""
    try:
        context = dg.AssetExecutionContext.get()
    except DagsterInvariantViolationError:
        return None
    event = context.instance.get_latest_materialization_event(dg.AssetKey(table.name))
    return event.asset_materialization if event else None


def _drawn(table: Table, key: str) -> dg.MetadataValue[Any] | None:
    """The plot of the last run, where it had the same rows and was drawn by the same code."""
    last = _last_materialization(table)
    return last.metadata.get("plot") if last and (last.tags or {}).get(DRAWN_TAG) == key else None


@cache
def _code_hash() -> str:
    """A hash of the code that computes and draws."""
    digest = hashlib.sha256()
    for path in sorted(Path(core.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Audit:
    """Watches the frames that are added to a table and counts what breaks its rules.

    Rows of one write are looked at frame by frame, so the key is checked within frames only.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.violations: Counter[str] = Counter()
        self.added = 0

    def watch(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Pass the frames on."""
        for frame in frames:
            rows = self.table.conform(frame)
            self.violations.update(self.table.violations(rows))
            yield rows

    def add(self, write: Written) -> None:
        """Count the rows of a write that held."""
        self.added += write.rows


def written(
    table: Table,
    stored: pl.LazyFrame,
    audit: Audit,
    *,
    plot: Callable[[], bytes] | None = None,
    preview: Sequence[str] = (),
    **metadata: Any,
) -> dg.MaterializeResult[None]:
    """What people see of a table that the asset has added rows to itself; ``plot`` is drawn when it has added some."""
    key = f"added-{_code_hash()}"
    drawn = _drawn(table, key) if plot and not audit.added else None
    rows = stored.select(pl.len()).collect().item()
    sample = stored.head(2 * PREVIEW_ROWS).collect()
    shown = about(table, sample, rows, plot=plot() if plot and not drawn else None, preview=preview)
    return dg.MaterializeResult(
        metadata=shown | ({"plot": drawn} if drawn else {}) | {"rows_added": audit.added} | metadata,
        check_results=[rows_check(table, audit.violations)],
        tags={DRAWN_TAG: key},
    )


def partition_days(context: dg.AssetExecutionContext) -> list[date]:
    """The arrival days of this run."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


def about(
    table: Table, frame: pl.DataFrame, rows: int, *, plot: bytes | None, preview: Sequence[str]
) -> dict[str, Any]:
    """Row count, column lineage, a preview of the first rows, and a plot where there is one."""
    shown: dict[str, Any] = {
        "dagster/row_count": rows,
        "dagster/column_lineage": column_lineage(table),
        "preview": dg.MetadataValue.md(markdown(frame.select(preview) if preview else frame, rows)),
    }
    if plot:
        shown["plot"] = dg.MetadataValue.md(f"![plot](data:image/svg+xml;base64,{base64.b64encode(plot).decode()})")
    return shown


def markdown(frame: pl.DataFrame, rows: int) -> str:
    """The first of so many rows as a Markdown table, secrets masked and long texts cut."""
    if not frame.height:
        return "*no rows*"
    head = frame.head(PREVIEW_ROWS)
    lines = ["| " + " | ".join(head.columns) + " |", "|" + " --- |" * head.width]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in served(head.rows())]
    if rows > head.height:
        lines.append(f"\n*{rows - head.height:,} more rows*")
    return "\n".join(lines)


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\r", " ").replace("\n", " ⏎ ")
    return cut(text, PREVIEW_WIDTH)


def content_hash(frame: pl.DataFrame) -> str:
    """A hash of the rows: the same rows have the same data version, and the UI shows nothing as changed."""
    digest = hashlib.sha256()
    frame.write_ipc(_Hashing(digest), compat_level=pl.CompatLevel.oldest())  # type: ignore[call-overload]
    return digest.hexdigest()[:16]


class _Hashing:
    """A file that only hashes what is written to it."""

    def __init__(self, digest: Any) -> None:
        self._digest = digest

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""
