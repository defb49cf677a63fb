from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from banana_assets.interfaces.cli.forecast import app
from banana_assets.interfaces.cli.running import run


def write(path: Path, rows: list[tuple[str, str, object]]) -> Path:
    path.write_text("series_id,ts,y\n" + "".join(f"{s},{t},{y}\n" for s, t, y in rows))
    return path


def hours(n: int, name: str = "a") -> list[tuple[str, str, object]]:
    return [(name, f"2026-01-{1 + k // 24:02d} {k % 24:02d}:00:00", k % 24 + k % 5) for k in range(n)]


def test_each_series_gets_its_steps(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", hours(96) + hours(60, "b"))
    out = tmp_path / "out.csv"
    assert run(app, "forecast", [str(source), "--horizon", "5", "--out", str(out)]) == 0
    made = pl.read_csv(out)
    assert made.columns == ["series_id", "ts", "yhat", "lo80", "hi80", "lo95", "hi95"]
    assert made.filter(pl.col("series_id") == "a")["ts"].to_list()[:2] == ["2026-01-05 00:00:00", "2026-01-05 01:00:00"]
    assert made.height == 10
    assert (made["lo95"] <= made["lo80"]).all()
    assert (made["hi80"] <= made["hi95"]).all()


def test_odd_readings_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = hours(72)
    rows[5], rows[9] = rows[9], rows[5]
    rows += [rows[20], ("a", "2026-01-03 23:30:00", ""), ("a", "2026-01-03 22:30:00", "nan")]
    assert run(app, "forecast", [str(write(tmp_path / "in.csv", rows)), "--horizon", "2"]) == 0
    told = capsys.readouterr()
    assert "2 readings without a value taken as gaps" in told.err
    assert "out of order" in told.err
    assert "averaged" in told.err
    assert told.out.startswith("series_id,ts,yhat")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([*hours(30), ("a", "2026-01-02 06:00:00", "inf")], "infinite"),
        ([*hours(30), ("a", "2026-01-02 06:00:00", "much")], "is no number"),
        ([*hours(30), ("a", "yesterday", 1)], "is no time"),
        ([("a", "2026-01-01 00:00:00", 1)], "one point"),
        ([*hours(30), ("a", "2096-01-02 06:00:00", 1)], "jumps from"),
        ([("a", "2026-01-01 00:00:00", "")], "no value at all"),
        ([], "no rows"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[tuple[str, str, object]], says: str
) -> None:
    assert run(app, "forecast", [str(write(tmp_path / "in.csv", rows))]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.out == ""


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "forecast", [str(tmp_path / "none.csv")]) == 2
    (tmp_path / "empty.csv").write_text("")
    assert run(app, "forecast", [str(tmp_path / "empty.csv")]) == 2
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert run(app, "forecast", [str(tmp_path / "other.csv")]) == 2
    assert capsys.readouterr().err.count("banana forecast:") == 3


def test_offsets_are_kept_as_utc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(s, t.replace(" ", "T") + "+02:00", y) for s, t, y in hours(30)]
    assert run(app, "forecast", [str(write(tmp_path / "in.csv", rows)), "--horizon", "1"]) == 0
    assert "2026-01-02T04:00:00+00:00" in capsys.readouterr().out


def test_series_that_cannot_be_forecast_cost_the_others_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        *hours(96),
        ("b", "2026-01-01T00:00:00", 1),
        ("c", "2026-01-01T00:00:00", ""),
        *hours(30, "d"),
        ("d", "2096-01-02 06:00:00", 1),
    ]
    out = tmp_path / "out.csv"
    assert run(app, "forecast", [str(write(tmp_path / "in.csv", rows)), "--horizon", "3", "--out", str(out)]) == 0
    assert pl.read_csv(out)["series_id"].unique().to_list() == ["a"]
    told = capsys.readouterr().err
    assert "3 series left out" in told
    assert "'b' has one point" in told
    assert "'c' has no value" in told
    assert "The clock of series 'd' jumps" in told


def test_few_of_many_series_left_out_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*hours(96), *[(f"s{k}", "2026-01-01 00:00:00", 1) for k in range(1, 9)]]
    assert run(app, "forecast", [str(write(tmp_path / "in.csv", rows)), "--horizon", "1"]) == 0
    told = capsys.readouterr().err
    assert told.count("has one point") == 5
    assert "8 series left out" in told
    assert "3 more of them" in told


def test_two_readings_are_forecast_with_low_confidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*hours(96), *hours(2, "b")]
    out = tmp_path / "out.csv"
    assert run(app, "forecast", [str(write(tmp_path / "in.csv", rows)), "--horizon", "3", "--out", str(out)]) == 0
    assert pl.read_csv(out)["series_id"].unique(maintain_order=True).to_list() == ["a", "b"]
    assert "too short for a model; confidence low" in capsys.readouterr().err


def test_a_folder_is_named_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "forecast", [str(tmp_path)]) == 2
    assert f"{tmp_path} is a folder. Name a file in it." in capsys.readouterr().err


def test_a_name_with_a_star_is_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "in.csv", hours(96))
    assert run(app, "forecast", [str(tmp_path / "i*.csv")]) == 2
    assert "There is no file" in capsys.readouterr().err
