"""A pack is served only where the log says what it quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.builds.requoting import requoted
from banana_assets.core.plans.quotes import Log

SECRET = "ghp_" + "x7Kq9TzW2mB4nR6vL8pD" + "1sF3hJ5gY0aC9eUi"
LOG = [
    "make all",
    f"export GITHUB_TOKEN={SECRET}",
    "cart.c:2:33: error: expected ';'\t before " + "x" * 900,
    *(f"cart.c:{n}:1: error: unknown type name 'price'" for n in range(3, 30)),
    "make: *** [all] Error 1",
]


@pytest.mark.parametrize("budget", [60, 200, 2000])
def test_the_pack_of_a_log_is_its_own(budget: int) -> None:
    pack = diagnose(LOG, budget=budget).pack
    told = requoted(pack, Log("sha", LOG))
    assert told is not None
    assert SECRET not in told
    assert [row.split(":")[0] for row in told.split("\n")] == [row.split(":")[0] for row in pack.split("\n")]


def test_a_masked_pack_is_the_logs_too() -> None:
    pack = diagnose(LOG, budget=2000).pack
    once = requoted(pack, Log("sha", LOG))
    assert once is not None
    assert requoted(once, Log("sha", LOG)) == once


@pytest.mark.parametrize(
    "change",
    [
        lambda pack: pack.replace("Error 1", "Error 2"),
        lambda pack: pack + "\n99: more than the log has",
        lambda pack: pack + "\n1: make clean",
        lambda pack: pack + "\n0: make all",
    ],
)
def test_what_the_log_does_not_say_is_refused(change: object) -> None:
    assert callable(change)
    assert requoted(change(diagnose(LOG, budget=2000).pack), Log("sha", LOG)) is None


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=80),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_a_log_holds_its_pack_is_its_own(lines: list[str]) -> None:
    lines = [*lines, "error: it failed", "make: *** [all] Error 1"]
    assert requoted(diagnose(lines, budget=1000).pack, Log("sha", lines)) is not None
