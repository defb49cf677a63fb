"""Reports of coding agents in the records: unverified words of others, kept beside what was found here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from banana_assets.backends.records import tables as t
from banana_assets.backends.records.api_tables import reports
from banana_assets.backends.records.engine import reading, writing
from banana_assets.core.errors import InputError
from banana_assets.core.learning.reports import Report
from banana_assets.core.safety import serving

MOST_OF_A_BUILD = 1000
"""Reports kept of one build."""


class ConflictError(InputError):
    """The same idempotency key came with another content."""


@dataclass(frozen=True)
class Stored:
    """Where a report is: its number, its place within its build (from 0), and whether it was there already."""

    id: int
    position: int
    known: bool


class Reports:
    """The reports in the records."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def submit(
        self, report: Report, *, by: str, at: datetime, key: str | None = None, cluster_id: str | None = None
    ) -> Stored:
        """Keep a report once: the same key, or without one the same content by the same caller, brings the first again.

        Raises InputError for an unknown build or one with too many reports, ConflictError when the key came before
        with another content.
        """
        c = reports.c
        with writing(self.engine) as connection:
            build = connection.execute(sa.select(t.builds.c.build_id).where(t.builds.c.build_id == report.build_id))
            if build.first() is None:
                raise InputError("build not found", "GET builds lists them.")
            mine = (
                sa.and_(c.created_by == by, c.idempotency_key == key)
                if key
                else sa.and_(
                    c.created_by == by, c.build_id == report.build_id, c.content_sha256 == report.content_sha256
                )
            )
            before = connection.execute(sa.select(c.id, c.position, c.content_sha256).where(mine)).first()
            if before is not None:
                if before.content_sha256 != report.content_sha256:
                    raise ConflictError(
                        "That Idempotency-Key came with another report.", "Use a new key for a new report."
                    )
                return Stored(before.id, before.position, known=True)
            count = sa.select(sa.func.count()).where(c.build_id == report.build_id)
            position = connection.execute(count).scalar_one()
            if position >= MOST_OF_A_BUILD:
                raise InputError(f"The build has {position} reports already.", "No more are kept.")
            row = connection.execute(
                sa.insert(reports).values(
                    build_id=report.build_id,
                    position=position,
                    type=report.type,
                    analysis=report.analysis,
                    recommendations=orjson.dumps(list(report.recommendations)).decode(),
                    confidence=report.confidence,
                    findings=orjson.dumps(dict(report.findings)).decode(),
                    model_version=report.model_version,
                    cluster_id=cluster_id,
                    plan_id=report.plan_id,
                    created_at=at,
                    created_by=by,
                    idempotency_key=key or None,
                    content_sha256=report.content_sha256,
                )
            )
            return Stored(int(row.inserted_primary_key[0]), position, known=False)  # type: ignore[index]

    def of(self, build_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The reports of these builds, in their order, as they are served: ``timestamp`` is ISO 8601 in UTC."""
        found: dict[str, list[dict[str, Any]]] = {}
        query = sa.select(reports).where(reports.c.build_id.in_(list(build_ids)))
        with reading(self.engine) as connection:
            for row in connection.execute(query.order_by(reports.c.build_id, reports.c.position)):
                found.setdefault(row.build_id, []).append(served(row))
        return found

    def newest(self) -> int:
        """The number of the newest report, 0 without any: it grows with every report."""
        with reading(self.engine) as connection:
            return connection.execute(sa.select(sa.func.max(reports.c.id))).scalar() or 0


def served(row: Any) -> dict[str, Any]:
    """A report as the wire has it, without secrets; ``verified`` is false, for nobody here checked its words."""
    told: dict[str, Any] = serving.served(_wire(row))
    return told


def _wire(row: Any) -> dict[str, Any]:
    return {
        "report_id": row.position,
        "type": row.type,
        "analysis": row.analysis,
        "recommendations": orjson.loads(row.recommendations),
        "confidence": row.confidence,
        "timestamp": row.created_at.isoformat(),
        "findings": orjson.loads(row.findings),
        "model_version": row.model_version,
        "cluster_id": row.cluster_id,
        "plan_id": row.plan_id,
        "reported_by": row.created_by,
        "verified": False,
    }
