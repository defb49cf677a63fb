"""MiniLM as an embedding function that Chroma knows by name; importing this imports chromadb."""

from __future__ import annotations

from typing import Any, cast

from chromadb import Documents, EmbeddingFunction, Embeddings
from chromadb.api.types import Space
from chromadb.utils.embedding_functions import register_embedding_function

from banana_assets.backends.search.embedding import MiniLM


@register_embedding_function
class MiniLMFunction(EmbeddingFunction[Documents]):
    """Embeds without the network. The weights are read when they are first needed."""

    def __init__(self, model: MiniLM | None = None) -> None:
        self._model = model

    def __call__(self, input: Documents) -> Embeddings:  # noqa: A002 (Chroma's name for it)
        """The vector of each text."""
        if self._model is None:
            self._model = MiniLM()
        return cast("Embeddings", list(self._model.embed(input)))

    @staticmethod
    def name() -> str:
        """What a collection remembers of it."""
        return "banana_minilm"

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> EmbeddingFunction[Documents]:
        """The function of a stored collection."""
        return MiniLMFunction()

    def get_config(self) -> dict[str, Any]:
        """Nothing can be chosen."""
        return {}

    def default_space(self) -> Space:
        """Vectors have length one; their cosine is compared."""
        return "cosine"
