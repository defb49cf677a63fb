"""Records of plan templates: those that people and plans made, imported or deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from banana_assets.backends.records import plan_tables as t
from banana_assets.backends.records.engine import EngineRows, writing
from banana_assets.backends.template_reading import ALIVE, TemplateReading, loaded, stored
from banana_assets.core.plans.template_merging import Imported, merged
from banana_assets.core.plans.templates import Template, to_json


class TemplateRecords(TemplateReading):
    """The templates of a store, over the engine of its records."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(EngineRows(engine))
        self.engine = engine

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
            done = merged(loaded(connection.execute(sa.text(stored(ALIVE)))), told, strategy, at)
            for template in done.store:
                _put(connection, template)
            if done.retire:
                change = sa.update(t.plan_templates).where(c.template_id.in_(list(done.retire)))
                connection.execute(change.values(deleted_at=at, updated_at=at))
        return done

    def delete(self, template_id: str, at: datetime) -> bool:
        """Delete a template; it is not made again from the same plans. Whether there was one."""
        c = t.plan_templates.c
        live = sa.and_(c.template_id == template_id, c.deleted_at.is_(None))
        with writing(self.engine) as connection:
            change = sa.update(t.plan_templates).where(live).values(deleted_at=at, updated_at=at)
            return bool(connection.execute(change).rowcount)


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
