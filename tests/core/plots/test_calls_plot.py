"""The plot of calls to language models is drawn the same from the same rows, and says when there are none."""

from __future__ import annotations

import datetime as dt

import polars as pl

from banana_assets.core.plots.models import calls_plot
from banana_assets.core.tables import LLM_CALLS


def call(number: int, day: int, outcome: str, cost: float = 0.0, *, kept: bool = False) -> dict[str, object]:
    texts = ("task", "subject", "category", "run_id", "provider", "model", "prompt_version", "request_key")
    return dict.fromkeys(texts, "x") | {
        "call_id": number, "started_at": dt.datetime(2026, 3, day, tzinfo=dt.UTC), "outcome": outcome, "cost": cost,
        "input_tokens": 100, "output_tokens": 10, "tokens_estimated": False, "reserved_cost": cost,
        "reserved_tokens": 200, "retries": 0, "cache_hit": kept, "masked": 0,
    }  # fmt: skip


def frame(*calls: dict[str, object]) -> pl.DataFrame:
    return LLM_CALLS.conform(pl.DataFrame(calls, infer_schema_length=None))


def test_it_is_the_same_again_and_another_with_other_rows() -> None:
    some = frame(call(1, 1, "ok", 0.1), call(2, 9, "timeout"), call(3, 9, "ok", kept=True))
    assert calls_plot(some) == calls_plot(some)
    assert calls_plot(some) != calls_plot(some.head(2))


def test_without_money_there_is_no_panel_of_dollars() -> None:
    paid, free = frame(call(1, 1, "ok", 0.1)), frame(call(1, 1, "ok"))
    height = [svg.split(b'height="')[1].split(b"pt")[0] for svg in map(calls_plot, (paid, free))]
    assert float(height[0]) > float(height[1])


def test_without_calls_it_is_still_a_picture() -> None:
    assert calls_plot(LLM_CALLS.empty()).startswith(b"<?xml")
