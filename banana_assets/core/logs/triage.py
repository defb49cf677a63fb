"""Asking a model which log patterns to look at first. It chooses among numbered lines and says nothing else, so that
whatever it answers is one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from banana_assets.core.models.types import Request

VERSION = "log-triage-1"
MOST_SHOWN = 40
MOST_CHOSEN = 5
MAX_TOKENS = 60

INSTRUCTIONS = """
You are on call for the services of a software project. Each numbered line is one pattern of log messages of the last
hours: how bad it is, how often it came, what writes it, and the message with its variables named.

Answer with `first`: the numbers of the lines that somebody should look at first, the most telling one first. Prefer
causes over what follows from them, and what breaks work over what only repeats.
"""


def request(patterns: Iterable[Mapping[str, Any]]) -> Request:
    """The question about patterns (``severity, within, sources, named_template``), at most MOST_SHOWN."""
    lines = [
        f"{p['severity']}, {p['within']} times, {', '.join(p['sources'])}: {' '.join(p['named_template'].split())}"
        for p in patterns
    ][:MOST_SHOWN]
    number = {"type": "integer", "minimum": 1, "maximum": len(lines)}
    return Request(
        task="log_triage",
        instructions=INSTRUCTIONS,
        data="\n".join(lines),
        schema={
            "type": "object",
            "properties": {"first": {"type": "array", "items": number, "minItems": 1, "maxItems": MOST_CHOSEN}},
            "required": ["first"],
            "additionalProperties": False,
        },
        schema_name="log_triage",
        prompt_version=VERSION,
        max_tokens=MAX_TOKENS,
    )


def chosen(value: Mapping[str, Any], ids: list[str]) -> list[str]:
    """The ids that an answer names, each once."""
    return list(dict.fromkeys(ids[number - 1] for number in value["first"]))
