"""Asking language models for what no rule offers, through the one gateway: masked, budgeted, written down, checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from banana_assets.backends.records.rows import in_parts
from banana_assets.core.evidence import plural
from banana_assets.core.media import questions
from banana_assets.core.media.items import Library
from banana_assets.core.media.proposing import Proposal
from banana_assets.core.metrics.rates import wilson
from banana_assets.core.models.types import Answer, ModelError, Request

if TYPE_CHECKING:
    from banana_assets.backends.llm import Models

MOST_FAILURES = 2
CALIBRATED = ("language", "genre", "date", "text")
UNMEASURED = 0.3
"""The most that a model's word counts where it was tried on no known value of the field."""


@dataclass
class FromModels:
    """What models gave: proposals, what went wrong in words, and what it took."""

    proposals: list[Proposal] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    calls: int = 0
    cost: float = 0.0
    refused: int = 0


def ask_models(
    one: Library,
    has: Collection[tuple[str, str]],
    models: Models,
    *,
    use_model: str | None = None,
    batch_size: int = 10,
    dry_run: bool = False,
) -> FromModels:
    """Values for the gaps that an item's own text may answer, without those that are in ``has``.

    The first question is about items whose values are known, and are hidden from it: how often the model is right is
    kept with every proposal. A model's values are never accepted without a person. Two questions in a row without an
    answer end it.
    """
    made = FromModels()
    gaps = [row for row in questions.answerable(one).iter_rows() if (row[0], row[1]) not in has]
    stands = {(item_id, name): text for item_id, name, text in gaps}
    wanted: dict[str, list[str]] = {}
    for item_id, name, _ in gaps:
        wanted.setdefault(item_id, []).append(name)
    if dry_run or not wanted:
        if wanted:
            count = plural(len(gaps), "gap")
            made.said.append(f"would ask about {count} of {plural(len(wanted), 'item')}, {batch_size} at a time")
        return made
    asker = _Asker(one, models, use_model, made)
    names = sorted({name for fields in wanted.values() for name in fields})
    figures = asker.calibrate(names, batch_size)
    for batch in in_parts(list(wanted.items()), batch_size):
        told = asker.ask(batch)
        if told is None:
            if asker.failures >= MOST_FAILURES:
                break
            continue
        for value, answer in told:
            tried, hits = figures.get(value.value.field, (0, 0))
            made.proposals.append(
                Proposal(
                    value.item_id,
                    value.value.field,
                    value.value.value,
                    "model",
                    f"{answer.provider}/{answer.model}",
                    _source(value, tried, hits),
                    stands=stands.get((value.item_id, value.value.field)),
                    confidence=_confidence(value.confidence, tried, hits),
                    tried=tried,
                    hits=hits,
                    low=wilson(hits, tried)[0] if tried else None,
                    call_id=answer.call_id,
                )
            )
    if made.refused:
        made.said.append(f"{plural(made.refused, 'value')} of models left out: they stand in no line of their item")
    return made


def _confidence(said: float, tried: int, hits: int) -> float:
    """How sure one may be: no surer than the model says, nor than what was measured bears (Laplace's rule of
    succession) or than UNMEASURED."""
    return min(said, (hits + 1) / (tried + 2) if tried else UNMEASURED)


def _source(told: questions.Told, tried: int, hits: int) -> str:
    measured = f"right for {hits} of {tried} known values hidden from it" if tried else "not measured on known values"
    return f"read in the item's own text; the model said it is {told.confidence:.0%} sure; {measured}"


class _Asker:
    def __init__(self, one: Library, models: Models, use_model: str | None, made: FromModels) -> None:
        self.one, self.models, self.use_model, self.made = one, models, use_model, made
        self.failures = 0
        genre = next((f for f in one.schema.fields if f.kind == "genre"), None)
        self.words = _genres(one, genre.name, genre.vocabulary) if genre else []

    def ask(self, batch: Sequence[tuple[str, list[str]]]) -> list[tuple[questions.Told, Answer]] | None:
        """What holds of an answer; None where there was none."""
        asked = questions.question(self.one, batch, self.words)
        request = Request(
            task="metadata",
            instructions=questions.INSTRUCTIONS,
            data="\n".join(asked.lines),
            schema=questions.answer_schema(self.one, asked),
            schema_name="metadata_values",
            prompt_version=questions.PROMPT_VERSION,
            max_tokens=questions.answer_tokens(self.one, asked),
            subject=f"metadata of {plural(len(batch), 'item')}",
        )
        try:
            answer = self.models.generate(request, complexity=0.2, use_model=self.use_model)
        except ModelError as error:
            self.failures += 1
            self.made.said.append(str(error))
            return None
        self.failures = 0
        self.made.calls += not answer.cached
        self.made.cost += answer.cost
        self.made.said += [said for said in answer.tried if said not in self.made.said]
        found, refused = questions.held(self.one, asked, answer.value)
        self.made.refused += refused
        return [(value, answer) for value in found]

    def calibrate(self, names: Sequence[str], size: int) -> dict[str, tuple[int, int]]:
        """How often the model is right about known values of these fields: tries and hits by field."""
        kinds = {name: self.one.schema.by_name[name].kind for name in names}
        fields = [name for name in names if kinds[name] in CALIBRATED]
        known = self.one.spelt.filter(pl.col("field").is_in(fields)).sort("item_id", "field")
        sample = known.with_columns(at=pl.col("item_id").hash(seed=7)).sort("at").head(50 * size)
        truth: dict[tuple[str, str], Any] = {
            (r[0], r[1]): r[2] for r in sample.select("item_id", "field", "plain").rows()
        }
        ids = list(dict.fromkeys(sample["item_id"]))[:size]
        batch = [(item_id, [name for name in fields if (item_id, name) in truth]) for item_id in ids]
        if not batch:
            return {}
        told = self.ask(batch)
        figures: dict[str, tuple[int, int]] = {}
        for value, _ in told or []:
            name = value.value.field
            tried, hits = figures.get(name, (0, 0))
            figures[name] = (tried + 1, hits + _hit(kinds[name], value.value.value, truth[value.item_id, name]))
        return figures


def _hit(kind: str, said: Sequence[str], known: str) -> bool:
    from banana_assets.core.media import languages

    if kind == "language":
        return languages.plain(said[0]).partition("-")[0] == known.partition("-")[0]
    if kind == "genre":
        return any(word.casefold() in known.split("; ") for word in said)
    return " ".join(said).casefold() == known


def _genres(one: Library, name: str, vocabulary: Sequence[str]) -> list[str]:
    """The words that a genre may be chosen from: those of this library that are in the vocabulary, the commonest
    first."""
    used = one.usable.filter(pl.col("field") == name).select(word=pl.col("value")).explode("word", empty_as_null=False)
    counted = used.filter(pl.col("word").is_in(list(vocabulary))).group_by("word").len()
    return counted.sort(["len", "word"], descending=[True, False])["word"].head(questions.MOST_WORDS).to_list()
