"""Filling gaps: what follows from the library first, then what a model reads out of an item's own text.

Everything becomes a proposal. Nothing is made up, and nothing takes the place of what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from banana_assets.backends.media.analysis import chosen
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.store import Store
from banana_assets.core.media.items import Library
from banana_assets.core.media.precision import offers
from banana_assets.core.media.proposing import Proposal, accepted_by_policy, of_offers

if TYPE_CHECKING:
    from banana_assets.backends.llm import Models

POLICY = "policy"
BATCH = 10


@dataclass
class Filled:
    """What filling found: the proposals of this run, and how many of them are new."""

    dry_run: bool
    gaps: int = 0
    proposals: list[Proposal] = field(default_factory=list)
    new: int = 0
    accepted: int = 0
    measured: list[pl.DataFrame] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    model_calls: int = 0
    cost: float = 0.0

    def told(self) -> dict[str, Any]:
        """As commands and tools write it; ``improvementPercentage`` is the share of gaps that have a proposal."""
        by_field: dict[str, int] = {}
        for proposal in self.proposals:
            by_field[proposal.field] = by_field.get(proposal.field, 0) + 1
        return {
            "dryRun": self.dry_run,
            "processedItems": len({proposal.item_id for proposal in self.proposals}),
            "improvementPercentage": 100 * len(self.proposals) / self.gaps if self.gaps else 0.0,
            "gaps": self.gaps,
            "proposals": len(self.proposals),
            "newProposals": self.new,
            "acceptedByPolicy": self.accepted,
            "byField": dict(sorted(by_field.items())),
            "derived": sum(proposal.origin == "derived" for proposal in self.proposals),
            "byModel": sum(proposal.origin == "model" for proposal in self.proposals),
            "modelCalls": self.model_calls,
            "cost": self.cost,
            "notes": self.said,
        }


def fill_gaps(
    store: Store,
    *,
    collection: str | None = None,
    models: Models | None = None,
    use_model: str | None = None,
    batch_size: int = BATCH,
    dry_run: bool = False,
) -> Filled:
    """Propose values for what is missing, of a collection or everywhere.

    Rules are judged on the whole library of each schema, whichever collection is asked for. ``models`` are asked for
    what no rule offers, ``batch_size`` items at a time, where given. With ``dry_run`` nothing is stored and no model is
    asked. Raises InputError for a collection that there is not.
    """
    records, kept = MediaRecords(store.engine), Proposals(store.engine)
    found = Filled(dry_run)
    wholes = records.libraries()
    meant = {one.schema.name: one for one in chosen(wholes, collection)}
    for whole in wholes:
        one = meant.get(whole.schema.name)
        if one is None:
            continue
        ids = set(one.items["item_id"])
        found.gaps += one.gaps.height
        offered, measured = offers(whole)
        found.measured.append(measured)
        derived = [p for p in of_offers(offered) if p.item_id in ids]
        found.proposals += derived
        if not dry_run:
            found.new += kept.offer(derived, within=ids, schema=whole.schema)
            found.accepted += _accept(store, kept, derived)
        if models is not None:
            _ask(store, one, derived, models, use_model, batch_size, found)
    return found


def _accept(store: Store, kept: Proposals, proposals: Sequence[Proposal]) -> int:
    """Accept what the settings accept without a person."""
    chosen_ = accepted_by_policy(proposals, store.settings.metadata_accept_from)
    waiting = set(kept.rows(states=["proposed"])["proposal_id"])
    ids = [number for number in kept.ids(chosen_) if number in waiting]
    return kept.decide(ids, "accepted", by=POLICY)[0] if ids else 0


def _ask(
    store: Store,
    one: Library,
    derived: Sequence[Proposal],
    models: Models,
    use_model: str | None,
    batch_size: int,
    found: Filled,
) -> None:
    from banana_assets.backends.media.asking import ask_models

    has = {(proposal.item_id, proposal.field) for proposal in derived}
    asked = ask_models(one, has, models, use_model=use_model, batch_size=batch_size, dry_run=found.dry_run)
    found.proposals += asked.proposals
    found.said += asked.said
    found.model_calls += asked.calls
    found.cost += asked.cost
    if not found.dry_run:
        found.new += Proposals(store.engine).offer(asked.proposals, origin="model", schema=one.schema)
