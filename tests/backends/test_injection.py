"""From an attacker's log to a plan, with a model that obeys the attacker: nothing of what was wanted is served."""

from __future__ import annotations

from pathlib import Path

from banana_assets.backends.planning import plan_failures
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.safety.answers import findings
from tests.backends.failed_store import diagnose, take_in
from tests.backends.obeying import Obeying, attacked, words_of
from tests.backends.test_planning import NOW, answer, models
from tests.core.safety.attacks import ATTACKS
from tests.core.safety.fresh_attacks import FRESH

ALL = (*ATTACKS, *FRESH)

EVERY = 13
"""One attack in so many: the whole corpus goes through the checks alone in tests/core/safety, and through here in
benchmarks/injection.py."""


def test_nothing_that_an_attacker_wants_is_served(store: Store, tmp_path: Path) -> None:
    chosen = {i: attack for i, attack in enumerate(ALL) if i % EVERY == 0}
    take_in(store, tmp_path / "builds", [(f"b{i}", attacked(i, attack), 1 + i / 100) for i, attack in chosen.items()])
    lake = Tables(str(tmp_path / "tables"))
    diagnose(store, lake)
    model = Obeying(ALL, answer(risks=[]))
    made = []
    for i in chosen:
        # Another model each time: one that is refused often is not asked for a while.
        model.model = f"obeying-{i}"
        report = plan_failures(
            store, lake, models(store, model), clock=lambda: NOW, run_id=f"r{i}", build_ids=[f"b{i}"]
        )
        made += report.made
    # Failures that are the same but for the words are one, which is asked about once.
    assert len(model.obeyed) == len(made) >= 5
    for plan in made:
        assert plan.planner == "deterministic"
        assert findings(words_of(plan), "\n".join(c["quote"] for s in plan.subtasks for c in s.citations)) == ()
        assert not any(attack.wanted in "\n".join(words_of(plan)) for attack in chosen.values())
