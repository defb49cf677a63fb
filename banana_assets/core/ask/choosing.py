"""Asking a language model which of the declared queries a question means; it chooses and writes nothing."""

from __future__ import annotations

from banana_assets.core.ask.meaning import QUERIES
from banana_assets.core.models.types import Request

NONE = "none"
_INSTRUCTIONS = """Choose which one of these queries answers the question, or none of them.
{queries}
{none}: none of these, or more is asked than it answers.
Choose none when the question asks about something that the query does not say."""


def request(question: str) -> Request:
    """The question as one for a model: the answer is the name of a query, or none."""
    queries = "\n".join(f"{query.name}: {query.says}" for query in QUERIES)
    return Request(
        task="ask",
        instructions=_INSTRUCTIONS.format(queries=queries, none=NONE),
        data=question[:500],
        schema={
            "type": "object",
            "properties": {"query": {"type": "string", "enum": [*(query.name for query in QUERIES), NONE]}},
            "required": ["query"],
            "additionalProperties": False,
        },
        schema_name="query",
        prompt_version="ask-1",
        max_tokens=60,
        subject=question[:120],
    )
