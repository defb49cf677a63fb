from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from banana_assets.backends.ingest import ingest_resources
from banana_assets.backends.store import Store
from banana_assets.core.tables.raw import RESOURCE_SAMPLES

LONG = "ts,metric,value\n2026-05-01T12:00:00Z,cpu_percent,50\n2026-05-01T12:01:00Z,cpu_percent,60.5\n"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _samples(store: Store) -> pl.DataFrame:
    frames = [store.read_samples(i) for i in store.resource_series()["series_id"]]
    return pl.concat(frames) if frames else RESOURCE_SAMPLES.empty()


def test_readings_come_in_once(any_store: Store, tmp_path: Path) -> None:
    path = _write(tmp_path / "web1-2026-05-01.csv", LONG)
    assert ingest_resources(any_store, [path]).new == 1
    assert ingest_resources(any_store, [path]).known == 1
    samples = _samples(any_store)
    assert samples.select("source", "metric", "value").rows() == [
        ("web1", "cpu_percent", 50.0),
        ("web1", "cpu_percent", 60.5),
    ]
    assert RESOURCE_SAMPLES.violations(samples) == {}
    assert samples["build_id"].null_count() == 2


def test_a_file_that_grew_brings_in_what_is_new(any_store: Store, tmp_path: Path) -> None:
    path = _write(tmp_path / "web1.csv", LONG)
    ingest_resources(any_store, [path])
    _write(path, LONG.replace(",50", ",51") + "2026-05-01T12:02:00Z,cpu_percent,70\n")
    report = ingest_resources(any_store, [path])
    assert [item.outcome for item in report.items] == ["grown"]
    assert "1 reading differs" in report.items[0].message
    assert _samples(any_store)["value"].to_list() == [50.0, 60.5, 70.0]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("timestamp,value\n2026-05-01 12:00:00,5\n", [("h", "value", 5.0)]),
        ("ts,cpu_percent,memory_used_bytes\n1777636800,5,1e9\n1777636860,,2e9\n",
         [("h", "cpu_percent", 5.0), ("h", "memory_used_bytes", 1e9), ("h", "memory_used_bytes", 2e9)]),
        ("ts,source,metric,value\n2026-05-01T12:00Z,web1,cpu_percent,5\n2026-05-01T12:00Z,web2,cpu_percent,6\n",
         [("web1", "cpu_percent", 5.0), ("web2", "cpu_percent", 6.0)]),
        ("Time,Host,load\n2026-05-01T12:00+02:00,web1,0.5\n", [("web1", "load", 0.5)]),
        ("\ufeffts,metric,value\r\n2026-05-01T12:00:00Z,a,1\r\n", [("h", "a", 1.0)]),
        ("ts,metric,value\n2026-05-01,a,1\n2026-05-02,a,\n,,\n", [("h", "a", 1.0)]),
        ("ts,cpu,load\n2026-05-01,1,\n,,\n", [("h", "cpu", 1.0)]),
    ],
)  # fmt: skip
def test_forms(store: Store, tmp_path: Path, text: str, rows: list[tuple[str, str, float]]) -> None:
    report = ingest_resources(store, [_write(tmp_path / "x.csv", text)], source="h")
    assert report.status == 0, report.items
    assert _samples(store).select("source", "metric", "value").rows() == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ts,metric,value\nnoon,cpu,5\n", r"on line 2 the time 'noon'"),
        ("ts,metric,value\n2026-05-01,cpu,5\n2026-05-02,cpu,lots\n", r"on line 3 'lots' for cpu"),
        ("ts,metric,value\n2026-05-01,cpu,inf\n", r"'inf' for cpu"),
        ("when,metric,value\n2026-05-01,cpu,5\n", r"no column for the time"),
        ("ts\n2026-05-01\n", r"no column of readings"),
        ("ts,metric,value\n", r"holds no reading"),
        ("ts,cpu\n2026-05-01,1,2\n", r"is no CSV"),
        ("ts,metric,value\n2026-05-01,cpu,5\n2026-05-0\n", r"on line 3 the time '2026-05-0'"),
        ("ts,metric,value\n2026-05-01,cpu,5\n2026-05-02\n", r"on line 3 no metric"),
        ("ts,cpu\n2026-05-01,5\ntotal,\n", r"on line 3 the time 'total'"),
    ],
)
def test_what_cannot_be_read_is_named(store: Store, tmp_path: Path, text: str, said: str) -> None:
    path = _write(tmp_path / "x.csv", text)
    report = ingest_resources(store, [path])
    assert report.status == 2
    assert pl.Series([report.items[0].message]).str.contains(said)[0], report.items[0].message
    assert str(path) in report.items[0].message
    assert store.resource_series().is_empty()


def test_a_reading_given_twice_counts_once(store: Store, tmp_path: Path) -> None:
    report = ingest_resources(store, [_write(tmp_path / "x.csv", LONG + LONG.splitlines()[1] + "9\n")])
    assert "1 repeated" in report.items[0].message
    assert _samples(store).height == 2


def test_folders_are_searched_for_csv(store: Store, tmp_path: Path) -> None:
    _write(tmp_path / "in" / "web1.csv", LONG)
    _write(tmp_path / "in" / "notes.md", "no")
    report = ingest_resources(store, [tmp_path / "in"])
    assert (report.new, report.count("aside"), report.status) == (1, 1, 0)
