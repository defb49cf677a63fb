"""Records of plan templates: those that people and plans made, imported or deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa

from banana_assets.backends.records import plan_tables as t
from banana_assets.backends.records.engine import reading, writing
from banana_assets.core.errors import StoreError
from banana_assets.core.evidence import stable_id
from banana_assets.core.ids import begun
from banana_assets.core.plans.template_merging import Imported, merged
from banana_assets.core.plans.templates import Template, from_json, to_json
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_USES: dict[str, Type] = {"template_id": pl.String, "created_at": UTC}
USES = pl.Schema(_USES)
"""Columns of ``TemplateRecords.uses``."""


class TemplateRecords:
    """The templates of a store, over the engine of its records."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @property
    def home(self) -> str:
        """What names this store in exports: the same for the same database."""
        return stable_id("home", self.engine.url.render_as_string(hide_password=True))

    def templates(self) -> list[Template]:
        """The templates, by id."""
        with reading(self.engine) as connection:
            return _load(connection, t.plan_templates.c.deleted_at.is_(None))

    def deleted(self) -> list[Template]:
        """Those that people deleted, by id: they are not made again."""
        with reading(self.engine) as connection:
            return _load(connection, t.plan_templates.c.deleted_at.is_not(None))

    def find(self, told: str) -> str:
        """The id of the one template whose id is so, or begins so. Raises InputError where there is none or several."""
        c = t.plan_templates.c
        likely = sa.select(c.template_id).where(c.template_id.startswith(told, autoescape=True), c.deleted_at.is_(None))
        with reading(self.engine) as connection:
            # The shortest first: the very one is among them.
            ordered = likely.order_by(sa.func.length(c.template_id), c.template_id).limit(9)
            ids = list(connection.execute(ordered).scalars())
        return begun(told, ids, "template", "`banana templates --list` lists them.")

    def save(self, keep: Iterable[Template], drop: Sequence[str] = ()) -> None:
        """Keep these templates, in place of those with the same ids, and forget those of ``drop``, in one transaction.

        What people deleted stays deleted.
        """
        c = t.plan_templates.c
        with writing(self.engine) as connection:
            gone = set(connection.execute(sa.select(c.template_id).where(c.deleted_at.is_not(None))).scalars())
            for template in keep:
                if template.template_id not in gone:
                    _put(connection, template)
            if drop:
                live = sa.and_(c.template_id.in_(list(drop)), c.deleted_at.is_(None))
                connection.execute(sa.delete(t.plan_templates).where(live))

    def take_in(self, told: Sequence[Template], strategy: str, at: datetime) -> Imported:
        """Import templates by a conflict strategy, all or none of them; what people deleted comes back. Raises
        InputError for another strategy."""
        c = t.plan_templates.c
        with writing(self.engine) as connection:
            done = merged(_load(connection, c.deleted_at.is_(None)), told, strategy, at)
            for template in done.store:
                _put(connection, template)
            if done.retire:
                change = sa.update(t.plan_templates).where(c.template_id.in_(list(done.retire)))
                connection.execute(change.values(deleted_at=at, updated_at=at))
        return done

    def uses(self) -> pl.DataFrame:
        """The plans that were made from templates. Columns: template_id, created_at."""
        c = t.planner_results.c
        query = sa.select(c.template_id, c.created_at).where(c.template_id.is_not(None)).order_by(c.seq)
        with reading(self.engine) as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        return pl.DataFrame(rows, schema=USES, orient="row")

    def delete(self, template_id: str, at: datetime) -> bool:
        """Delete a template; it is not made again from the same plans. Whether there was one."""
        c = t.plan_templates.c
        live = sa.and_(c.template_id == template_id, c.deleted_at.is_(None))
        with writing(self.engine) as connection:
            change = sa.update(t.plan_templates).where(live).values(deleted_at=at, updated_at=at)
            return bool(connection.execute(change).rowcount)


def _load(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Template]:
    c = t.plan_templates.c
    rows = connection.execute(sa.select(c.template_id, c.template_json).where(where).order_by(c.template_id))
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


def _put(connection: sa.Connection, template: Template) -> None:
    c = t.plan_templates.c
    values: dict[str, Any] = {
        "name": template.name,
        "description": template.description,
        "category": template.category,
        "template_json": orjson.dumps(to_json(template)).decode(),
        "origin": template.origin,
        "imported_successes": sum(x.successes for x in template.counted.values()),
        "imported_trials": sum(x.trials for x in template.counted.values()),
        "created_at": template.created_at,
        "updated_at": template.updated_at,
        "deleted_at": None,
    }
    changed = connection.execute(
        sa.update(t.plan_templates).where(c.template_id == template.template_id).values(values)
    )
    if not changed.rowcount:
        connection.execute(sa.insert(t.plan_templates).values(template_id=template.template_id, **values))
