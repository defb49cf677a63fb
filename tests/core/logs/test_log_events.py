from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.logs.events import EVENT_SCHEMA, MAX_EVENT_LINES, events
from banana_assets.core.logs.header import learn_header
from banana_assets.core.logs.masks import shape_ids

TRACE = ["java.lang.IllegalStateException: no", "\tat a.b.C.d(C.java:1)", "Caused by: x", "", "  ... 3 more"]
LOG = [
    "2024-01-01 10:00:00,123 INFO  [main] a.b.C: started in 3 s",
    "2024-01-01 10:00:01,123 ERROR [pool 1] a.b.D: it broke",
    *TRACE,
    "2024-01-01 10:00:02,123 WARN  [main] a.b.C: slow",
] * 5


def frames(lines: list[str], size: int) -> list[pl.DataFrame]:
    return [
        pl.DataFrame({"line": range(i + 1, i + 1 + len(lines[i : i + size])), "text": lines[i : i + size]})
        for i in range(0, len(lines), size)
    ]


def read(lines: list[str], size: int = 1000, year: int = 2024) -> pl.DataFrame:
    header = learn_header(pl.Series(lines))
    return pl.concat([pl.DataFrame(schema=EVENT_SCHEMA), *events(frames(lines, size), header, year=year)])


def test_fields_and_continuation_lines():
    found = read(LOG)
    assert found.schema == EVENT_SCHEMA
    assert found.height == 15
    row = found.row(1, named=True)
    assert row == {
        "first_line": 2,
        "last_line": 7,
        "ts": datetime(2024, 1, 1, 10, 0, 1, 123000, tzinfo=UTC),
        "severity_number": 17,
        "severity_text": "ERROR",
        "host": None,
        "component": "a.b.D",
        "process": None,
        "thread": "pool 1",
        "message": "it broke",
        "shape_id": shape_ids(pl.Series(["it broke"]))[0],
    }


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40))
def test_events_do_not_depend_on_where_frames_end(size):
    assert read(LOG, size).equals(read(LOG, 1000))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([LOG[0], LOG[1], *TRACE, "free text"]), min_size=1, max_size=30), st.integers(1, 9))
def test_every_line_belongs_to_exactly_one_event(lines, size):
    found = read(lines, size)
    covered = [n for a, b in found.select("first_line", "last_line").rows() for n in range(a, b + 1)]
    assert covered == list(range(1, len(lines) + 1))


def test_an_event_ends_after_so_many_lines_also_across_frames():
    lines = [LOG[0]] * 20 + ["\tat x"] * (3 * MAX_EVENT_LINES) + [LOG[0]]
    header = learn_header(pl.Series(LOG))
    for size in (7, 333, 5000):
        found = pl.concat(list(events(frames(lines, size), header, year=2024)))
        lengths = found.select(pl.col("last_line") - pl.col("first_line") + 1).to_series()
        assert lengths.max() == MAX_EVENT_LINES
        assert lengths.sum() == len(lines)


def test_syslog_fields_and_year():
    lines = [
        "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: check pass; user unknown",
        "Jun 14 15:16:02 combo kernel: up",
    ]
    first, second = read(lines, year=2005).rows(named=True)
    assert (first["ts"], first["host"]) == (datetime(2005, 6, 14, 15, 16, 1, tzinfo=UTC), "combo")
    assert (first["component"], first["process"], first["severity_number"]) == ("sshd(pam_unix)", "19939", 13)
    assert (second["component"], second["process"], second["message"]) == ("kernel", None, "up")


def test_json_lines_with_broken_ones_among_them():
    lines = ['{"time":"2024-01-01T00:00:00Z","level":"error","msg":"bad \\"x\\" 3","logger":"a"}'] * 3 + ["{broken"]
    found = read(lines)
    assert found["message"].to_list()[:1] == ['bad "x" 3']
    assert found["severity_number"][0] == 17
    assert found["component"][0] == "a"
    assert found["ts"][0] == datetime(2024, 1, 1, tzinfo=UTC)
    assert found["last_line"][-1] == 4


def test_one_letter_levels_glued_to_the_date():
    lines = [f"{c}0415 12:00:0{i}.123456       1 main.go:12] message {i}" for i, c in enumerate("IWE")]
    found = read(lines)
    assert found["severity_number"].to_list() == [9, 13, 17]
    assert found["message"].to_list() == ["message 0", "message 1", "message 2"]


def test_no_lines_give_no_events():
    assert read([]).height == 0
