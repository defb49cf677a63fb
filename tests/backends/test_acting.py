"""What a step may run is looked up in the store, and links that lead elsewhere are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from banana_assets.backends.acting import admit, approval
from banana_assets.backends.ingest import ingest_builds, ingest_logs
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.plans.types import Action, Plan, Prediction, Subtask
from tests.backends.conftest import Opener


def plan(*actions: Action | None) -> Plan:
    steps = tuple(Subtask(f"s{n}", "verify", "Do it.", "", 5, action=a) for n, a in enumerate(actions, 1))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Plan("p1", "goal", "g", "g", "a", steps, (), "", Prediction(None, "", None), "deterministic", now)


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "app.log").write_text("hello\n")
    return folder


@pytest.fixture
def filled(new_store: Opener, watched: Path, tmp_path: Path) -> Store:
    store = new_store(watch_folder=watched)
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "7.log").write_text("make: *** [all] Error 2\n")
    (tmp_path / "shop.log").write_text("hello\n")
    ingest_builds(store, [tmp_path / "ci"])
    ingest_logs(store, [tmp_path / "shop.log"])
    return store


def test_what_was_taken_in_before_may_be_taken_in_again(filled: Store, tmp_path: Path) -> None:
    paths = (str(tmp_path / "ci"), str(tmp_path / "ci" / "7.log"), str(tmp_path / "shop.log"))
    found = admit(filled, plan(Action("ingest", paths)), "s1")
    assert found.paths == {"builds": paths[:2], "log_files": paths[2:]}
    (today,) = filled.arrival_days("builds")
    assert admit(filled, plan(Action("backfill", (str(today),))), "s1").days == (today,)


def test_links_are_followed_and_refused(filled: Store, watched: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("x")
    (watched / "logs" / "out").symlink_to(tmp_path / "secret")
    for path in (watched / "logs" / "out" / "key", watched / "logs" / "out", watched / "logs" / "absent"):
        with pytest.raises(InputError):
            admit(filled, plan(Action("ingest", (str(path),))), "s1")
    (tmp_path / "shop.log").unlink()
    (tmp_path / "shop.log").symlink_to(tmp_path / "secret" / "key")
    with pytest.raises(InputError, match="is a link"):
        admit(filled, plan(Action("ingest", (str(tmp_path / "shop.log"),))), "s1")


def test_steps_for_people_are_not_run(filled: Store) -> None:
    with pytest.raises(InputError, match="for people and agents"):
        admit(filled, plan(None), "s1")
    with pytest.raises(InputError, match="no step s2"):
        admit(filled, plan(None), "s2")


def test_a_rule_approves_only_what_it_names_and_only_in_the_watched_folder(
    filled: Store, home: Path, watched: Path, tmp_path: Path
) -> None:
    told = plan(
        Action("ingest", (str(watched / "logs" / "app.log"),)),
        Action("ingest", (str(tmp_path / "ci"),)),
        Action("compact"),
    )
    steps = {step: admit(filled, told, step) for step in ("s1", "s2", "s3")}
    rule = Settings(home=home, approved_actions=("ingest",))
    assert [approval(rule, told, s, steps[s], None) is not None for s in steps] == [True, False, False]
    assert [approval(Settings(home=home), told, s, steps[s], None) for s in steps] == [None, None, None]
    assert approval(Settings(home=home), told, "s2", steps["s2"], "ann") == "ann"
