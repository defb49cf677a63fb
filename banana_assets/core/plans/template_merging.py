"""What an import does to the templates that are there: skip, replace, or pool what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from banana_assets.core.errors import InputError
from banana_assets.core.plans.templates import MOST_ANSWERED, Counted, Template

STRATEGIES = ("merge", "replace", "skip")


@dataclass(frozen=True)
class Imported:
    """What an import does: ``store`` to be kept in place of what has the same id, ``retire`` the ids that they replace;
    and of how many it says what."""

    store: tuple[Template, ...]
    retire: tuple[str, ...]
    added: int
    merged: int
    replaced: int
    skipped: int
    rated: int


def merged(known: Sequence[Template], told: Sequence[Template], strategy: str, at: datetime) -> Imported:
    """What an import of the templates ``told`` does beside those that are ``known``.

    One is there already when it has the same id or name. ``skip`` leaves it; ``replace`` puts the imported one in its
    place; ``merge`` pools what was counted: for each home the newest count stands, so that importing a file twice, or
    two exports of one home, counts nothing twice. Of the same name and another shape, merging keeps both. Raises
    InputError for another strategy.
    """
    if strategy not in STRATEGIES:
        raise InputError(f"There is no conflict strategy {strategy}.", f"Use one of {', '.join(STRATEGIES)}.")
    now = {t.template_id: t for t in known}
    store: dict[str, Template] = {}
    retire: set[str] = set()
    counts = dict.fromkeys(("added", "merged", "replaced", "skipped"), 0)
    for template in told:
        there = now.get(template.template_id) or next((t for t in now.values() if t.name == template.name), None)
        if there is None:
            what, new = "added", template
        elif strategy == "skip":
            counts["skipped"] += 1
            continue
        elif strategy == "replace":
            what, new = "replaced", replace(template, updated_at=at)
            if there.template_id != template.template_id:
                retire.add(there.template_id)
                del now[there.template_id]
        elif there.template_id == template.template_id:
            what, new = "merged", pooled(there, template, at)
        else:
            what, new = "added", replace(template, name=_free(template.name, {t.name for t in now.values()}))
        counts[what] += 1
        if new != there:
            store[new.template_id] = new
        now[new.template_id] = new
    kept = tuple(template for name, template in store.items() if name in now)
    return Imported(kept, tuple(sorted(retire - set(now))), **counts, rated=sum(t.note is not None for t in told))


def pooled(there: Template, other: Template, at: datetime) -> Template:
    """The template with the counts of both: for each home the newest, of equal ones the greater."""
    counted = dict(there.counted)
    for home, count in other.counted.items():
        mine = counted.get(home)
        if mine is None or _order(mine) < _order(count):
            counted[home] = count
    answers = tuple(dict.fromkeys((*there.answers, *other.answers)))[:MOST_ANSWERED]
    pooled = replace(there, counted=counted, answers=answers, note=there.note or other.note)
    return there if pooled == there else replace(pooled, updated_at=at)


def _order(counted: Counted) -> tuple[datetime, float, float]:
    return counted.at, counted.trials, counted.successes


def _free(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"
