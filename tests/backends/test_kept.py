"""Values kept in memory."""

from __future__ import annotations

from banana_assets.backends.kept import Kept


def test_those_not_used_for_longest_go_first() -> None:
    kept: Kept[str] = Kept(30)
    for name in "abc":
        kept.put(name, name.upper(), 10)
    assert kept.get("a") == "A"
    kept.put("d", "D", 10)
    assert [kept.get(name) for name in "abcd"] == ["A", None, "C", "D"]


def test_a_value_kept_again_counts_once() -> None:
    kept: Kept[str] = Kept(30)
    for value in "xyz":
        kept.put("a", value, 20)
    kept.put("b", "B", 10)
    assert (kept.get("a"), kept.get("b")) == ("z", "B")


def test_a_value_larger_than_all_drives_nothing_out() -> None:
    kept: Kept[str] = Kept(30)
    kept.put("a", "A", 20)
    kept.put("b", "B", 31)
    assert (kept.get("a"), kept.get("b")) == ("A", None)
    kept.put("a", "AA", 31)
    assert kept.get("a") is None
