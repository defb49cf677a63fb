"""Answers that were given before, by the hash of all that they depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.records.model_tables import llm_cache
from banana_assets.core.models.types import Answer, Request

MOST_ANSWERS = 5_000
"""Answers kept; those not used for longest go first."""


def request_key(request: Request, name: str) -> str:
    """The SHA-256 of masked evidence, instructions, prompt version, model and schema.

    ``request`` is what leaves the house, so that two questions that differ in a secret alone are one.
    """
    parts = {
        "model": name,
        "task": request.task,
        "prompt_version": request.prompt_version,
        "instructions": request.instructions,
        "data": request.data,
        "schema": request.schema,
        "schema_name": request.schema_name,
        "max_tokens": request.max_tokens,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class Cache:
    """The table ``llm_cache``."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The answer kept under that key; None where there is none."""
        with reading(self.engine) as connection:
            text = connection.execute(sa.select(llm_cache.c.value).where(llm_cache.c.request_key == key)).scalar()
        if text is None:
            return None
        value = json.loads(text)
        return value if isinstance(value, dict) else None

    def used(self, key: str, now: datetime) -> None:
        """Note that an answer was used."""
        c = llm_cache.c
        with writing(self.engine) as connection:
            connection.execute(sa.update(llm_cache).where(c.request_key == key).values(used_at=now, uses=c.uses + 1))

    def put(self, key: str, answer: Answer, now: datetime) -> None:
        """Keep an answer in place of an older one; drop those that were not used for longest."""
        c = llm_cache.c
        values = {
            "provider": answer.provider,
            "model": answer.model,
            "value": json.dumps(dict(answer.value)),
            "input_tokens": answer.input_tokens,
            "output_tokens": answer.output_tokens,
            "created_at": now,
            "used_at": now,
            "uses": 0,
        }
        with writing(self.engine) as connection:
            connection.execute(sa.delete(llm_cache).where(c.request_key == key))
            connection.execute(sa.insert(llm_cache).values(request_key=key, **values))
            oldest = sa.select(c.request_key).order_by(c.used_at.desc(), c.request_key).offset(MOST_ANSWERS)
            if connection.dialect.name == "sqlite":
                # SQLite takes no offset without a limit.
                oldest = oldest.limit(-1)
            connection.execute(sa.delete(llm_cache).where(c.request_key.in_(oldest)))
