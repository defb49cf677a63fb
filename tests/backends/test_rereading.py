from __future__ import annotations

from pathlib import Path

import polars as pl

from banana_assets.backends.ingest import ingest_builds, ingest_logs
from banana_assets.backends.rereading import false_quotes, verified
from banana_assets.backends.store import Store
from banana_assets.core.advice.soundness import citations, rowless_evidence
from banana_assets.core.evidence import Citation, fact
from banana_assets.core.tables import BOTTLENECKS


def cited(sha256: str, line: int, quote: str, build_id: str | None = None) -> Citation:
    return {"build_id": build_id, "sha256": sha256, "first_line": line, "last_line": line, "quote": quote}


def bottlenecks(*quotes: Citation) -> pl.DataFrame:
    row = {
        "bottleneck_id": "x", "kind": "queue", "subject": "ci", "severity": "low", "description": "d", "value": 1.0,
        "baseline": 1.0, "unit": "s", "since": None, "until": None, "rule": "r",
        "target": {"measure": "none", "pipeline": "", "job": "", "item": ""},
        "evidence": [fact(f"f{k}", "builds", "b", quote) for k, quote in enumerate(quotes)],
    }  # fmt: skip
    return BOTTLENECKS.conform(pl.DataFrame([row], schema=BOTTLENECKS.dtypes))


def test_quotes_are_read_again(any_store: Store, tmp_path: Path) -> None:
    (tmp_path / "builds").mkdir()
    (tmp_path / "builds" / "b1.log").write_text("##[group]Run make\n\x1b[31merror: no rule\x1b[0m\n")
    (tmp_path / "app.log").write_text('2026-03-02 10:00:00 INFO up\n{"level":"error","message":"bad \\"x\\""}\n')
    ingest_builds(any_store, [tmp_path / "builds"])
    ingest_logs(any_store, [tmp_path / "app.log"])
    build, log = any_store.builds()["log_sha256"][0], any_store.log_files()["sha256"][0]
    true = [
        cited(build, 2, "error: no rule", "b1"),
        cited(build, 1, "Run make", "b1"),
        cited(log, 1, "up"),
        cited(log, 2, 'bad "x"'),
    ]
    false = [
        cited(build, 2, "error: no", "b1"),  # of a build the whole line is quoted
        cited(build, 9, "error: no rule", "b1"),
        cited(log, 1, "down"),
        cited("0" * 64, 1, "up"),
        cited(log, 1, "up") | {"last_line": 2},
    ]
    frame = bottlenecks(*true, *false)
    wrong = false_quotes(any_store, citations(frame, "bottleneck_id"))
    assert wrong.height == len(false)
    kept = verified(any_store, frame, "bottleneck_id")["evidence"][0].to_list()
    assert [e["fact"] for e in kept] == [f"f{k}" for k in range(len(true) + len(false))]
    assert [e["citation"] for e in kept if e["citation"]] == true
    whole = bottlenecks(*true)
    assert verified(any_store, whole, "bottleneck_id").equals(whole)


def test_evidence_names_rows_that_there_are() -> None:
    frame = bottlenecks(cited("0" * 64, 1, "x"))
    assert rowless_evidence(frame, "bottleneck_id", {"builds": pl.Series(["b"])}).is_empty()
    assert rowless_evidence(frame, "bottleneck_id", {"builds": pl.Series(["c"])}).rows() == [("x", "builds", "b")]
    assert rowless_evidence(frame.clear(), "bottleneck_id", {"builds": pl.Series(["c"])}).is_empty()
