from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from banana_assets.interfaces.cli.anomalies import app
from banana_assets.interfaces.cli.running import run

START = datetime(2026, 1, 1)


def series(n: int = 600) -> list[str]:
    noise = np.random.default_rng(4).normal(0, 1, n)
    noise[450:460] += 30
    return [f"a,{START + timedelta(minutes=5 * k)},{50 + x:.4f}" for k, x in enumerate(noise)]


def scored(tmp_path: Path, lines: list[str]) -> pl.DataFrame:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("\n".join(["series_id,ts,y", *lines]) + "\n")
    assert run(app, "anomalies", [str(source), "--out", str(out)]) == 0
    return pl.read_csv(out)


def test_rows_come_out_as_they_went_in(tmp_path: Path) -> None:
    lines = series()
    out = scored(tmp_path, lines)
    assert out["ts"].to_list() == [line.split(",")[1] for line in lines]
    assert 450 <= int(out["score"].arg_max() or 0) < 460


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    lines = series()
    straight, turned = scored(tmp_path, lines), scored(tmp_path, lines[::-1])
    assert straight.sort("ts")["score"].to_list() == turned.sort("ts")["score"].to_list()


def test_values_that_are_missing_score_nothing(tmp_path: Path) -> None:
    lines = series()
    lines[455] = lines[455].rsplit(",", 1)[0] + ","
    assert scored(tmp_path, lines)["score"][455] == 0


def test_infinity_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.csv"
    source.write_text("series_id,ts,y\na,2026-01-01 00:00:00,-inf\n")
    assert run(app, "anomalies", [str(source)]) == 2
    assert "row 2: y '-inf' is infinite" in capsys.readouterr().err


def test_repeated_times_and_one_reading_out_of_order_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = series(80)
    lines[5], lines[6] = lines[6], lines[5]
    scored(tmp_path, [*lines, lines[-1], lines[-1], "b,2026-01-01 00:00:00,1"])
    told = capsys.readouterr().err
    assert "1 reading out of order" in told
    assert "2 readings at a time that was read before" in told
    assert "1 series of fifty readings or fewer" in told
