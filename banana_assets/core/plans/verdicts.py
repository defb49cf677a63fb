"""The verdict on one plan, with its reason: what it needs to be called fixed, and when it cannot be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from banana_assets.core.evidence import plural
from banana_assets.core.plans.following import CALLED_OFF, DONE, FAILED, UNDER_WAY, UNTOUCHED, Following
from banana_assets.core.plans.trial import Failure, History, Trial, came_back, trial

MOST_NAMED = 50
"""Builds named as having decided."""


@dataclass(frozen=True)
class Verdict:
    """``outcome`` (one of OUTCOMES) and why; ``decide_by`` ends the horizon; ``seen`` are the builds it rests on.
    ``counts``: enough builds ran to tell either way, so that it may stand in a rate."""

    outcome: str
    why: str
    decide_by: datetime | None = None
    decided_at: datetime | None = None
    decided_by: tuple[str, ...] = ()
    seen: Trial | None = None
    came_back_at: datetime | None = None
    counts: bool = False


@dataclass(frozen=True)
class Case:
    """What a verdict is found from. ``others`` are when other plans for the same failure were begun; ``replaced`` tells
    that a later plan took its place."""

    plan: Mapping[str, Any]
    mine: Following
    history: History
    as_of: datetime
    length: timedelta
    others: Sequence[datetime]
    replaced: bool


def of_failure(case: Case, failure: Failure | None) -> Verdict:
    """The verdict on a plan for a failure; None where that failure is in no build that is stored.

    Recurred: the cluster failed again in one of its jobs. Fixed: it did not, and there were more clean builds than
    chance explains. A step that failed rules out fixed, and what was gone before anybody began is nobody's doing.
    """
    mine = case.mine
    if mine.state in (UNTOUCHED, CALLED_OFF, UNDER_WAY):
        return _undone(case, failure)
    if failure is None or not failure.runs:
        return Verdict("unknowable", "Its failure is no longer among the failures of the builds that are stored.")
    since = mine.in_place_at or case.plan["created_at"]
    by = since + case.length
    gone = _gone_before(failure, case.history, mine.begun_at or since)
    if gone:
        return gone
    cut = min((at for at in case.others if at > since), default=by)
    seen = trial(failure, case.history, since, min(by, cut))
    if seen is None:
        return Verdict("unknowable", "It was done before the failure was first seen in a build that is stored.", by)
    if seen.again:
        first = seen.again[0]
        why = f"It failed again in {first.build_id} ({first.place}) on {first.at:%F}, after {_after(case, since)}."
        whole = trial(failure, case.history, since, by) if cut < by else seen
        told = whole is not None and whole.tellable
        return Verdict("recurred", why + _untimed(seen), by, first.at, (first.build_id,), seen, counts=told)
    if mine.state == FAILED:
        why = "A step of it failed, so that what became of the failure is not its doing"
        return _waiting(case, by, f"{why}; it has not failed again", f"{why}.", seen)
    back = came_back(failure, seen.past.lines, by)
    after = f" It failed again on {back.at:%F}, past the horizon." if back else ""
    if deciding := seen.deciding:
        names = tuple(r.build_id for r in seen.clean if r.at <= deciding.at)[-MOST_NAMED:]
        why = f"{_clean(seen)} since {_after(case, since)}; {_rate(seen)} {_asks(seen)}.{after}{_untimed(seen)}"
        return Verdict("fixed", why, by, deciding.at, names, seen, back.at if back else None, counts=True)
    short = _short(seen)
    if cut < by:
        return Verdict(
            "unknowable",
            f"Another plan for it was begun on {cut:%F}, before this could be told: {short}.",
            by,
            seen=seen,
        )
    return _waiting(
        case, by, f"{short[0].upper()}{short[1:]}", f"Too few builds to tell: {short}.{after}{_untimed(seen)}", seen
    )


def _undone(case: Case, failure: Failure | None) -> Verdict:
    mine, plan = case.mine, case.plan
    if mine.state == CALLED_OFF:
        if mine.begun_at is None:
            return Verdict("not_tried", "It was called off before any step was begun.")
        return Verdict("unknowable", f"It was called off after {mine.done} of {plural(mine.steps, 'step')}.")
    if mine.state == UNDER_WAY:
        since = mine.last_at or plan["created_at"]
        told = f"{mine.done} of {plural(mine.steps, 'step')} are done, the last sign of it on {since:%F}"
        return _waiting(
            case, since + case.length, told, f"{told[0].upper()}{told[1:]}; whether it was finished is not recorded."
        )
    created = plan["created_at"]
    by = created + case.length
    seen = trial(failure, case.history, created, by) if failure else None
    if case.replaced:
        return Verdict("not_tried", "No step was begun, and another plan took its place.", by, seen=seen)
    if case.as_of < by:
        return Verdict("open", f"No step was begun yet; {by:%F} ends its time.", by, seen=seen)
    why = "No step of it was ever begun."
    if seen and seen.again:
        why += f" It failed again on {seen.again[0].at:%F}."
    elif seen and seen.gone:
        why += f" The failure went away all the same: {_clean(seen)} since it was made."
    return Verdict("not_tried", why, by, seen=seen)


def _gone_before(failure: Failure, history: History, begun: datetime) -> Verdict | None:
    """What is said when the failure was gone before anybody began."""
    last = next((r for r in reversed(failure.runs) if r.at <= begun), None)
    if last is None:
        return None
    seen = trial(failure, history, last.at, begun)
    if seen is None or not seen.gone:
        return None
    why = f"It was gone before anybody said that they began: {_clean(seen)} between {last.at:%F} and {begun:%F}."
    return Verdict("unknowable", why, seen=seen)


def _waiting(case: Case, by: datetime, told: str, then: str, seen: Trial | None = None) -> Verdict:
    if case.as_of < by:
        return Verdict("open", f"{told}; builds up to {by:%F} may decide.", by, seen=seen)
    return Verdict("unknowable", then, by, seen=seen)


def of_recommendation(case: Case, row: Mapping[str, Any] | None) -> Verdict:
    """The verdict on a plan for a recommendation (its row of OPTIMIZATION_RECOMMENDATIONS): fixed when it is no longer
    made, or its effect is measured as better; recurred when it is still made at the end of the horizon."""
    mine = case.mine
    if mine.state in (UNTOUCHED, CALLED_OFF, UNDER_WAY):
        return _undone(case, None)
    if mine.state == FAILED:
        return Verdict("unknowable", "A step of it failed, so that what became of its subject is not its doing.")
    since = mine.in_place_at or case.plan["created_at"]
    by = since + case.length
    if row is None:
        return Verdict("unknowable", "Its recommendation is no longer kept.", by)
    effect, closed = row["effect"], row["closed_at"]
    if not row["found"] and closed is not None and closed <= by:
        if closed < (mine.begun_at or since):
            return Verdict("unknowable", f"It was no longer recommended from {closed:%F}, before anybody began.", by)
        return Verdict("fixed", f"It is no longer recommended since {closed:%F}.", by, closed, counts=True)
    if effect and effect["verdict"] == "better":
        return Verdict("fixed", f"Measured before against after: {effect['statement']}.", by, counts=True)
    told = f"it is still recommended{': ' + effect['statement'] if effect else ''}"
    if case.as_of < by:
        return Verdict("open", f"{told[0].upper()}{told[1:]}; up to {by:%F} that may change.", by)
    if not case.history.built_after(since):
        return Verdict("unknowable", f"No build ended since {_after(case, since)}.", by)
    why = f"{told[0].upper()}{told[1:]}, {plural(round(case.length.days), 'day')} after it was done."
    return Verdict("recurred", why, by, by, counts=True)


def of_goal(case: Case) -> Verdict:
    """The verdict on a plan for a goal that somebody asked for: whether it was tried, and no more."""
    if case.mine.state in (DONE, FAILED):
        return Verdict("unknowable", "It names no failure and no recommendation by which builds could decide.")
    return _undone(case, None)


def _after(case: Case, since: datetime) -> str:
    return f"{'its change was in place' if case.mine.state == DONE else 'it was tried'} ({since:%F %H:%M} UTC)"


def _clean(seen: Trial) -> str:
    return f"{plural(len(seen.clean), 'clean build')} of {_places(sorted(seen.past.lines))}"


def _places(places: Sequence[str]) -> str:
    return ", ".join(places[:3]) + (f" and {len(places) - 3} more jobs" if len(places) > 3 else "")


def _rate(seen: Trial) -> str:
    return f"a failure of {seen.past.failures} in {plural(seen.past.builds, 'build')}"


def _asks(seen: Trial) -> str:
    return f"asks for {seen.past.needed} (chance of them had nothing changed: {seen.chance:.1%})"


def _short(seen: Trial) -> str:
    told = f"{_clean(seen)} so far, {_rate(seen)} asks for {seen.past.needed}"
    if seen.clean and seen.unseen:
        told += f", and {_places(seen.unseen)} has not been green since"
    return told + (f"; {plural(seen.otherwise, 'build')} failed otherwise" if seen.otherwise else "")


def _untimed(seen: Trial) -> str:
    return f" {plural(seen.untimed, 'build')} without times stand where they arrived." if seen.untimed else ""
