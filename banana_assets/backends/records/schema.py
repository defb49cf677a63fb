"""All tables of the records together: what migrations are compared with."""

from __future__ import annotations

from banana_assets.backends.records import api_tables, media_tables, model_tables, plan_tables, task_tables
from banana_assets.backends.records.tables import metadata

MODULES = (api_tables, media_tables, model_tables, plan_tables, task_tables)
"""Importing them enters their tables into ``metadata``."""

__all__ = ["metadata"]
