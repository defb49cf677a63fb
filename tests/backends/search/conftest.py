"""Searches to test on, in a home of their own; vectors need the weights, which are in a package that may be missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from banana_assets.backends.search.embedding import DIMENSIONS, MODEL, MiniLM, NoEmbeddingsError
from banana_assets.backends.search.remembered import FILE, Remembered
from banana_assets.backends.settings import Settings, load_from
from banana_assets.core.search.words import essence
from tests.core.search.samples import QUESTIONS, documents
from tests.needs import missing


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked weights."""
    folder = tmp_path_factory.mktemp("weights")
    try:
        MiniLM(folder)
    except NoEmbeddingsError as error:
        missing(str(error))
    return folder


@pytest.fixture(scope="session")
def model(weights: Path) -> MiniLM:
    return MiniLM(weights)


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_from(home)


@pytest.fixture(scope="session")
def remembered(model: MiniLM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the embeddings of the samples and of the questions asked of them."""
    folder = tmp_path_factory.mktemp("remembered")
    memory = Remembered(folder, MODEL, DIMENSIONS)
    texts = [*(essence(text) or text for text in QUESTIONS), *(d.essence for d in documents())]
    memory.put(texts, model.embed(texts))
    memory.close()
    return folder


@pytest.fixture
def unpacked(settings: Settings, weights: Path) -> Settings:
    """Settings of a home into which the weights are unpacked already."""
    folder = settings.home / "search"
    folder.mkdir(parents=True)
    for file in weights.iterdir():
        (folder / file.name).hardlink_to(file)
    return settings


@pytest.fixture
def with_weights(unpacked: Settings, remembered: Path) -> Settings:
    """The same with embeddings of the samples, so that few tests have to load the weights."""
    shutil.copy(remembered / FILE, unpacked.home / "search" / FILE)
    return unpacked
