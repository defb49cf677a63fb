"""``banana forecast`` and ``banana anomalies`` of what is stored, and by the clocks of a time zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import RESOURCE_USAGE
from tests.commands import Run
from tests.core.metrics.frames import samples
from tests.core.metrics.test_forecast_models import daily_wave


@pytest.fixture
def filled(home: Path, banana: Run) -> Run:
    """A store with twelve days of one resource, and one reading that stands out."""
    values = daily_wave(12)
    values[250] += 60
    settings = load_from(home)
    with open_store(settings):
        Tables(settings.tables_root).replace(RESOURCE_USAGE, resource_usage(samples(values.tolist(), 3600)))
    return banana


def test_stored_resources_are_forecast(filled: Run, tmp_path: Path) -> None:
    status, out, _ = filled("forecast", "--hours", "24")
    assert status == 0
    assert "same_hours" in out
    status, out, _ = filled("forecast", "--format", "jsonl", "--hours", "24")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (status, len(rows)) == (0, 24)
    assert {"predicted_usage", "lo80", "hi95", "why", "crossing", "advice", "backtest"} <= set(rows[0])
    written = tmp_path / "out.csv"
    assert filled("forecast", "--hours", "24", "--out", str(written))[0] == 0
    assert pl.read_csv(written).columns == ["series_id", "ts", "yhat", "lo80", "hi80", "lo95", "hi95"]


def test_a_reading_that_stands_out_is_listed(filled: Run) -> None:
    status, out, _ = filled("anomalies", "--format", "json")
    rows = json.loads(out)
    assert status == 0
    assert rows[-1]["value"] > 90
    assert rows[-1]["score"] >= 0.5
    assert filled("anomalies", "--least", "0.99")[2].endswith("nothing stands out.\n")


def test_most_rows_are_told_as_elsewhere(filled: Run, tmp_path: Path) -> None:
    every = json.loads(filled("anomalies", "--least", "0", "--format", "json")[1])
    status, out, err = filled("anomalies", "--least", "0", "--limit", "1", "--format", "json")
    assert (status, json.loads(out)) == (0, every[:1])
    assert err == f"banana anomalies: {len(every) - 1:,} more (--limit).\n"
    csv = tmp_path / "in.csv"
    csv.write_text("series_id,ts,y\n" + "".join(f"a,2026-01-01 00:{m:02d}:00,1\n" for m in range(9)))
    _, out, err = filled("anomalies", str(csv), "--limit", "3")
    assert (len(out.splitlines()), "6 more" in err) == (4, True)


@pytest.mark.parametrize("command", ["forecast", "anomalies"])
def test_what_is_not_there_is_one_sentence(filled: Run, command: str) -> None:
    for words in (["--metric", "nothing"], ["--source", "nowhere"]):
        status, out, err = filled(command, *words)
        assert (status, out) == (2, "")
        assert "There are" in err


def test_the_table_has_both_intervals_in_the_unit_of_the_metric(filled: Run, home: Path) -> None:
    values = daily_wave(12) * 2**30
    usage = resource_usage(samples(values.tolist(), 3600).with_columns(metric=pl.lit("memory_used_bytes")))
    with open_store(load_from(home)):
        Tables(load_from(home).tables_root).replace(RESOURCE_USAGE, usage)
    status, out, _ = filled("forecast", "--hours", "24")
    assert status == 0
    assert {"lo95", "lo80", "median", "hi80", "hi95"} <= set(out.splitlines()[0].split())
    assert "e+" not in out
    assert out.splitlines()[1].count("GiB") >= 5


def test_help_with_a_source_names_the_nearest_and_no_commands(filled: Run, home: Path) -> None:
    usage = resource_usage(samples(daily_wave(12).tolist(), 3600))
    command = "git fetch --quiet && git clean -fdx"
    usages = [usage.with_columns(source=pl.lit(s)) for s in ("web-2", command, "", "web-1", *map(str, range(20)))]
    with open_store(load_from(home)):
        Tables(load_from(home).tables_root).replace(RESOURCE_USAGE, pl.concat(usages))
    for command_name in ("forecast", "anomalies"):
        status, _, err = filled(command_name, "--source", "web-3")
        assert status == 2
        assert "There are web-1, web-2, " in err
        assert "git" not in err
        assert "and 14 more" in err


def test_without_a_store_it_says_what_to_run(banana: Run) -> None:
    for command in ("forecast", "anomalies"):
        status, _, err = banana(command)
        assert status == 2
        assert "Run `banana" in err


def test_options_of_files_and_of_stored_series_do_not_mix(filled: Run, tmp_path: Path) -> None:
    for words in (
        ["forecast", "--horizon", "3"],
        ["forecast", "x.csv", "--hours", "3"],
        ["anomalies", "x", "--metric", "m"],
    ):
        assert filled(*words)[0] == 2


@pytest.mark.parametrize("begin", [datetime(2026, 3, 15), datetime(2026, 10, 12)], ids=["spring", "autumn"])
def test_clocks_that_change_keep_the_hours_of_the_day(banana: Run, tmp_path: Path, begin: datetime) -> None:
    zone = ZoneInfo("Europe/Berlin")
    times = [begin.replace(tzinfo=UTC) + timedelta(hours=k) for k in range(24 * 18)]
    busy = [100.0 if 9 <= t.astimezone(zone).hour < 17 else 10.0 for t in times]
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    known = 24 * 13 + 12  # The clocks change within the horizon.
    lines = [f"load,{t:%Y-%m-%d %H:%M:%S},{y}" for t, y in zip(times[:known], busy, strict=False)]
    source.write_text("\n".join(["series_id,ts,y", *lines]))
    for words, most in ((["--zone", "Europe/Berlin"], 1e-6), ([], 30.0)):
        assert banana("forecast", str(source), "--horizon", "60", "--out", str(out), *words)[0] == 0
        made = pl.read_csv(out)
        assert made["ts"][0] == f"{times[known]:%Y-%m-%d %H:%M:%S}"
        wrong = np.abs(made["yhat"].to_numpy() - np.array(busy[known : known + 60])).mean()
        assert wrong <= most
    assert wrong > 1
    assert banana("forecast", str(source), "--zone", "Mars/Olympus")[0] == 2
