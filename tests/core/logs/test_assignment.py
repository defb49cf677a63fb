import random

import polars as pl
import pytest

from banana_assets.core.logs import assignment
from banana_assets.core.logs.assignment import Assigner
from banana_assets.core.logs.header import learn_header

LINES = [f"2024-01-01 10:00:0{i % 10} {'ERROR' if i % 7 == 0 else 'INFO'} a.B: took {i} ms" for i in range(200)]
LINES += [f"2024-01-01 10:01:0{i % 10} WARN a.C: queue is full" for i in range(50)]


def assign(lines: list[str], size: int = 64) -> Assigner:
    assigner = Assigner(learn_header(pl.Series(lines)))
    for i in range(0, len(lines), size):
        block = "".join(f"{line}\n" for line in lines[i : i + size]).encode()
        assigner.add(assigner.prepare(block))
    assigner.finish()
    return assigner


def assigned(assigner: Assigner) -> pl.DataFrame:
    return pl.concat(list(assigner.assignments()))


def test_every_line_gets_one_template_in_order():
    frame = assigned(assign(LINES))
    assert frame.columns == ["LineId", "EventId", "EventTemplate"]
    assert frame["LineId"].to_list() == list(range(1, 251))
    assert frame["EventTemplate"].to_list() == ["took <*> ms"] * 200 + ["queue is full"] * 50
    assert frame["EventId"].n_unique() == 2


def test_templates_are_counted_with_first_line_and_severity():
    found = assign(LINES).templates()
    assert found.select("template", "count", "severity", "first_line").rows() == [
        ("took <*> ms", 200, "critical", 1),
        ("queue is full", 50, "medium", 201),
    ]


def test_chunks_and_order_do_not_matter():
    shuffled = LINES.copy()
    random.Random(1).shuffle(shuffled)
    whole = assigned(assign(LINES, 1000)).group_by("EventId").len().sort("EventId")
    assert assigned(assign(shuffled, 7)).group_by("EventId").len().sort("EventId").equals(whole)


def test_lines_that_are_all_different_stay_within_bounds(monkeypatch):
    monkeypatch.setattr(assignment, "MAX_SHAPES", 500)
    monkeypatch.setattr(assignment, "MAX_KNOWN", 700)
    source = random.Random(2)
    words = ["".join(source.choices("abcdefghij", k=6)) for _ in range(400)]
    lines = [f"start {source.choice(words)} {source.choice(words)} end {source.choice(words)}" for _ in range(5_000)]
    assigner = assign(lines, 100)
    assert assigner.coarse >= 1
    assert len(assigner._shapes) <= 600
    frame = assigned(assigner)
    assert frame.height == 5_000
    assert frame["EventTemplate"].null_count() == 0
    assert assigner.templates()["count"].sum() == 5_000


@pytest.mark.parametrize("lines", [[], [""], ["", "x"], ["\0", "\ufffd"]])
def test_little_is_enough(lines):
    assigner = assign(lines)
    assert sum(frame.height for frame in assigner.assignments()) == len(lines)
    assert assigner.templates()["count"].sum() == len(lines)


def test_lines_give_the_same_whether_compared_whole_or_shortened(monkeypatch):
    lines = [*LINES, *LINES[::-1]] * 3
    whole = assigned(assign(lines))
    monkeypatch.setattr(assignment, "NOVEL", 0.0)
    monkeypatch.setattr(assignment, "RETRY", 100)
    short = assign(lines)
    assert assigned(short).equals(whole)
    assert short._wait > 0


def test_a_block_prepared_before_the_mode_changed_is_taken_all_the_same():
    block = "".join(f"{line}\n" for line in LINES).encode()
    assigner = Assigner(learn_header(pl.Series(LINES)))
    ready = [assigner.prepare(block), assignment._shortened(block), assigner.prepare(block)]
    for lines in ready:
        assigner.add(lines)
    assigner.finish()
    assert assigner.templates()["count"].to_list() == [600, 150]
