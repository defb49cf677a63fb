"""The watched folder: a file is taken once, when it has stopped growing, and again when it grew later."""

from __future__ import annotations

from pathlib import Path

from banana_assets.backends.watching import changes


def names(paths: tuple[Path, ...]) -> list[str]:
    return [p.name for p in paths]


def test_a_file_is_taken_at_the_second_look_and_only_once(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_text("a\n")
    first = changes(tmp_path, None)
    second = changes(tmp_path, first.cursor)
    third = changes(tmp_path, second.cursor)
    assert (names(first.settled), names(second.settled), names(third.settled)) == ([], ["app.log"], [])


def test_a_growing_file_waits_and_a_grown_one_comes_again_with_another_key(tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_text("a\n")
    look = changes(tmp_path, None)
    file.write_text("a\nb\n")
    look = changes(tmp_path, look.cursor)
    assert look.settled == ()
    look = changes(tmp_path, look.cursor)
    assert names(look.settled) == ["app.log"]
    key = look.key
    file.write_text("a\nb\nc\n")
    look = changes(tmp_path, changes(tmp_path, look.cursor).cursor)
    assert names(look.settled) == ["app.log"]
    assert look.key != key


def test_a_file_that_went_away_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_text("a\n")
    look = changes(tmp_path, changes(tmp_path, None).cursor)
    file.unlink()
    look = changes(tmp_path, look.cursor)
    file.write_text("a\n")
    look = changes(tmp_path, changes(tmp_path, look.cursor).cursor)
    assert names(look.settled) == ["app.log"]


def test_hidden_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".app.log.swp").write_text("x")
    assert changes(tmp_path, changes(tmp_path, None).cursor).settled == ()
