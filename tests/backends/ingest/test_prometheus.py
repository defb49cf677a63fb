"""Prometheus text and OpenMetrics: what each line becomes, and what is said of lines that become nothing."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.backends.ingest import prometheus
from banana_assets.backends.ingest.prometheus import as_readings, is_exposition, parse_exposition, scrape
from banana_assets.backends.ingest.resources import ingest_resources
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXPORTER = b"""# HELP node_memory_MemFree_bytes Free memory.
# TYPE node_memory_MemFree_bytes gauge
node_memory_MemFree_bytes 1.5e+09
# TYPE node_network_receive_bytes_total counter
node_network_receive_bytes_total{device="eth0"} 100 1772452800000
node_network_receive_bytes_total{device="eth0"} 700 1772452860000
node_network_receive_bytes_total{device="eth0"} 60 1772452920000
# TYPE http_seconds histogram
http_seconds_bucket{le="1"} 3
http_seconds_sum 2
http_seconds_count 4
# TYPE up gauge
up{instance="web:9100",job="node"} NaN
up{instance="web:9100",job="other"} +Inf
temperature_celsius{instance="web:9100"} -3
"""


def read(data: bytes) -> dict[tuple[str | None, str], list[float]]:
    frame, _, _ = as_readings(parse_exposition(data, "x", now=NOW).frame)
    found: dict[tuple[str | None, str], list[float]] = {}
    for source, metric, _, value in frame.sort("metric", "ts").iter_rows():
        found.setdefault((source, metric), []).append(value)
    return found


def test_gauges_stand_counters_become_rates_and_a_fall_is_a_reset() -> None:
    found = read(EXPORTER)
    assert found[(None, "node_memory_MemFree_bytes")] == [1.5e9]
    assert found[(None, 'node_network_receive_bytes_per_second{device="eth0"}')] == [10, 1]
    assert found[("web:9100", "temperature_celsius")] == [-3]
    assert len(found) == 3


def test_what_is_left_aside_is_counted() -> None:
    exposition = parse_exposition(EXPORTER, "x", now=NOW)
    assert exposition.left == {"buckets of histograms": 1, "without a value (NaN)": 1, "infinite": 1}
    _, single, resets = as_readings(exposition.frame)
    assert (single, resets) == (2, 1)


def test_a_histogram_gives_its_rate_and_its_mean() -> None:
    text = (
        b"# TYPE http_seconds histogram\nhttp_seconds_sum 2 0\nhttp_seconds_count 4 0\n"
        b"http_seconds_sum 8 60000\nhttp_seconds_count 7 60000\n"
    )
    assert read(text) == {(None, "http_seconds_per_second"): [0.05], (None, "http_seconds_mean"): [2]}


def test_open_metrics_has_times_in_seconds_and_strict_rules() -> None:
    good = b'# TYPE a gauge\na{b="\\"c\\\\"} 5 1700000000.5\na{b="\\"c\\\\"} 6 1700000060\n# EOF\n'
    frame = parse_exposition(good, "x", now=NOW).frame
    assert frame["ts"].to_list()[0] == datetime.fromtimestamp(1700000000.5, UTC)
    with pytest.raises(InputError, match=r"line 3.*went backwards"):
        parse_exposition(b"# TYPE a gauge\na 5 60\na 6 10\n# EOF\n", "x", now=NOW)


@pytest.mark.parametrize("line", ["b{ 2", "b x", "a 1 99999999999999999", 'a{b="c} 1'])
def test_a_line_that_is_wrong_is_named(line: str) -> None:
    with pytest.raises(InputError, match=r"m\.prom, line 2 is no"):
        parse_exposition(f"a 1\n{line}\nc 3\n".encode(), "m.prom", now=NOW)


def test_too_many_series_are_to_be_chosen_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "MOST_SERIES", 3)
    many = "".join(f'a{{k="{i}"}} 1\n' for i in range(4)).encode() + b"b 1\n"
    with pytest.raises(InputError, match="--match"):
        parse_exposition(many, "x", now=NOW)
    assert parse_exposition(many, "x", now=NOW, match=["b*"]).left == {"not asked for": 4}


names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda n: not n.endswith(("_info", "_created", "_total", "_bucket"))
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            names, st.text(max_size=6).filter(lambda t: "\r" not in t), st.floats(allow_nan=False, allow_infinity=False)
        ),
        max_size=8,
        unique_by=lambda x: x[0],
    )
)
def test_what_is_printed_is_read_back(rows: list[tuple[str, str, float]]) -> None:
    def quoted(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    text = "".join(f'{name}{{l="{quoted(label)}"}} {value!r}\n' for name, label, value in rows)
    # Other line breaks of Unicode are no line breaks of the format.
    frame = parse_exposition(text.encode("utf-8", "replace"), "x", now=NOW).frame
    assert frame["value"].to_list() == [value for _, _, value in rows]
    assert [m.partition("{")[0] for m in frame["metric"]] == [name for name, _, _ in rows]


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='ab{}="\\ #1.eE+-\n,', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    is_exposition(data)
    try:
        found = parse_exposition(data, "x", now=NOW)
    except InputError:
        return
    assert found.frame["value"].is_finite().all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 600), st.floats(0, 1e9)), min_size=2, max_size=20))
def test_rates_are_never_negative(steps: list[tuple[int, float]]) -> None:
    moments = [NOW + timedelta(seconds=sum(s for s, _ in steps[: k + 1])) for k in range(len(steps))]
    rows = [(None, "c_total", at, value, True) for at, (_, value) in zip(moments, steps, strict=True)]
    frame, _, _ = as_readings(pl.DataFrame(rows, schema=prometheus.SCHEMA, orient="row"))
    assert frame.height == len(steps) - 1
    assert (frame["value"] >= 0).all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("up 1\nup {\n", "x, line 2 is no Prometheus text: 'up {'."),
        ("up 1\nup 1 99999999999999999\n", "x, line 2 is no Prometheus text: 'up 1 99999999999999999'."),
        ("# TYPE a counter\na_total -1\n\n# EOF\n", "x, line 2 is no Prometheus text: 'a_total -1' (Counter-like"),
        ("up " + "1" * 500 + "x\n", "…'."),
    ],
)
def test_a_line_that_cannot_be_read_is_quoted(text: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_exposition(text.encode(), "x", now=NOW)
    assert says in refused.value.message
    assert "could not" not in refused.value.message
    assert len(refused.value.message) < 200


def test_a_file_is_taken_in_once_at_the_time_it_was_written(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    folder.mkdir()
    path = folder / "node.prom"
    path.write_bytes(b'free_mib{zone="a"} 2\nup 1\nup{instance="db"} 1\n')
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    report = ingest_resources(store, [folder])
    assert {item.name for item in report.items} == {"node", "db"}
    assert 'free_mib{zone="a"} taken as free_bytes{zone="a"} (x 1.04858e+06)' in report.items[0].message
    rows = store.read_samples(1)
    assert (rows["ts"].unique().to_list(), sorted(rows["value"])) == ([NOW], [1, 2 * 2**20])
    assert ingest_resources(store, [folder]).known == 2


def test_a_scrape_of_counters_alone_says_that_a_rate_takes_two(store: Store, tmp_path: Path) -> None:
    (tmp_path / "c.prom").write_text("# TYPE c counter\nc_total 3\n")
    (item,) = ingest_resources(store, [tmp_path / "c.prom"]).items
    assert item.outcome == "failed"
    assert "1 counter with one sample" in item.message


@contextmanager
def serving(answer: bytes, status: int = 200) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_address_is_asked_and_names_the_source(store: Store) -> None:
    with serving(b"up 1\n") as url:
        assert scrape(url) == b"up 1\n"
        (item,) = ingest_resources(store, [url]).items
    assert (item.outcome, item.name) == ("new", url.split("/")[2])
    with serving(b"", 503) as url, pytest.raises(InputError, match="503"):
        scrape(url)
    with pytest.raises(InputError, match="no http"):
        scrape("file:///etc/passwd")


def test_a_change_of_unit_without_a_name_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ts,metric,value\n2026-03-01T00:00:00Z,memory_used_bytes,2000\n")
    (tmp_path / "b.csv").write_text("ts,metric,value\n2026-03-01T00:01:00Z,memory_used_bytes,2048000\n")
    ingest_resources(store, [tmp_path / "a.csv"], source="h")
    (item,) = ingest_resources(store, [tmp_path / "b.csv"], source="h").items
    assert item.outcome == "new"
    assert "about 1,000 times what was stored before: did its unit change?" in item.message
