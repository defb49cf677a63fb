from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.backends.search import embedding
from banana_assets.backends.search.embedding import DIMENSIONS, MiniLM, NoEmbeddingsError


def cosine(model: MiniLM, a: str, b: str) -> float:
    one, two = model.embed([a, b])
    return float(one @ two)


def test_what_means_the_same_is_near(model: MiniLM) -> None:
    assert cosine(model, "ModuleNotFoundError", "ImportError") > 0.6
    assert cosine(model, "No space left on device", "disk full") > 0.55
    assert cosine(model, "ModuleNotFoundError: No module named 'yaml'", "disk full") < 0.1
    assert cosine(model, "Permission denied", "a sunny afternoon in spring") < 0.2


def test_vectors_have_length_one_and_keep_the_order(model: MiniLM) -> None:
    texts = ["short", "a rather longer text about a build that failed " * 6, "", "again short", "short"]
    vectors = model.embed(texts)
    assert vectors.shape == (5, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], vectors[4], atol=1e-6)
    assert model.embed([]).shape == (0, DIMENSIONS)


def test_reference_vector(model: MiniLM) -> None:
    # The first numbers that sentence-transformers' own pipeline gives for this model and text.
    (vector,) = model.embed(["This is an example sentence"])
    assert np.allclose(vector[:5], [0.0677, 0.0635, 0.0487, 0.0793, 0.0374], atol=2e-4)


def test_padding_changes_nothing(model: MiniLM) -> None:
    alone = model.embed(["error: cannot find symbol"])
    beside = model.embed(["error: cannot find symbol", "borrow of moved value: `tiers` " * 4])
    assert np.allclose(alone[0], beside[0], atol=1e-5)


def test_text_past_256_tokens_does_not_count(model: MiniLM) -> None:
    start = "word " * 300
    one, two = model.embed([start, start + "something else entirely"])
    assert np.allclose(one, two, atol=1e-6)


@settings(max_examples=5)
@given(st.lists(st.text(max_size=30), max_size=3))
def test_any_text_can_be_embedded(model: MiniLM, texts: list[str]) -> None:
    vectors = model.embed(texts)
    assert vectors.shape == (len(texts), DIMENSIONS)
    assert np.isfinite(vectors).all()


def test_gelu_is_the_real_one() -> None:
    from scipy.special import erf

    x = np.linspace(-8, 8, 4001, dtype=np.float32).reshape(-1, 1)
    wanted = x * 0.5 * (1 + erf(x.astype(np.float64) / np.sqrt(2)))
    assert np.abs(embedding._gelu(x.copy()) - wanted).max() < 2e-6


def test_a_damaged_copy_of_the_weights_is_made_again(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / f"{embedding.MODEL}.safetensors"
    copy.write_bytes(b"cut short")
    assert np.allclose(MiniLM(tmp_path).embed(["x"]), MiniLM(weights).embed(["x"]), atol=1e-6)
    assert copy.stat().st_size > 90_000_000


def test_weights_that_differ_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("model.safetensors", b"other weights")
    monkeypatch.setattr(embedding, "_archive", lambda: archive)
    with pytest.raises(NoEmbeddingsError, match=r"not the model\.safetensors of"):
        MiniLM()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "PACKAGE", "no-such-package")
    with pytest.raises(NoEmbeddingsError, match="no-such-package is not installed"):
        embedding.check_installed()
