"""What all tests share: a home folder of their own, and nothing of this machine's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from banana_assets.backends.settings import load

# A busy machine is slow now and then: no test asserts a time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# As under `banana`: a second thread for small products of matrices only waits, at the full cost of a core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Definitions look at the store when they are imported, before any fixture: it must not be that of who runs the tests.
os.environ["BANANA_HOME"] = str(Path(tempfile.gettempdir()) / "banana-tests-without-a-home")

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public data beside the project; tests that need it are skipped where it is absent."""
    folder = PROJECT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder `shared` with public data is not beside the project")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; no setting of this machine reaches the test."""
    for name in list(os.environ):
        if name.startswith("BANANA_") or name in {"DAGSTER_HOME", "OPENAI_API_KEY", "OLLAMA_URL", "CHROMA_URL"}:
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("BANANA_HOME", str(folder))
    # The settings of a process are read once: those of an earlier test are not this one's.
    load.cache_clear()
    return folder
