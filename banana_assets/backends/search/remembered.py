"""Embeddings by the text they are of, so that no text is embedded twice, whatever becomes of the index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from banana_assets.backends.search.derived import open_derived
from banana_assets.backends.sqlite import sqlite_module
from banana_assets.core.errors import StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = "embeddings.sqlite"


class Remembered:
    """A table of vectors by model and text in a file of its own. Any number of processes may use it at once."""

    def __init__(self, folder: Path, model: str, dimensions: int) -> None:
        self._model, self._dimensions = model, dimensions
        self._path = folder / FILE
        self._sqlite = sqlite_module()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = open_derived(self._path)
            self._run(
                "CREATE TABLE IF NOT EXISTS embeddings (key TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )
        except (self._sqlite.Error, OSError) as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def get(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of those texts that are known."""
        keys = {self._key(text): text for text in texts}
        found: dict[str, NDArray[np.float32]] = {}
        listed = orjson.dumps(list(keys)).decode()
        query = "SELECT key, vector FROM embeddings WHERE key IN (SELECT value FROM json_each(?))"
        try:
            for key, vector in self._run(query, (listed,)):
                found[keys[key]] = np.frombuffer(vector, np.float32, self._dimensions)
        except self._sqlite.Error as error:
            raise self._unusable(error) from error
        return found

    def put(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep the vectors of these texts, a row each."""
        rows = [(self._key(text), row.tobytes()) for text, row in zip(texts, vectors, strict=True)]
        try:
            self._run("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR IGNORE INTO embeddings VALUES (?, ?)", rows)
            self._run("COMMIT")
        except self._sqlite.Error as error:
            raise self._unusable(error) from error

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._model}\n{text}".encode()).hexdigest()

    def _run(self, statement: str, values: Sequence[Any] = ()) -> Any:
        return self._connection.execute(statement, values)

    def _unusable(self, error: Exception) -> StoreError:
        return StoreError(
            f"The embeddings in {self._path} cannot be used: {error}.",
            "Free some room or mend its permissions; when it is damaged, delete it: it is only there for speed.",
        )
