"""Logs that are no pleasure, from the file to ``log_patterns``: all is counted, nothing is dropped, nothing fails."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from banana_assets.assets import checks, patterns, raw
from banana_assets.backends import derive
from banana_assets.backends.ingest import ingest_logs
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.logs.coarse import joined_shapes
from banana_assets.core.tables import LOG_EVENTS, LOG_PATTERNS
from resources import build_resources

ASSETS = (raw.log_files, raw.log_events, patterns.log_shapes, patterns.log_patterns)
HEAD = "2026-03-02T10:11:12Z INFO "


def write(folder: Path) -> None:
    source = random.Random(1)
    words = ["".join(source.choices("abcdefghijklmnop", k=8)) for _ in range(4 * 400)]
    logs = {
        "long": [f"{HEAD}request 7 done".encode(), HEAD.encode() + b"x y z " * (12 << 20), b"after it"],
        "invalid": [f"{HEAD}name {i} ".encode() + b"\xff\xfe\xc3\x28" for i in range(50)],
        "nul": [b"abc\0def 12"] * 20,
        "one": [f"{HEAD}request {i} took {i % 7} ms".encode() for i in range(500)],
        "distinct": [f"{HEAD}{' '.join(words[4 * i : 4 * i + 4])}".encode() for i in range(400)],
    }
    folder.mkdir()
    for name, lines in logs.items():
        (folder / f"{name}.log").write_bytes(b"\n".join(lines) + b"\n")
    (folder / "binary.log").write_bytes(source.randbytes(100_000))
    (folder / "empty.log").write_bytes(b"")


def test_odd_logs_become_patterns(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "in")
    monkeypatch.setattr(derive, "joined_shapes", partial(joined_shapes, most=100))
    settings = load_from(home)
    with open_store(settings) as store:
        report = ingest_logs(store, [tmp_path / "in"])
        files = store.log_files()
    assert (report.new, report.failed) == (5, 1)
    odd = {row["source"]: row for row in files.iter_rows(named=True)}
    assert (odd["long"]["lines"], odd["long"]["long_lines"]) == (3, 1)
    assert (odd["invalid"]["invalid_utf8_lines"], odd["nul"]["nul_lines"]) == (50, 20)

    done = dg.materialize(
        [*ASSETS, *dg.load_asset_checks_from_modules([checks])],
        selection=dg.AssetSelection.assets(*(asset.key for asset in ASSETS)),
        resources=build_resources(settings),
        partition_key=datetime.now(UTC).date().isoformat(),
    )
    assert [e.check_name for e in done.get_asset_check_evaluations() if not e.passed] == []
    (shapes,) = done.asset_materializations_for_node("log_shapes")
    assert shapes.metadata["files_with_rare_words_given_up"].value == 1

    tables = Tables(settings.tables_root)
    events = tables.scan(LOG_EVENTS).select(pl.len()).collect().item()
    found = tables.read(LOG_PATTERNS)
    assert found["frequency"].sum() == events
    of = {name: found.filter(pl.col("sources").list.contains(name)) for name in odd}
    assert of["one"]["template"].to_list() == ["request <*> took <*> ms"]
    assert of["invalid"]["frequency"].to_list() == [50]
    assert of["nul"]["template"].to_list() == ["abc\0def <*>"]
    assert of["distinct"]["template"].to_list() == ["<*>"]
    assert of["distinct"]["examples"].list.len().to_list() == [1]
    assert (of["long"]["template"].str.len_bytes() < 5_000).all()
    assert "request <*> done" in of["long"]["template"].to_list()
