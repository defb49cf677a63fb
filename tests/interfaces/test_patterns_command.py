from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_PATTERNS
from tests.commands import Run
from tests.core.metrics.frames import patterns

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
BAD, WORSE, RARE, FINE = "aaaa000000000001", "aaaa000000000002", "bbbb000000000003", "cccc000000000004"
FORMER = {"pattern_id": "dddd000000000005", "template": "old", "kind": "renamed", "changed_on": AT.date()}
ROWS = [
    {"pattern_id": BAD, "severity": "high", "frequency": 40, "is_new": True},
    {"pattern_id": WORSE, "severity": "critical", "severity_number": 21, "frequency": 2, "sources": ["db", "api"]},
    {"pattern_id": RARE, "severity": "high", "frequency": 900, "last_seen": None, "formerly": [FORMER]},
    {"pattern_id": FINE, "severity": "low", "frequency": 5000, "last_seen": AT - timedelta(days=3), "sources": ["web"]},
]


@pytest.fixture
def banana(banana: Run) -> Run:
    """Run ``banana patterns`` in this process: its exit status, stdout and stderr."""
    return partial(banana, "patterns")


@pytest.fixture
def filled(home: Path, banana: Run) -> Run:
    """The same on a home with a table of patterns."""
    rows = [{"last_seen": AT, "last_arrived": AT + timedelta(hours=1), "trend": 1.5} | row for row in ROWS]
    with open_store(load_from(home)):
        Tables(load_from(home).tables_root).replace(LOG_PATTERNS, patterns(rows))
    return banana


def ids(run: Run, *words: str) -> list[str]:
    status, out, _ = run(*words, "--format", "jsonl")
    assert status == 0
    return [json.loads(line)["pattern_id"] for line in out.splitlines()]


def test_without_a_table_it_says_what_to_run(banana: Run, home: Path) -> None:
    for words in ([], ["resolve", BAD]):
        status, out, err = banana(*words)
        assert (status, out) == (2, "")
        assert "banana materialize" in err
    assert not (home / "banana.sqlite").exists()
    with open_store(load_from(home)):
        assert "log_patterns is not computed yet. Run `banana materialize`" in banana()[2]


def test_the_most_severe_come_first_then_the_most_frequent(filled: Run) -> None:
    assert ids(filled) == [WORSE, RARE, BAD, FINE]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--severity", "high"], [WORSE, RARE, BAD]),
        (["--severity", "critical"], [WORSE]),
        (["--new"], [BAD]),
        (["--source", "db"], [WORSE]),
        (["--source", "api", "--severity", "high", "--new"], [BAD]),
        (["--limit", "2"], [WORSE, RARE]),
        (["--since", "2026-03-02"], [WORSE, RARE, BAD]),
        (["--since", "2026-03-02T12:30"], [RARE]),  # no time in its lines: its arrival counts
        (["--since", "2d"], [WORSE, RARE, BAD]),
        (["--since", "1w"], [WORSE, RARE, BAD, FINE]),
        (["--since", "999999w"], [WORSE, RARE, BAD, FINE]),
        (["--state", "muted"], []),
    ],
)
def test_filters(filled: Run, words: list[str], found: list[str]) -> None:
    assert ids(filled, *words) == found


def test_a_table_shows_state_trend_and_a_place_to_look(filled: Run) -> None:
    status, out, err = filled("--limit", "3")
    assert status == 0
    header, *lines = out.splitlines()
    assert header.split()[:4] == ["pattern_id", "severity", "state", "events"]
    assert [line.split()[:4] for line in lines] == [
        [WORSE, "critical", "open", "2"],
        [RARE, "high", "open", "900"],
        [BAD, "high", "new", "40"],
    ]
    assert all(line.endswith("api.log:3") for line in lines)
    assert "1 more" in err


def test_a_table_tells_what_a_pattern_came_from(filled: Run) -> None:
    lines = filled("--limit", "3")[1].splitlines()
    assert "formerly" in lines[0]
    assert [f"was dddd0000, {AT.date()}" in line for line in lines[1:]] == [False, True, False]
    assert "formerly" not in filled("--new")[1]


def test_one_pattern_is_shown_with_its_examples_and_its_trace(filled: Run) -> None:
    filled("mute", RARE, "--note", "known")
    status, out, err = filled("show", "bbbb")
    assert (status, err.strip()) == (0, "")
    for told in (RARE, "muted", "known", "api.log:3", "request 4 failed", "renamed", "dddd000000000005"):
        assert told in out, told
    shown = json.loads(filled("show", RARE, "--format", "json")[1])
    assert shown["formerly"] == [FORMER | {"changed_on": AT.date().isoformat()}]
    assert "groups" not in shown
    assert filled("show", "eeee")[0] == 2


def test_nothing_found_says_how_late_the_latest_event_is(filled: Run) -> None:
    for words in (["--since", "2999-01-01"], ["--state", "resolved"]):
        status, _, err = filled(*words)
        assert (status, "the latest event is of 2026-03-02 12:00 UTC" in err) == (0, True), words


def test_a_span_counts_back_from_the_latest_event_not_from_its_arrival(filled: Run) -> None:
    # The pattern without times arrived an hour after the latest event; that hour is no part of the span.
    assert ids(filled, "--since", "30m") == [WORSE, RARE, BAD]


def test_deciding_shows_at_once_and_is_kept_in_the_store(filled: Run, home: Path) -> None:
    status, out, err = filled("resolve", BAD, "--note", "fixed in 1.2", "--format", "json")
    assert (status, err, json.loads(out)["state"]) == (0, "", "resolved")
    assert filled("mute", WORSE, "--until", "2999-01-01")[0] == 0
    assert ids(filled) == [RARE, FINE]
    assert "2 resolved or muted left out" in filled()[2]
    status, out, _ = filled("--state", "all", "--format", "json")
    rows = {row["pattern_id"]: row for row in json.loads(out)}
    assert (rows[BAD]["note"], rows[WORSE]["until"]) == ("fixed in 1.2", "2999-01-01")
    assert "muted until 2999-01-01" in filled("--state", "muted")[1]
    assert filled("reopen", BAD)[0] == 0
    assert ids(filled) == [RARE, BAD, FINE]
    with open_store(load_from(home)) as store:
        kept = store.pattern_states()
    assert kept.select("pattern_id", "state", "until").rows() == [
        (BAD, "open", None),
        (WORSE, "muted", date(2999, 1, 1)),
    ]


def test_a_resolved_pattern_that_is_seen_again_shows_as_reopened(filled: Run, home: Path) -> None:
    filled("resolve", BAD)
    later = datetime.now(UTC) + timedelta(hours=1)
    rows = [{"last_arrived": later, "last_seen": later} | ROWS[0]]
    Tables(load_from(home).tables_root).replace(LOG_PATTERNS, patterns(rows))
    assert filled()[1].splitlines()[1].split()[2] == "reopened"


def test_an_id_may_be_cut_or_be_that_of_an_earlier_template(filled: Run) -> None:
    assert filled("resolve", "bbbb")[0] == 0
    assert ids(filled, "--state", "resolved") == [RARE]
    filled("reopen", str(FORMER["pattern_id"]))
    assert ids(filled, "--state", "resolved") == []
    for told, said in (("aaaa", "may be"), ("bb", "no pattern bb"), ("eeee", "no pattern eeee")):
        status, out, err = filled("mute", told)
        assert (status, out) == (2, "")
        assert said in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "soon"], "no day and no duration"),
        (["--source", "nobody"], "There are api, db, web."),
        (["mute", BAD, "--until", "never"], "is no day"),
        (["mute", BAD, "--until", "2020-01-01"], "over already"),
    ],
)
def test_what_cannot_be_meant_is_refused(filled: Run, words: list[str], said: str) -> None:
    status, out, err = filled(*words)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_logs_without_events_have_no_patterns(home: Path, banana: Run) -> None:
    with open_store(load_from(home)):
        Tables(load_from(home).tables_root).replace(LOG_PATTERNS, LOG_PATTERNS.empty())
    status, _, err = banana()
    assert (status, "no log events yet" in err) == (0, True)
