"""What Prometheus reads: requests of this server, and the state of builds, patterns, health and deliveries."""

from __future__ import annotations

import time
from collections.abc import Iterator

import polars as pl
import sqlalchemy as sa
from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from banana_assets.backends.records import tables as t
from banana_assets.backends.records.api_tables import deliveries, reports
from banana_assets.backends.records.engine import reading
from banana_assets.core.tables import BUILD_FAILURES, BUILD_HEALTH, LOG_PATTERNS
from banana_assets.interfaces.api.access import Reader
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import declared
from banana_assets.interfaces.api.service import Service

router = APIRouter(tags=["operation"])
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Requests:
    """Counts and times of this server's requests, by the operation that answered them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("operation", "method", "status")
        self.count = Counter("banana_requests", "Requests answered.", names, registry=self.registry)
        self.seconds = Histogram(
            "banana_request_seconds",
            "Time until an answer began.",
            ("operation", "method"),
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, operation: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        key = operation, method, status
        series = self._series.get(key)
        if series is None:
            # Finding a series by its labels costs more than counting.
            of_count, of_seconds = self.count.labels(operation, method, str(status)), self.seconds
            series = self._series[key] = of_count, of_seconds.labels(operation, method)
        series[0].inc()
        series[1].observe(seconds)


class Timing:
    """Counts each request under the name of its operation: the addresses themselves would make a series each."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it when its answer begins."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                operation = getattr(scope.get("route"), "name", "none")
                seen: Requests = scope["app"].state.requests
                seen.answered(operation, scope["method"], message["status"], time.perf_counter() - begun)
            await send(message)

        await self.app(scope, receive, counted)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses=declared(401, 403, 422, 429, 503) | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, caller: Reader) -> Response:
    """Prometheus' text format: requests, builds by status, failures by class, open patterns, health, deliveries."""
    service = service_of(request)
    seen: Requests = request.app.state.requests

    def render() -> bytes:
        once = CollectorRegistry()
        once.register(_Stored(service))
        return bytes(generate_latest(seen.registry) + generate_latest(once))

    return Response(await run_in_threadpool(render), media_type=CONTENT_TYPE_LATEST)


class _Stored:
    """The figures of the store, counted when they are asked for."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        store, tables = self.service.store, self.service.tables
        with reading(store.engine) as connection:
            by_status = connection.execute(
                sa.select(t.builds.c.status, sa.func.count()).group_by(t.builds.c.status).order_by(t.builds.c.status)
            ).all()
            kept = connection.execute(sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)).all()
            said = connection.execute(sa.select(sa.func.count()).select_from(reports)).scalar_one()
        yield _family("banana_builds", "Builds by how they stand.", "status", by_status)
        yield _family("banana_deliveries", "Webhook deliveries by what came of them.", "state", kept)
        yield GaugeMetricFamily("banana_reports", "Reports of coding agents.", value=said)
        failures = tables.scan(BUILD_FAILURES).group_by("category").len().sort("category").collect()
        yield _family("banana_failures", "Diagnosed failures by class.", "category", failures.rows())
        shown = tables.scan(LOG_PATTERNS).filter(pl.col("state") == "open")
        patterns = shown.group_by("severity").len().sort("severity").collect()
        yield _family("banana_open_patterns", "Open log patterns by severity.", "severity", patterns.rows())
        health = tables.scan(BUILD_HEALTH).select("pipeline", "score").sort("pipeline").collect()
        yield _family(
            "banana_health_score", "Health from 0 to 100; all pipelines have no name.", "pipeline", health.rows()
        )


def _family(name: str, about: str, label: str, rows: object) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, count in rows:  # type: ignore[attr-defined]
        family.add_metric([str(value)], float(count))
    return family
