"""Nothing runs for an argument that is not known already, however it is written."""

from __future__ import annotations

from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.errors import InputError
from banana_assets.core.plans.actions import Known, admitted
from banana_assets.core.plans.types import Action

KNOWN = Known(
    days={date(2026, 3, 1), date(2026, 3, 2)},
    log_paths={"/var/log/shop.log"},
    build_paths={"/ci/logs/7.log", "/ci/logs"},
    watched=PurePosixPath("/in/box"),
)


def test_what_is_known_may_run() -> None:
    assert admitted(Action("compact"), KNOWN).job == "maintenance"
    assert admitted(Action("materialize"), KNOWN).days == ()
    assert admitted(Action("backfill", ("2026-03-02", "2026-03-01", "2026-03-02")), KNOWN).days == (
        date(2026, 3, 1),
        date(2026, 3, 2),
    )
    watched = admitted(Action("ingest", ("/in/box/builds/9.log", "/in/box/logs/a b.log")), KNOWN)
    assert watched.paths == {"builds": ("/in/box/builds/9.log",), "log_files": ("/in/box/logs/a b.log",)}
    assert watched.by_policy
    before = admitted(Action("ingest", ("/ci/logs", "/var/log/shop.log", "/in/box/logs/x")), KNOWN)
    assert before.paths == {"builds": ("/ci/logs",), "log_files": ("/var/log/shop.log", "/in/box/logs/x")}
    # A rule stands for a person's approval in the watched folder alone.
    assert not before.by_policy
    assert before.said.startswith("take in /ci/logs (builds), /var/log/shop.log (log_files)")


HOSTILE = [
    "/etc/shadow", "", ".", "/", "..", "~", "*", "/in/box", "/in/box/other/a.log", "/in/boxes/logs/a.log",
    "/in/box/logs/../../../etc/shadow", "/in/box/logs/\0/a", "in/box/logs/a.log", "/var/log", "/var/log/shop.log/",
    "/var/log/shop.log\n/etc/passwd", "/ci/logs/8.log", "/ci", "file:///ci/logs/7.log", "s3://bucket/7.log",
    "http://example.org/7.log", "$(id)", "/ci/logs/7.log; rm -rf /", "--help", "/proc/self/environ",
    "/IN/BOX/logs/a.log", "/in/./box/../box2/logs/a", "\\\\host\\share", "/in/box\u2215logs/a.log", "a" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(InputError) as told:
        admitted(Action("ingest", ("/in/box/logs/fine.log", path)), KNOWN)
    assert len(told.value.message) < 200


@pytest.mark.parametrize(
    "action",
    [
        Action("shell", ("id",)),
        Action("", ()),
        Action("ingest"),
        Action("ingest", ("/in/box/logs/a",) * 101),
        Action("compact", ("plans",)),
        Action("backfill"),
        Action("backfill", ("2026-03-03",)),
        Action("backfill", ("2026-3-1",)),
        Action("backfill", ("20260301",)),
        Action("backfill", ("2026-03-01/2099-01-01",)),
        Action("materialize", ("everything",)),
        Action("materialize", ("2026-03-01; drop",)),
    ],
)
def test_other_actions_are_refused(action: Action) -> None:
    with pytest.raises(InputError):
        admitted(action, KNOWN)


@given(st.sampled_from(["ingest", "materialize", "backfill", "compact", "x"]), st.lists(st.text(), max_size=3))
def test_any_argument_is_looked_up_or_refused(kind: str, arguments: list[str]) -> None:
    try:
        found = admitted(Action(kind, tuple(arguments)), KNOWN)
    except InputError:
        return
    assert set(found.days) <= set(KNOWN.days)
    for path in (p for paths in found.paths.values() for p in paths):
        assert path in {*KNOWN.log_paths, *KNOWN.build_paths} or path.startswith(("/in/box/logs", "/in/box/builds"))
