from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from banana_assets.core.models.budgets import Amount, Budgets, exceeded
from banana_assets.core.models.prices import FREE, OPENAI_URL, Price, listed, own_machine, tokens_at_most
from banana_assets.core.models.quality import QUALITY, below_floor
from banana_assets.core.models.routing import Candidate, Tiers, route
from banana_assets.core.models.waiting import retry_after, wait

LOCAL = Candidate("ollama", "local", FREE)
FAST = Candidate("ollama", "fast", FREE)
PAID = Candidate("openai", "paid", Price(30, 60))
UNKNOWN = Candidate("openai", "new", None)
ALL = Tiers(LOCAL, FAST, PAID, LOCAL)


def names(*candidates: Candidate) -> list[str]:
    return [c.model for c in candidates]


@pytest.mark.parametrize(
    ("tiers", "complexity", "advanced", "asked"),
    [
        (ALL, 0.1, False, ["fast", "local"]),
        (ALL, 0.5, False, ["local", "fast"]),
        (ALL, 0.9, False, ["paid", "local", "fast"]),
        (ALL, 0.1, True, ["paid", "local", "fast"]),
        (Tiers(LOCAL, FAST, PAID, PAID), 0.1, False, ["fast", "paid", "local"]),
        (Tiers(LOCAL), 0.9, True, ["local"]),
        (Tiers(advanced=PAID), 0.5, False, ["paid"]),
        (Tiers(), 0.5, False, []),
    ],
)
def test_complexity_chooses_the_first_and_money_is_not_spent_for_a_free_ones_failure(
    tiers: Tiers, complexity: float, advanced: bool, asked: list[str]
) -> None:
    found = route(tiers, complexity=complexity, advanced=advanced)
    assert names(*found.candidates) == asked
    assert found.left_out == ()


def test_who_was_told_is_asked_alone() -> None:
    assert names(*route(ALL, complexity=0.1, told=PAID).candidates) == ["paid"]


def test_what_costs_is_left_out_where_that_is_not_allowed_or_the_price_is_not_known() -> None:
    found = route(ALL, complexity=0.9, paid_allowed=False)
    assert names(*found.candidates) == ["local", "fast"]
    assert "enable_advanced_models" in found.left_out[0]
    assert "not known" in route(Tiers(UNKNOWN), complexity=0.5).left_out[0]
    assert route(ALL, complexity=0.5, told=UNKNOWN).candidates == ()


def test_a_model_below_the_floor_is_not_used_for_that_class() -> None:
    rows = [
        ("deterministic", "timeout", 20, 12), ("ollama/local", "timeout", 20, 3), ("ollama/fast", "timeout", 4, 0),
        ("deterministic", "crash", 20, 12), ("ollama/local", "crash", 20, 10),
    ]  # fmt: skip
    quality = pl.DataFrame(rows, schema=QUALITY, orient="row")
    assert "3 of 20 worked, without a model 12 of 20" in str(below_floor(quality, "ollama/local", "timeout"))
    assert below_floor(quality, "ollama/local", "crash") is None
    assert below_floor(quality, "ollama/fast", "timeout") is None, "four plans say too little"
    assert below_floor(quality, "ollama/local", "disk_full") is None
    found = route(ALL, complexity=0.5, below_floor=lambda c: below_floor(quality, c.name, "timeout"))
    assert names(*found.candidates) == ["fast"]
    assert route(ALL, complexity=0.5, told=LOCAL, below_floor=lambda c: "bad").candidates == (LOCAL,)


def test_budgets() -> None:
    budgets = Budgets(Amount(1, 1000), Amount(2, 3000), Amount(5, 9000))
    none = Amount()
    assert exceeded(budgets, Amount(1, 1000), none, none) is None
    assert "the call has $1.0000 left of $1" in str(exceeded(budgets, Amount(1.5, 10), none, none))
    assert "the run has 500 left of 3,000" in str(exceeded(budgets, Amount(0, 600), Amount(0, 2500), none))
    assert "the day has $0.5000" in str(exceeded(budgets, Amount(1, 1), none, Amount(4.5, 0)))


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://localhost:11434", True),
        ("http://127.0.0.1:8080/v1", True),
        ("http://[::1]:1", True),
        ("http://10.2.3.4/v1", True),
        ("http://ollama:11434", True),
        ("http://box.local", True),
        ("localhost:11434", True),
        (OPENAI_URL, False),
        ("http://8.8.8.8", False),
        ("https://llm.example.com/v1", False),
        ("https://localhost.example.com", False),
        ("", False),
    ],
)
def test_own_machines(url: str, own: bool) -> None:
    assert own_machine(url) is own


def test_prices_are_those_of_the_list_free_at_home_or_unknown() -> None:
    assert listed("gpt-4", OPENAI_URL) == Price(30.0, 60.0)
    assert listed("gpt-4", "http://localhost:8000/v1") == FREE
    assert listed("gpt-4", "https://llm.example.com/v1") is None
    assert listed("a-model-nobody-knows", OPENAI_URL) is None
    assert Price(30.0, 60.0).of(1000, 100) == pytest.approx(0.036)


def test_tokens_are_reserved_by_bytes() -> None:
    assert tokens_at_most("é" * 100) - tokens_at_most("") == 200


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("Sun, 01 Mar 2026 00:01:00 GMT", 60.0),
        ("Sat, 28 Feb 2026 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 3, 1, tzinfo=UTC)) == seconds


def test_waits_have_full_jitter_and_keep_what_the_server_asked_for() -> None:
    assert [wait(n, None, lambda: 1.0) for n in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 8.0]
    assert wait(3, None, lambda: 0.0) == 0.0
    assert wait(1, 4.0, lambda: 0.5) == 4.25
