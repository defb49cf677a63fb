from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from banana_assets.backends.llm.ledger import GRACE, Entry, Ledger
from banana_assets.backends.store import Store
from banana_assets.core.models.budgets import Amount, Budgets
from banana_assets.core.models.costs import costs
from banana_assets.core.models.types import NO_USAGE, ModelError, Usage

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = Entry("plan", "cluster", "timeout", "run-1", "openai", "gpt-4", "1", "k" * 64, masked=2)
BUDGETS = Budgets(Amount(1.0, 10_000), Amount(2.0, 20_000), Amount(3.0, 30_000))
ASKED = Amount(0.9, 5_000)


@pytest.fixture
def ledger(any_store: Store) -> Ledger:
    return Ledger(any_store.engine, BUDGETS)


def reserve(ledger: Ledger, *, entry: Entry = ENTRY, asked: Amount = ASKED, now: datetime = T0) -> int:
    return ledger.reserve(entry, asked, now=now, seconds=30)


def refused(ledger: Ledger, **how: object) -> str:
    with pytest.raises(ModelError) as caught:
        reserve(ledger, **how)  # type: ignore[arg-type]
    return f"{caught.value.kind}: {caught.value.message}"


def test_a_call_is_written_before_it_is_made_and_settled_after(ledger: Ledger) -> None:
    call = reserve(ledger)
    row = ledger.calls().row(0, named=True)
    assert (row["outcome"], row["reserved_cost"], row["reserved_tokens"], row["cost"]) == ("reserved", 0.9, 5000, 0.0)
    assert ledger.taken(T0, "run-1") == (ASKED, ASKED)
    assert ledger.settle(call, "ok", usage=Usage(900, 100), cost=0.05, now=T0 + timedelta(seconds=3)) == 0.05
    row = ledger.calls().row(0, named=True)
    assert (row["outcome"], row["cost"], row["seconds"], row["masked"]) == ("ok", 0.05, 3.0, 2)
    assert ledger.taken(T0, "run-1") == (Amount(0.05, 1000), Amount(0.05, 1000))


def test_what_is_reserved_counts_against_run_and_day(ledger: Ledger) -> None:
    assert refused(ledger, asked=Amount(1.1, 1)).startswith("over_budget: It may cost $1.1000; the call")
    assert refused(ledger, asked=Amount(0, 10_001)).startswith("over_budget")
    reserve(ledger)
    reserve(ledger)
    assert "the run has" in refused(ledger)
    other = replace(ENTRY, run_id="run-2")
    reserve(ledger, entry=other)
    assert "the day has" in refused(ledger, entry=replace(ENTRY, run_id="run-3"))
    reserve(ledger, entry=replace(ENTRY, run_id="run-3"), now=T0 + timedelta(days=1))
    outcomes = ledger.calls()["outcome"].to_list()
    assert outcomes.count("over_budget") == 4
    assert ledger.taken(T0)[1].dollars == pytest.approx(2.7), "what was refused takes nothing"


def test_a_call_that_nobody_knows_the_price_of_counts_with_all_that_was_reserved(ledger: Ledger) -> None:
    call = reserve(ledger)
    assert ledger.settle(call, "timeout", usage=None, cost=0.0, now=T0) == 0.9
    assert ledger.taken(T0)[1] == ASKED
    free = reserve(ledger)
    ledger.settle(free, "rate_limited", usage=NO_USAGE, cost=0.0, now=T0)
    assert ledger.taken(T0)[1] == ASKED
    assert ledger.calls()["tokens_estimated"].to_list() == [True, False]


def test_what_a_killed_process_left_is_settled_after_its_deadline(ledger: Ledger) -> None:
    reserve(ledger)
    soon = T0 + timedelta(seconds=30)
    ledger.settle_lost(soon)
    assert ledger.calls()["outcome"].to_list() == ["reserved"]
    ledger.settle_lost(soon + GRACE + timedelta(seconds=1))
    row = ledger.calls().row(0, named=True)
    assert (row["outcome"], row["cost"], row["ended_at"]) == ("lost", 0.9, soon)


def test_the_breaker_is_seen_by_every_process_and_lets_one_try(ledger: Ledger) -> None:
    for second in range(3):
        now = T0 + timedelta(seconds=second)
        call = reserve(ledger, asked=Amount(), now=now)
        ledger.settle(call, "server_error", usage=NO_USAGE, cost=0.0, now=now)
    other = Ledger(ledger.engine, BUDGETS)
    assert other.breaker("openai", "gpt-4", T0 + timedelta(seconds=5)).state == "open"
    assert other.breaker("openai", "gpt-5", T0).state == "closed"
    assert refused(other, asked=Amount(), now=T0 + timedelta(seconds=5)).startswith("circuit_open")
    later = T0 + timedelta(seconds=40)
    attempt = reserve(other, asked=Amount(), now=later)
    assert refused(ledger, asked=Amount(), now=later).startswith("circuit_open")
    other.settle(attempt, "ok", usage=Usage(1, 1), cost=0.0, now=later)
    reserve(ledger, asked=Amount(), now=later)


def test_many_at_once_never_spend_more_than_the_day_has(ledger: Ledger) -> None:
    def one(i: int) -> bool:
        try:
            reserve(ledger, entry=replace(ENTRY, run_id=f"run-{i}"), asked=Amount(0.25, 10))
        except ModelError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(one, range(18)))
    assert sum(made) == 12
    assert ledger.taken(T0)[1].dollars == pytest.approx(3.0)


def test_a_process_that_is_killed_leaves_its_reservation(new_store: object, store: Store) -> None:
    program = (
        "import os, signal\nfrom datetime import UTC, datetime\n"
        "from banana_assets.backends.llm.ledger import Entry, Ledger\n"
        "from banana_assets.backends.records.engine import open_engine\n"
        "from banana_assets.core.models.budgets import Amount, Budgets\n"
        f"engine = open_engine({store.settings.records_url!r})\n"
        "most = Amount(1.0, 10000)\n"
        "entry = Entry('plan', 's', '', 'r', 'openai', 'gpt-4', '1', 'k', 0)\n"
        "now = datetime(2026, 3, 1, 12, tzinfo=UTC)\n"
        "Ledger(engine, Budgets(most, most, most)).reserve(entry, Amount(0.75, 10), now=now, seconds=30)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    ledger = Ledger(store.engine, Budgets(Amount(1, 10_000), Amount(1, 10_000), Amount(1, 10_000)))
    assert "the day has $0.2500 left" in refused(ledger)
    ledger.settle_lost(T0 + timedelta(minutes=1))
    assert ledger.calls()["outcome"].to_list() == ["lost", "over_budget"]


def test_costs_are_summed_up(ledger: Ledger) -> None:
    first = reserve(ledger)
    ledger.settle(first, "ok", usage=Usage(900, 100), cost=0.05, now=T0 + timedelta(seconds=2))
    second = reserve(ledger, entry=replace(ENTRY, retries=1, category="crash"))
    ledger.settle(second, "timeout", usage=None, cost=0.0, now=T0 + timedelta(seconds=4))
    ledger.hit(ENTRY, now=T0 + timedelta(days=1))
    by_day = costs(ledger.calls(), ["day", "model"])
    assert by_day.select("calls", "answered", "cached", "retries").rows() == [(2, 1, 0, 1), (1, 1, 1, 0)]
    assert by_day["cost"].to_list() == [pytest.approx(0.95), 0.0]
    assert by_day["seconds"].to_list() == [3.0, None]
    assert by_day["model"].unique().to_list() == ["openai/gpt-4"]
    whole = costs(ledger.calls(), [])
    assert whole["calls"].to_list() == [3]
    assert set(costs(ledger.calls(), ["category"])["category"]) == {"timeout", "crash"}
