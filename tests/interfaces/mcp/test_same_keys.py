"""The same thing has the same keys over HTTP and in tools: differences are told here, so that none comes by chance."""

from __future__ import annotations

import polars as pl
import pytest
from pydantic import BaseModel

from banana_assets.backends.listings import LISTINGS
from banana_assets.core.schema import Table
from banana_assets.core.tables import FAILURE_CLUSTERS, FLAKY_TESTS
from banana_assets.core.tables.plans import PLANS
from banana_assets.interfaces.api import code, comparing, insight, media, models
from banana_assets.interfaces.mcp import changed, explained, failures, goals, metadata, records, scheduling, searching
from banana_assets.interfaces.mcp import comparing as compared
from banana_assets.interfaces.mcp import usage as predicted

Shape = type[BaseModel] | Table | pl.Struct
FORM = {"build_id"}
"""What the published form of builds over HTTP calls otherwise: there it is ``id``."""
PAGE = {"truncated", "next_cursor"}
NOTED = {"missing", "notes"}


def struct(table: Table, *path: str) -> pl.Struct:
    """The struct in a column of a table."""
    dtype = table.dtypes[path[0]]
    for name in (*path[1:], None):
        dtype = dtype.inner if isinstance(dtype, pl.List) else dtype
        assert isinstance(dtype, pl.Struct)
        dtype = dtype.to_schema()[name] if name else dtype
    return dtype


def keys(*shapes: Shape) -> set[str]:
    """The keys of a shape, or of several that tell a thing together."""
    found: set[str] = set()
    for shape in shapes:
        if isinstance(shape, Table):
            found |= set(shape.dtypes)
        elif isinstance(shape, pl.Struct):
            found |= set(shape.to_schema())
        else:
            found |= {field.alias or name for name, field in shape.model_fields.items()}
    return found


BUILD = (models.BuildBody, models.DiagnosisBody, models.ClusterBody)
PREDICTIONS = LISTINGS["forecasts"].table
QUEUES, WINDOWS = LISTINGS["queues"].table, LISTINGS["windows"].table
SAME: list[tuple[type[BaseModel], tuple[Shape, ...], set[str]]] = [
    (failures.FailedBuild, (*BUILD, FAILURE_CLUSTERS), FORM | {"at"}),
    (explained.TheBuild, BUILD, FORM | {"at", "log_sha256"}),
    (explained.Reason, (models.DiagnosisBody,), {"next_step"}),
    (explained.Known, (models.ClusterBody, FAILURE_CLUSTERS), set()),
    (explained.Flaky, (FLAKY_TESTS,), set()),
    (explained.Planned, (PLANS,), {"outcome"}),
    (explained.PlanStep, (struct(PLANS, "subtasks"),), set()),
    (records.Predicted, (struct(PLANS, "prediction"),), set()),
    (records.Quote, (comparing.Place,), set()),
    (records.Quote, (struct(PLANS, "subtasks", "citations"),), set()),
    (goals.Row, (struct(PLANS, "subtasks", "rests_on"),), set()),
    (goals.Action, (struct(PLANS, "subtasks", "action"),), set()),
    (changed.Lines, (models.Lines,), set()),
    (changed.Suspected, (code.SuspectBody,), set()),
    (changed.ChangedPath, (code.ChangedFileBody,), set()),
    (changed.CommitLine, (code.CommitBody,), set()),
    (changed.Changed, (code.ChangesBody,), {"since_build"}),
    (compared.Compared, (comparing.Side,), {"at"}),
    (compared.ComparedStep, (comparing.Step,), set()),
    (compared.ComparedTest, (comparing.Test,), set()),
    (compared.ComparedLines, (comparing.Stretch,), set()),
    (compared.BuildComparison, (comparing.ComparisonAnswer,), PAGE | {"summary"}),
    (searching.FoundItem, (insight.Hit,), set()),
    (searching.FoundInLogs, (insight.Found,), PAGE | NOTED | {"lines", "build_id", "log_file", "total"}),
    (metadata.MissingField, (media.MissingField,), set()),
    (metadata.Improvement, (media.ToDo,), {"command", "field"}),
    (metadata.Measure, (LISTINGS["metadata-quality"].table,), set()),
    (scheduling.QueueSchedule, (QUEUES,), {"waiting_total", "windows", "windows_total"}),
    (scheduling.Batches, (struct(QUEUES, "batches"),), set()),
    (scheduling.Place, (struct(QUEUES, "waiting"),), set()),
    (scheduling.Window, (WINDOWS,), set()),
    (predicted.Crossing, (struct(PREDICTIONS, "crossing"),), set()),
    (predicted.Point, (PREDICTIONS,), set()),
    (predicted.Prediction, (PREDICTIONS,), {"unit", "upper80", "model_used", "points", "points_total"}),
]
"""A shape of tools, those of HTTP that tell the same, and what tools alone tell of it.

Patterns, recommendations, metrics and plans made for a goal keep the names of the planning server that clients know;
``test_contract_keys`` has those.
"""


@pytest.mark.parametrize(("ours", "theirs", "alone"), SAME, ids=[shape.__name__ for shape, *_ in SAME])
def test_tools_call_things_as_http_does(ours: type[BaseModel], theirs: tuple[Shape, ...], alone: set[str]) -> None:
    assert keys(ours) - keys(*theirs) == alone


@pytest.mark.parametrize(
    ("ours", "theirs", "beside"),
    [
        (compared.Compared, comparing.Side, {"queued_at", "started_at", "finished_at", "arrived_at"}),
        (compared.ComparedStep, comparing.Step, set()),
        (compared.ComparedTest, comparing.Test, set()),
        (compared.ComparedLines, comparing.Stretch, set()),
        (compared.BuildComparison, comparing.ComparisonAnswer, {"status"}),
        (changed.Changed, code.ChangesBody, {"omitted"}),
        (changed.Suspected, code.SuspectBody, set()),
        (explained.Reason, models.DiagnosisBody, {"cause_text", "failing_tests"}),
        (explained.Known, models.ClusterBody, set()),
        (records.Quote, comparing.Place, set()),
        (searching.FoundItem, insight.Hit, {"document_id", "score"}),
    ],
    ids=lambda shape: getattr(shape, "__name__", ""),
)
def test_http_tells_no_more_than_is_known_here(
    ours: type[BaseModel], theirs: type[BaseModel], beside: set[str]
) -> None:
    assert keys(theirs) - keys(ours) == beside
