"""What mining promises of any text: one template a line, which fits it; ids that neither order nor company changes
without a trace."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.logs.assignment import Assigner
from banana_assets.core.logs.header import learn_header
from banana_assets.core.logs.masks import mask, shape_ids
from banana_assets.core.logs.patterns import patterns
from banana_assets.core.tables.patterns import LOG_SHAPES

PIECES = (
    "user open is true KB 3 ms (x) [7] <7> $7 #7 9% -5 +7 7x 7th x7 x-7 _7 b_7 x_7_y 7_x 12e5 1,234 1.2.3.4 0x1f a0x1f "
    '12:30:45 2024-01-02T10:11:12 a7 abc1234 é7 é12345 —7 /a/b7 C:\\x7 foo.java:12 a.b.c:80 "q7" k="v7" k=7 u@h7.com '
    "http://x7/y?z=1 node-12 blk_9912345 v1.2 deadbeef12 12ab 0007 a-1-b T7 _ ="
)
ANY = st.text(st.sampled_from("ab019 xX:=-_./()[]\"'<>,;|{}@%#\\éµ—\t"), max_size=25)
TEXT = ANY | st.lists(st.sampled_from(PIECES.split(" ")), max_size=6).flatmap(
    lambda words: st.sampled_from([" ", "", ", ", "  "]).map(lambda between: between.join(words))
)
LINES = st.lists(TEXT, min_size=1, max_size=15)
HEADED = st.lists(st.tuples(st.integers(0, 59), st.sampled_from(["INFO", "ERROR"]), TEXT), min_size=5, max_size=20)
DAY = date(2026, 3, 2)


def fits(template: str, message: str) -> bool:
    """The template with ``.*`` for each variable matches the message, runs of white space being one blank in both."""
    pattern = ".*".join(re.escape(part) for part in template.split("<*>"))
    return re.fullmatch(pattern, " ".join(message.split()), re.DOTALL) is not None


def assigned(lines: list[str], content: bool) -> Assigner:
    header = None if content else learn_header(pl.Series(lines, dtype=pl.String))
    assigner = Assigner(header) if header else Assigner()
    assigner.add(assigner.prepare("".join(f"{line}\n" for line in lines).encode()))
    assigner.finish()
    return assigner


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_every_line_has_one_template_and_it_fits(lines: list[str]) -> None:
    assigner = assigned(lines, content=True)
    told = pl.concat(assigner.assignments())
    assert told["LineId"].to_list() == list(range(1, len(lines) + 1))
    for line, template in zip(lines, told["EventTemplate"], strict=True):
        assert fits(template, line), (line, template)
    assert assigner.templates()["count"].sum() == len(lines)


@settings(max_examples=15, deadline=None)
@given(HEADED)
def test_with_a_header_the_template_fits_what_comes_after_it(rows: list[tuple[int, str, str]]) -> None:
    lines = [f"2026-03-02T10:11:{second:02d}Z {level} m: {text}" for second, level, text in rows]
    for line, template in zip(
        lines, pl.concat(assigned(lines, content=False).assignments())["EventTemplate"], strict=True
    ):
        # Where the header ends is learned: the template has to fit the end of the line from one of its words on.
        words = line.split()
        assert any(fits(template, " ".join(words[i:])) for i in range(len(words) + 1)), (line, template)


def stored(files: dict[int, list[str]]) -> pl.DataFrame:
    """Rows of LOG_SHAPES as the files' messages give them, an event a line."""
    parts = []
    for number, messages in files.items():
        text = pl.Series("example", messages, dtype=pl.String)
        parts.append(
            pl.DataFrame({"example": text, "shape": mask(text), "shape_id": shape_ids(text)})
            .with_row_index("first_line", offset=1)
            .group_by("shape_id", "shape")
            .agg(pl.col("first_line").min(), pl.col("example").first(), events=pl.len())
            .with_columns(
                file_id=pl.lit(number), source=pl.lit("api"), arrival_day=pl.lit(DAY), severity_number=pl.lit(9),
                hour=pl.lit(None), first_ts=pl.lit(None), last_ts=pl.lit(None),
            )
        )  # fmt: skip
    return LOG_SHAPES.conform(pl.concat(parts))


def mined(files: dict[int, list[str]], previous: pl.DataFrame | None = None) -> pl.DataFrame:
    about = pl.DataFrame(
        {
            "file_id": list(files),
            "path": [f"{n}.log" for n in files],
            "arrived_at": [datetime(2026, 3, 2, tzinfo=UTC)] * len(files),
        }
    )
    return patterns(stored(files), about, previous=previous)


@settings(max_examples=12, deadline=None)
@given(st.lists(LINES, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_files_and_lines_changes_no_id(logs: list[list[str]], source: random.Random) -> None:
    one = mined(dict(enumerate(logs, 1)))
    for log in logs:
        source.shuffle(log)
    source.shuffle(logs)
    two = mined(dict(enumerate(logs, 1)))
    same = ["pattern_id", "template", "named_template", "frequency", "shapes", "groups"]
    assert one.select(same).equals(two.select(same))


@settings(max_examples=12, deadline=None)
@given(st.lists(LINES, min_size=2, max_size=4))
def test_an_id_that_more_files_change_is_in_the_trace(logs: list[list[str]]) -> None:
    before = mined({1: logs[0]})
    after = mined(dict(enumerate(logs, 1)), previous=before)
    moved = after.select("pattern_id", "formerly", shape_id="shapes").explode("shape_id")
    for row in before.iter_rows(named=True):
        for shape in row["shapes"]:
            now = moved.row(by_predicate=pl.col("shape_id") == shape, named=True)
            assert row["pattern_id"] in [now["pattern_id"], *(f["pattern_id"] for f in now["formerly"])]


def test_mining_again_changes_nothing_and_leaves_no_trace() -> None:
    files = {1: ["user 1 in", "user 2 out"], 2: ["disk full"]}
    first = mined(files)
    assert mined(files, previous=first).equals(first)
    assert first["formerly"].list.len().sum() == 0
