"""What the router of models goes by: what builds said of the plans that each model made."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.tables import Tables
from banana_assets.core.models.quality import QUALITY
from banana_assets.core.plans.quality import quality_by_model
from banana_assets.core.tables.outcomes import PLAN_OUTCOMES


def model_quality(engine: sa.Engine, lake: Tables) -> pl.DataFrame:
    """QUALITY as of the last outcomes that were computed; empty before there are any."""
    outcomes = lake.read(PLAN_OUTCOMES).filter(pl.col("outcome").is_in(["fixed", "recurred"]))
    if not outcomes.height:
        return pl.DataFrame(schema=QUALITY)
    return quality_by_model(PlanRecords(engine).plans(kind="failure"), outcomes).select(QUALITY.names())
