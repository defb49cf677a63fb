"""Recommendations over time: what was there before, what people decided, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.states import STATES
from banana_assets.core.tables.advice import OPTIMIZATION_RECOMMENDATIONS

if TYPE_CHECKING:
    from banana_assets.core.advice.recommendations import Recommendation

MOST = 50


def recommendations(
    bottlenecks: pl.DataFrame,
    seen: Observed,
    *,
    previous: pl.DataFrame | None = None,
    states: pl.DataFrame | None = None,
    most: int = MOST,
) -> pl.DataFrame:
    """OPTIMIZATION_RECOMMENDATIONS out of BOTTLENECKS and what was observed.

    ``previous`` is the table as it was, ``states`` (STATES) what people decided. The same advice keeps its id and the
    time it was first made. What is no longer found, and nobody decided about, stays as ``closed`` with the time and the
    reason, and opens again when it is found again; what people did or dismissed stays either way. Beyond the ``most``
    weightiest open ones nothing is added. Running it again on the same data changes nothing.
    """
    # Who only shows what was found needs none of its rules.
    from banana_assets.core.advice.recommendations import found

    now = seen.now
    made = found(bottlenecks, seen)
    before = _rows(previous)
    decided = _rows(states if states is not None else pl.DataFrame(schema=STATES))
    if not made and not before:
        return OPTIMIZATION_RECOMMENDATIONS.empty()
    rows = [
        *_current(made, before, decided, now, most),
        *_gone(made, before, decided, now, most),
    ]
    for row in rows:
        _decide(row, decided.get(row["recommendation_id"]), seen)
    return OPTIMIZATION_RECOMMENDATIONS.conform(pl.DataFrame(rows, schema=OPTIMIZATION_RECOMMENDATIONS.dtypes))


def with_states(
    table: pl.DataFrame, states: pl.DataFrame, observe: Callable[[], Observed] | None = None
) -> pl.DataFrame:
    """The table (OPTIMIZATION_RECOMMENDATIONS) with the decisions (STATES) of this moment.

    Effects of what was implemented since it was computed are measured with what ``observe`` gives; it is asked only
    where there are such, and without it they stay empty.
    """
    decided = _rows(states)
    seen: Observed | None = None
    rows = []
    for row in table.iter_rows(named=True):
        state = decided.get(row["recommendation_id"])
        known = {name: row[name] for name in ("implemented_at", "effect")}
        if row["status"] in ("implemented", "dismissed"):
            row["status"] = "open" if row["found"] else "closed"
        new = state is not None and state["implemented_at"] != known["implemented_at"]
        if new and state is not None and state["implemented_at"] is not None and observe is not None:
            seen = seen or observe()
        _decide(row, state, seen if new else None)
        if not new:
            row["effect"] = known["effect"]
        rows.append(row)
    return OPTIMIZATION_RECOMMENDATIONS.conform(pl.DataFrame(rows, schema=OPTIMIZATION_RECOMMENDATIONS.dtypes))


def _rows(frame: pl.DataFrame | None) -> dict[str, dict[str, Any]]:
    if frame is None:
        return {}
    return {row["recommendation_id"]: row for row in frame.iter_rows(named=True)}


def _kept(made: Sequence[Recommendation], decided: dict[str, Any], most: int) -> list[Recommendation]:
    """The weightiest undecided ones, and all that somebody decided about."""
    undecided = [r for r in made if decided.get(r.id, {}).get("status", "open") == "open"]
    return [r for r in made if r not in undecided] + undecided[:most]


def _current(
    made: Sequence[Recommendation],
    before: dict[str, dict[str, Any]],
    decided: dict[str, Any],
    now: datetime | None,
    most: int,
) -> list[dict[str, Any]]:
    rows = []
    for recommendation in _kept(made, decided, most):
        created = before.get(recommendation.id, {}).get("created_at") or now
        rows.append(
            recommendation.row()
            | {"status": "open", "found": True, "created_at": created, "closed_at": None, "closed_reason": None}
        )
    return rows


def _gone(
    made: Sequence[Recommendation],
    before: dict[str, dict[str, Any]],
    decided: dict[str, Any],
    now: datetime | None,
    most: int,
) -> list[dict[str, Any]]:
    kept = {r.id for r in _kept(made, decided, most)}
    still = {r.id for r in made}
    rows = []
    for ident, row in before.items():
        # A table of an earlier version knows neither when a recommendation was made nor what measures it.
        if ident in kept or row["created_at"] is None or row["target"] is None:
            continue
        closed = row["closed_at"] or now
        reason = row["closed_reason"] or (
            f"{most} others have a greater impact"
            if ident in still
            else f"what it rested on is no longer found in the data{f' up to {closed:%F %H:%M} UTC' if closed else ''}"
        )
        rows.append(row | {"status": "closed", "found": False, "closed_at": closed, "closed_reason": reason})
    return rows


def _decide(row: dict[str, Any], state: dict[str, Any] | None, seen: Observed | None) -> None:
    """Put in what people decided, and the effect of what they did."""
    row |= dict.fromkeys(("implemented_at", "decided_at", "decided_by", "note", "effect"))
    if state is None:
        return
    row |= {"decided_at": state["set_at"], "decided_by": state["set_by"], "note": state["note"]}
    if state["status"] == "open":
        return
    row |= {"status": state["status"], "implemented_at": state["implemented_at"]}
    if state["implemented_at"] is not None and seen is not None:
        # Comparing needs numpy, and most lists of advice have nothing to compare.
        from banana_assets.core.advice.effects import effect

        row["effect"] = effect(row["target"], state["implemented_at"], seen, begun=row["since"])
