from __future__ import annotations

from pathlib import Path

import pytest

from banana_assets.core.errors import InputError
from banana_assets.interfaces.cli.output import write_text


def test_a_text_goes_to_stdout_or_whole_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not write_text("grün\n", None)
    assert capsys.readouterr().out == "grün\n"
    assert write_text("grün\n", tmp_path / "told.txt")
    assert (tmp_path / "told.txt").read_bytes() == "grün\n".encode()
    assert capsys.readouterr().out == ""


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there\.txt cannot be written: No such file"):
        write_text("x", tmp_path / "nowhere" / "there.txt")
