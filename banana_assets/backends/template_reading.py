"""Reading the records of plan templates."""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl

from banana_assets.backends.records.rows import Rows
from banana_assets.core.errors import StoreError
from banana_assets.core.evidence import stable_id
from banana_assets.core.ids import begun
from banana_assets.core.plans.templates import Template, from_json
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_USES: dict[str, Type] = {"template_id": pl.String, "created_at": UTC}
USES = pl.Schema(_USES)
"""Columns of ``TemplateReading.uses``."""

ALIVE, DELETED = "deleted_at IS NULL", "deleted_at IS NOT NULL"


class TemplateReading:
    """The templates of a store, for whoever only reads them."""

    def __init__(self, records: Rows) -> None:
        self.records = records

    @property
    def home(self) -> str:
        """What names this store in exports: the same for the same database."""
        return stable_id("home", self.records.address)

    def templates(self) -> list[Template]:
        """The templates, by id."""
        return loaded(self.records.rows(stored(ALIVE)))

    def deleted(self) -> list[Template]:
        """Those that people deleted, by id: they are not made again."""
        return loaded(self.records.rows(stored(DELETED)))

    def find(self, told: str) -> str:
        """The id of the one template whose id is so, or begins so. Raises InputError where there is none or several."""
        return begun(
            told,
            self.records.beginning(told, "plan_templates", "template_id", ALIVE),
            "template",
            "`banana templates --list` lists them.",
        )

    def uses(self) -> pl.DataFrame:
        """The plans that were made from templates. Columns: template_id, created_at."""
        statement = f"SELECT {', '.join(USES)} FROM planner_results WHERE template_id IS NOT NULL ORDER BY seq"
        return self.records.frame(USES, statement)


def stored(where: str) -> str:
    """The statement that reads the templates of which that holds, by id; ``loaded`` takes its rows."""
    return f"SELECT template_id, template_json FROM plan_templates WHERE {where} ORDER BY template_id"


def loaded(rows: Any) -> list[Template]:
    """The templates of these rows (id, JSON). Raises StoreError for one that is damaged."""
    found = []
    for template_id, text in rows:
        try:
            found.append(from_json(orjson.loads(text)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"The record of the template {template_id} is damaged: {error}.",
                f"Delete it (`banana templates --delete {template_id}`) and import or make it again.",
            ) from error
    return found
