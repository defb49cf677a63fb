"""One template of plans as people read it: its steps, what may go wrong, and how often it worked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from banana_assets.interfaces.cli.output import shown

WIDTH = 100


def success(row: Mapping[str, Any]) -> str:
    """How often later plans of this shape were fixed, with the 95 % interval."""
    if not row["trials"]:
        return "not tried yet"
    return f"{row['success_rate']:.0%} ({row['success_low']:.0%} to {row['success_high']:.0%}) of {row['trials']}"


def elsewhere(row: Mapping[str, Any]) -> str | None:
    """What other stores counted."""
    return f"{row['imported_successes']:g} of {row['imported_trials']:g}" if row["imported_trials"] else None


def as_text(row: Mapping[str, Any]) -> str:
    """The template, wrapped."""
    return shown("\n".join(line for said in _said(row) for line in _wrapped(said))) + "\n"


def _said(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"{row['name']} ({row['template_id']})"
    yield row["description"]
    yield f"For: {row['category']}{' of ' + row['tool'] if row['tool'] else ''}"
    yield f"Worked: {success(row)}{', elsewhere ' + told if (told := elsewhere(row)) else ''}"
    yield from (f"Not used: {issue}" for issue in row["issues"])
    yield ""
    for number, step in enumerate(row["steps"], 1):
        after = f", after {', '.join(str(n + 1) for n in step['after'])}" if step["after"] else ""
        yield f"{number}. {step['description']}"
        yield f"   {step['type']}, {step['minutes']:g} min, {step['priority']}{after}"
        if step["expects"]:
            yield f"   -> {step['expects']}"
    if row["risks"] or row["fallback_plan"]:
        yield ""
    yield from (f"Risk: {risk['description']} {risk['mitigation']}".rstrip() for risk in row["risks"])
    if row["fallback_plan"]:
        yield f"If it does not work: {row['fallback_plan']}"


def _wrapped(said: str) -> list[str]:
    indent = " " * (len(said) - len(said.lstrip()))
    return textwrap.wrap(said, WIDTH, subsequent_indent=f"{indent}   ", break_on_hyphens=False) or [""]
