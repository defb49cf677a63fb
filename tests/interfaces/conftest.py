"""Commands as people type them, run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from banana_assets.backends.settings import load
from banana_assets.interfaces.cli.main import main
from tests.commands import Run


@pytest.fixture
def banana(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``banana`` on the test's home: its exit status, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        load.cache_clear()
        with pytest.raises(SystemExit) as left:
            main(list(words))
        out, err = capsys.readouterr()
        return int(str(left.value.code)), out, err

    return run
