"""What a build consists of: its steps with their times."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import BUILD_ID, UTC

BUILD_STEPS = Table(
    "build_steps",
    "The steps of each build with their times, as the CI system wrote them into the log; one where it marks none.",
    (
        BUILD_ID,
        Column("position", pl.Int32, "place among the build's steps, from 1", minimum=1),
        Column("name", pl.String, "what the step is called"),
        Column("step", pl.String, "the name with its variables masked: the same step in another build"),
        Column("first_line", pl.Int64, "first line of the step in the log", minimum=1),
        Column("last_line", pl.Int64, "last line of the step in the log", minimum=1),
        Column("started_at", UTC, "when it began", nullable=True),
        Column(
            "duration_seconds",
            pl.Float64,
            "from its first line to the next step's, or to the end; null where the log has no times",
            "s",
            nullable=True,
            minimum=0,
        ),
        Column("heading", pl.String, "its first line, without prefix and colours"),
        Column("log_sha256", pl.String, "the log that was read"),
        Column("rules_version", pl.Int32, "version of the rules that found the steps"),
    ),
    key=("build_id", "position"),
    sources={"build_id": ("builds.build_id",), "log_sha256": ("builds.log_sha256",)},
)
