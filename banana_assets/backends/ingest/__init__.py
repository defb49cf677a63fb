"""The ways in: logs, builds and resource series from files to the store. The same thing again changes nothing."""

from __future__ import annotations

from banana_assets.backends.ingest.builds import ingest_builds
from banana_assets.backends.ingest.logs import ingest_logs
from banana_assets.backends.ingest.report import Item, Report
from banana_assets.backends.ingest.resources import ingest_resources

__all__ = ["Item", "Report", "ingest_builds", "ingest_logs", "ingest_resources"]
