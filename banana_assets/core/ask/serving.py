"""An answer as it leaves the house: masked, with nothing hidden in it."""

from __future__ import annotations

from dataclasses import replace

from banana_assets.core.ask.types import Reply
from banana_assets.core.evidence import Citation, Evidence
from banana_assets.core.safety.secrets import mask, mask_lines
from banana_assets.core.safety.untrusted import tidy


def served(reply: Reply) -> Reply:
    """The answer with secrets masked and hidden characters shown; quotes are the log's lines, masked."""
    return replace(
        reply, text=_shown(reply.text), missing=_shown(reply.missing), facts=tuple(_fact(f) for f in reply.facts)
    )


def _shown(text: str) -> str:
    return tidy(mask(text).text)


def _fact(told: Evidence) -> Evidence:
    return {**told, "fact": _shown(told["fact"]), "citation": _citation(told["citation"])}


def _citation(cited: Citation | None) -> Citation | None:
    if cited is None:
        return None
    return {**cited, "quote": "\n".join(mask_lines(cited["quote"].split("\n")).lines)}
