from __future__ import annotations

import random
from datetime import date
from typing import Any

import polars as pl
import pytest

from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.builds.fingerprint import fingerprint
from tests.core.metrics.frames import at, builds, failures

RED, GREEN = "failed", "success"
MISSING = "E   ModuleNotFoundError: No module named 'yaml'"
SHORT = "gzip: stdout: No space left on device"


def lines(*words: str) -> str:
    """A cause of ten lines, of which each word adds one: with one of two more it is near, with three others not."""
    shared = ["cart", "order", "stock", "rebate", "coupon", "price", "tier", "box", "label", "invoice"]
    return "\n".join(f"{word}.c: error: {word}_new wants {word}_t, {word}_of" for word in [*shared, *words])


def history(*told: tuple[str, str | None] | dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(failures, builds) of one build an hour: (build id, cause or None for green), or the facts as a mapping."""
    runs, failed = [], []
    for hour, one in enumerate(told):
        row = {"build_id": one[0], "cause": one[1]} if isinstance(one, tuple) else dict(one)
        cause, category = row.pop("cause", None), row.pop("category", "compile_error")
        row = {"finished_at": at(hour), "commit_sha": f"c{hour}", "log_sha256": f"{hour:064x}"} | row
        row["status"] = GREEN if cause is None else RED
        runs.append(row)
        if cause is not None:
            failed.append(
                {
                    "build_id": row["build_id"],
                    "category": category,
                    "cause_text": cause,
                    "reason": f"line 7: {cause[:60]}",
                    "cause": [{"first": 7, "last": 7 + cause.count("\n")}],
                    "fingerprint": fingerprint(category, cause.split("\n")),
                    "log_sha256": row["log_sha256"],
                    "failed_at": row["finished_at"],
                }
            )
    return failures(failed), builds(runs)


def clusters(*told: Any, previous: pl.DataFrame | None = None) -> pl.DataFrame:
    return failure_clusters(*history(*told), previous)


def one(frame: pl.DataFrame) -> dict[str, Any]:
    assert frame.height == 1
    return frame.row(0, named=True)


def test_nothing_failed() -> None:
    assert clusters(("a", None)).is_empty()


def test_what_a_cluster_tells() -> None:
    row = one(
        clusters(("g", None), ("a", MISSING), {"build_id": "b", "cause": MISSING, "job": "docs", "branch": "dev"})
    )
    assert row["cluster_id"] == fingerprint("compile_error", [MISSING])
    assert (row["failures"], row["builds"], row["jobs"]) == (2, ["a", "b"], ["ci/docs", "ci/test"])
    assert (row["branches"], row["commits"]) == (["dev", "main"], 2)
    assert (row["first_build"], row["last_build"], row["first_commit"]) == ("a", "b", "c1")
    assert (row["last_green_build"], row["last_green_commit"]) == ("g", "c0")
    assert row["title"] == " ".join(MISSING.split())
    (cited,) = row["cause"]
    assert (cited["build_id"], cited["sha256"], cited["first_line"], cited["quote"]) == ("a", f"{1:064x}", 7, MISSING)


def test_near_failures_are_one_and_others_are_not() -> None:
    frame = clusters(("a", lines("one")), ("b", lines("two")), ("c", MISSING), ("d", SHORT))
    found = {tuple(row["builds"]): row for row in frame.iter_rows(named=True)}
    assert set(found) == {("a", "b"), ("c",), ("d",)}
    first, second = found["a", "b"]["fingerprints"]
    assert first["similarity"] == 1 > second["similarity"] >= 0.65


def test_one_cause_of_two_classes_is_two_failures() -> None:
    told = [{"build_id": k, "cause": MISSING, "category": k} for k in ("test_failure", "missing_dependency")]
    assert clusters(*told).height == 2


def test_no_chain_joins_what_is_not_near() -> None:
    # Each is near the one before it; only those that are near the first are in its cluster.
    steps = [lines(*"abcdefgh"[k : k + 4]) for k in range(5)]
    frame = clusters(*((f"b{k}", text) for k, text in enumerate(steps)))
    assert frame.height > 1
    for row in frame.iter_rows(named=True):
        assert all(member["similarity"] >= 0.65 for member in row["fingerprints"])


def test_it_does_not_matter_in_which_order_rows_come_or_what_builds_are_called() -> None:
    causes = [lines("a"), MISSING, lines("b"), SHORT, lines("a", "c"), None, MISSING]
    told = [(f"b{k}", cause) for k, cause in enumerate(causes)]
    failed, runs = history(*told)
    expected = failure_clusters(failed, runs)
    for seed in range(3):
        mixed = random.Random(seed)
        order = mixed.sample(range(failed.height), failed.height)
        assert failure_clusters(failed[order], runs[mixed.sample(range(runs.height), runs.height)]).equals(expected)
    renamed = clusters(*((f"x{9 - k}", cause) for k, (_, cause) in enumerate(told)))
    assert renamed["cluster_id"].to_list() == expected["cluster_id"].to_list()
    assert renamed["failures"].to_list() == expected["failures"].to_list()


def test_more_builds_change_no_id_and_what_was_compared_is_not_compared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [("a", lines("one")), ("b", MISSING), ("c", lines("two")), ("d", None), ("e", MISSING), ("f", SHORT)]
    before = clusters(*told[:3])
    whole = clusters(*told)
    compared: list[str] = []
    from banana_assets.core.builds import clusters as module

    signed = module.signature
    monkeypatch.setattr(module, "signature", lambda *x: compared.append(x[1]) or signed(*x))
    assert clusters(*told, previous=before).equals(whole)
    # The new one is compared with the leaders alone.
    assert sorted(compared) == sorted([SHORT, lines("one"), MISSING])
    assert set(before["cluster_id"]) <= set(whole["cluster_id"])
    compared.clear()
    assert clusters(*told, previous=whole).equals(whole)
    assert compared == []


def test_an_older_build_that_comes_late_takes_no_id_away() -> None:
    told = [{"build_id": "a", "cause": lines("one"), "finished_at": at(5)}]
    before = clusters(*told)
    late = {"build_id": "z", "cause": lines("two"), "finished_at": at(1)}
    after = one(clusters(*told, late, previous=before))
    assert after["cluster_id"] == before["cluster_id"].item()
    assert (after["first_build"], after["formerly"]) == ("z", [])


def test_clusters_that_become_one_leave_a_trace() -> None:
    left, right = lines("a", "b", "c"), lines("x", "y", "z")
    told = [
        {"build_id": "a", "cause": left, "finished_at": at(2)},
        {"build_id": "b", "cause": left, "finished_at": at(3)},
    ]
    told += [{"build_id": "x", "cause": right, "finished_at": at(4)}]
    before = clusters(*told)
    assert before.height == 2
    # An older failure that is near to both.
    late = {"build_id": "m", "cause": lines(), "finished_at": at(1)}
    after = one(clusters(*told, late, previous=before))
    by_builds = {row["failures"]: row for row in before.iter_rows(named=True)}
    assert after["cluster_id"] == by_builds[2]["cluster_id"]
    (former,) = after["formerly"]
    assert (former["cluster_id"], former["kind"]) == (by_builds[1]["cluster_id"], "merged")
    assert former["changed_on"] == date(2026, 3, 2)
    again = clusters(*told, late, previous=clusters(*told, late, previous=before))
    assert one(again)["formerly"] == [former]


def test_a_cluster_that_falls_apart_keeps_its_id_where_most_of_it_is() -> None:
    whole = clusters(("a", lines()), ("b", lines("p", "q")), ("c", lines("p", "q")))
    (name,) = whole["cluster_id"]
    # Newer rules find other lines: two failures of it are something else.
    after = clusters(("a", MISSING), ("b", lines("p", "q")), ("c", lines("p", "q")), previous=whole)
    found = {row["failures"]: row for row in after.iter_rows(named=True)}
    assert (found[2]["cluster_id"], found[2]["formerly"]) == (name, [])
    assert found[1]["cluster_id"] != name
    assert [(f["cluster_id"], f["kind"]) for f in found[1]["formerly"]] == [(name, "split")]


@pytest.mark.parametrize(
    ("causes", "state", "recurrences", "new"),
    [
        ([None, SHORT], "open", 0, True),
        ([None, SHORT, SHORT], "open", 0, True),
        ([None, SHORT, MISSING], "open", 0, True),
        ([SHORT, SHORT], "open", 0, False),  # it was never green
        ([None, SHORT, None], "resolved", 0, False),
        ([None, SHORT, None, SHORT], "open", 1, False),
        ([None, SHORT, None, SHORT, None], "resolved", 1, False),
    ],
)
def test_open_resolved_new(causes: list[str | None], state: str, recurrences: int, new: bool) -> None:
    frame = clusters(*((f"b{k}", cause) for k, cause in enumerate(causes)))
    row = frame.row(by_predicate=pl.col("title") == SHORT, named=True)
    assert (row["state"], row["recurrences"], row["is_new"]) == (state, recurrences, new)
    assert (row["resolved_by"] is None) == (state == "open")


def test_a_failure_of_last_month_is_not_new() -> None:
    told: list[Any] = [
        ("g", None),
        ("a", SHORT),
        {"build_id": "z", "cause": MISSING, "finished_at": at(24 * 30), "job": "docs"},
    ]
    assert not clusters(*told).filter(pl.col("title") == SHORT)["is_new"].item()


def test_a_green_build_of_another_branch_resolves_nothing_but_stands_in_before_it() -> None:
    row = one(clusters(("g", None), {"build_id": "a", "cause": SHORT, "branch": "dev"}, ("h", None)))
    assert (row["state"], row["last_green_build"]) == ("open", "g")
    own = clusters(
        {"build_id": "d", "branch": "dev"}, ("g", None), {"build_id": "a", "cause": SHORT, "branch": "dev"},
        {"build_id": "e", "branch": "dev"},
    )  # fmt: skip
    assert (one(own)["last_green_build"], one(own)["resolved_by"]) == ("d", "e")


def test_a_build_that_turned_out_green_is_in_no_cluster() -> None:
    failed, runs = history(("a", SHORT), ("b", SHORT))
    runs = runs.with_columns(status=pl.when(pl.col("build_id") == "a").then(pl.lit(GREEN)).otherwise("status"))
    assert one(failure_clusters(failed, runs))["builds"] == ["b"]
